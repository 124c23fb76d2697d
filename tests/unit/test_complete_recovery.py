"""What somebody may have added to an account, and what of it a recovery drops."""

from datetime import datetime, timedelta

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Identity,
    Ports,
    SignedIn,
    User,
    change_email,
    change_password,
    change_user,
    confirm_email,
    deliver_due_mails,
    request_password_reset,
    reset_password,
    undo_email_change,
)
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.use_cases.steps import complete_recovery

Dropped = list[datetime | None]


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> Dropped:
    """Since when a capability was told to drop what was added."""
    seen: Dropped = []

    async def drop(
        user: User, added_since: datetime | None, transaction: Transaction, ports: Ports, *, actor: str | None
    ) -> User:
        assert await transaction.users.by_id(user.id) is not None
        seen.append(added_since)
        return user

    monkeypatch.setattr(complete_recovery, "PARTS", (drop,))
    return seen


async def reset(memory: MemoryPorts) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)


@pytest.mark.parametrize("is_verified", [True, False])
async def test_an_undo_drops_what_came_since_the_change(
    memory: MemoryPorts, identity: Identity, dropped: Dropped, is_verified: bool
) -> None:
    await change_user(Actor.operator(), identity.user.id, {"email_verified": is_verified}, ports=memory)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    memory.clock.advance(hours=2)
    changed_at = memory.clock.now()
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    memory.clock.advance(days=6)
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    assert dropped == [changed_at]


@pytest.mark.parametrize("is_verified", [True, False])
async def test_the_reset_after_an_undo_drops_all_that_was_added_where_nobody_had_verified_the_old_address(
    memory: MemoryPorts, identity: Identity, dropped: Dropped, is_verified: bool
) -> None:
    await change_user(Actor.operator(), identity.user.id, {"email_verified": is_verified}, ports=memory)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)
    assert dropped[1:] == [memory.clock.now() - timedelta(days=7) if is_verified else None]


async def test_a_reset_drops_all_that_was_added_to_an_account_that_nobody_verified(
    memory: MemoryPorts, alice: SignedIn, dropped: Dropped
) -> None:
    await reset(memory)
    assert dropped == [None]


async def test_a_reset_drops_what_was_added_lately_to_a_verified_one(
    memory: MemoryPorts, alice: SignedIn, dropped: Dropped
) -> None:
    await change_user(Actor.operator(), alice.user.id, {"email_verified": True}, ports=memory)
    await reset(memory)
    assert dropped == [memory.clock.now() - timedelta(days=7)]


async def test_a_change_of_password_drops_nothing(memory: MemoryPorts, identity: Identity, dropped: Dropped) -> None:
    await change_password(identity, "secret", "new-secret", ports=memory)
    assert dropped == []
