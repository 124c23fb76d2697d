"""What somebody else was quicker at, or time: no store in memory is slow enough for it to happen by chance."""

from datetime import datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.memory.api_keys import MemoryApiKeys
from leadnator_auth.adapters.memory.event_deliveries import MemoryEventDeliveries
from leadnator_auth.adapters.memory.subscriptions import MemorySubscriptions
from leadnator_auth.domain import (
    EmailVerification,
    Identity,
    InvalidEmailTokenError,
    change_email,
    confirm_email,
    create_api_key,
    deliver_due_mails,
    dispatch_events,
    resend_verification,
    revoke_api_key,
    undo_email_change,
    verify_email,
)
from leadnator_auth.domain.use_cases.event_delivery import attempt_event, keep_attempts, take_events
from tests.unit.test_dispatch_events import happen
from tests.unit.test_event_delivery import Receiver, deliver, receiver  # noqa: F401 (a fixture)


@attrs.define
class JumpingClock:
    """Tells one time so often, and another from then on."""

    first: datetime
    so_often: int
    then: datetime

    def now(self) -> datetime:
        self.so_often -= 1
        return self.first if self.so_often >= 0 else self.then


def jumping(memory: MemoryPorts, so_often: int) -> MemoryPorts:
    now = memory.clock.now()
    return attrs.evolve(memory, clock=JumpingClock(now, so_often, now + timedelta(days=30)))  # type: ignore[arg-type]  # it only tells the time


async def test_a_link_that_expires_while_it_is_used_proves_nothing(memory: MemoryPorts, identity: Identity) -> None:
    memory = attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_verification=EmailVerification.ON))
    await resend_verification(identity, ports=memory)
    await deliver_due_mails(ports=memory)
    secret = memory.mailer.verification_links[0].secret
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(secret, ports=jumping(memory, 1))


async def test_nor_does_it_move_an_account_or_take_it_back(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    confirmation = memory.mailer.confirmation_links[0].secret
    with pytest.raises(InvalidEmailTokenError):
        await confirm_email(confirmation, ports=jumping(memory, 1))
    await confirm_email(confirmation, ports=memory)
    await deliver_due_mails(ports=memory)
    with pytest.raises(InvalidEmailTokenError):
        await undo_email_change(memory.mailer.undo_links[0].secret, ports=jumping(memory, 1))


async def test_a_key_that_is_revoked_meanwhile_is_told_once(
    memory: MemoryPorts, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await create_api_key(identity, "CI", ports=memory)).key
    before = len(memory.unit_of_work.tables.events)

    async def gone(keys: MemoryApiKeys, key_id: str) -> bool:
        return False

    monkeypatch.setattr(MemoryApiKeys, "remove", gone)
    await revoke_api_key(identity, key.id, ports=memory)
    assert len(memory.unit_of_work.tables.events) == before


@pytest.mark.parametrize(
    ("store", "method", "answer"),
    [
        (MemorySubscriptions, "probe", False),
        (MemoryEventDeliveries, "lease_one_of", None),
    ],
)
async def test_what_another_process_finds_out_is_not_asked_twice(
    memory: MemoryPorts,
    receiver: Receiver,  # noqa: F811 (the fixture)
    monkeypatch: pytest.MonkeyPatch,
    store: type,
    method: str,
    answer: object,
) -> None:
    receiver.status = 503
    await happen(memory, 2)
    await deliver(memory)
    memory.clock.advance(hours=1)

    async def lost(*_: object) -> object:
        return answer

    monkeypatch.setattr(store, method, lost)
    assert (await deliver(memory)).total == 0


async def test_a_failure_of_a_receiver_that_was_removed_meanwhile_pauses_nobody(
    memory: MemoryPorts,
    receiver: Receiver,  # noqa: F811 (the fixture)
) -> None:
    receiver.status = 503
    await happen(memory, 1)
    await dispatch_events(ports=memory)
    taken, _ = await take_events(limit=5, ports=memory)
    attempts = [await attempt_event(each, ports=memory) for each in taken]
    del memory.unit_of_work.tables.subscriptions[taken[0].subscription.id]
    await keep_attempts(attempts, ports=memory)
    assert memory.unit_of_work.tables.subscriptions == {}
