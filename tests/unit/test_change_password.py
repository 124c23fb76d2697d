"""Changing a known password, in memory."""

import asyncio
from datetime import datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.domain import (
    Client,
    Identity,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidResetTokenError,
    InvalidTokenError,
    MissingFieldsError,
    Password,
    SignedIn,
    UnavailableError,
    change_password,
    deliver_due_mails,
    identify,
    log_in,
    log_out,
    request_password_reset,
    reset_password,
    sign_up,
)


async def test_the_new_password_works_and_the_old_one_does_not(memory: MemoryPorts, identity: Identity) -> None:
    await change_password(identity, "secret", "new-secret", ports=memory)
    await log_in("alice@example.com", "new-secret", ports=memory)
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=memory)


async def test_other_sessions_end_and_this_one_goes_on(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    other = await log_in("alice@example.com", "secret", ports=memory)
    await change_password(identity, "secret", "new-secret", ports=memory)
    assert (await identify(alice.token, ports=memory)).session.id == alice.session.id
    with pytest.raises(InvalidTokenError):
        await identify(other.token, ports=memory)


async def test_links_end_and_a_notice_is_mailed(memory: MemoryPorts, identity: Identity) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await change_password(identity, "secret", "new-secret", ports=memory)
    with pytest.raises(InvalidResetTokenError):
        await reset_password(memory.mailer.reset_links[0].secret, "third-secret", ports=memory)
    await deliver_due_mails(ports=memory)
    assert [notice.to for notice in memory.mailer.notices] == [identity.user.email]


async def test_a_wrong_current_password_changes_nothing_and_costs_one_verification(
    memory: MemoryPorts, identity: Identity
) -> None:
    memory.hasher.hashed = 0
    with pytest.raises(InvalidCredentialsError):
        await change_password(identity, "wrong", "new-secret", ports=memory)
    assert (memory.hasher.verified, memory.hasher.hashed) == (1, 0)
    await log_in("alice@example.com", "secret", ports=memory)


async def test_an_account_without_credentials_cannot_change_them(memory: MemoryPorts, identity: Identity) -> None:
    memory.unit_of_work.tables.credentials.clear()
    with pytest.raises(InvalidCredentialsError):
        await change_password(identity, "secret", "new-secret", ports=memory)


async def test_fields_are_checked_first_and_all_at_once(memory: MemoryPorts, identity: Identity) -> None:
    with pytest.raises(InvalidFieldsError) as invalid:
        await change_password(identity, 5, "short", ports=memory)
    assert [(error.field, error.code) for error in invalid.value.errors] == [
        ("current_password", "wrong_type"),
        ("password", "too_short"),
    ]
    with pytest.raises(MissingFieldsError):
        await change_password(identity, None, "", ports=memory)
    assert memory.hasher.verified == 0


async def test_of_ten_changes_at_once_one_is_made(memory: MemoryPorts, identity: Identity) -> None:
    attempts = (change_password(identity, "secret", f"new-secret-{n}", ports=memory) for n in range(10))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, InvalidCredentialsError) for outcome in outcomes) == 9
    await log_in("alice@example.com", f"new-secret-{outcomes.index(None)}", ports=memory)


async def test_a_log_out_during_the_change_stops_it(memory: MemoryPorts, identity: Identity) -> None:
    class SlowHasher(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            await log_out(identity, ports=memory)
            return await super().hash(password, client)

    with pytest.raises(InvalidTokenError):
        await change_password(identity, "secret", "new-secret", ports=attrs.evolve(memory, hasher=SlowHasher()))
    await log_in("alice@example.com", "secret", ports=memory)


async def test_a_deletion_during_the_change_stops_it(memory: MemoryPorts, identity: Identity) -> None:
    class SlowHasher(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            memory.unit_of_work.tables.credentials.clear()
            return await super().hash(password, client)

    with pytest.raises(InvalidCredentialsError):
        await change_password(identity, "secret", "new-secret", ports=attrs.evolve(memory, hasher=SlowHasher()))


async def test_who_changes_a_password_again_and_again_floods_nobody(memory: MemoryPorts, identity: Identity) -> None:
    """Anybody may sign up with the address of a bystander, who is told of changes five times an hour at most."""
    times: list[datetime] = []
    for number in range(48):
        old, new = (f"secret-{number - 1}" if number else "secret"), f"secret-{number}"
        await change_password(identity, old, new, ports=memory)
        sent = (await deliver_due_mails(ports=memory)).sent
        times += [memory.clock.now()] * sent
        memory.clock.advance(minutes=5)
    await log_in("alice@example.com", "secret-47", ports=memory)
    assert len(times) >= 15, "the owner goes on being told"
    for first, sixth in zip(times, times[5:], strict=False):
        assert sixth - first >= timedelta(hours=1)


async def test_notices_that_wait_count_and_those_of_a_reset_too(memory: MemoryPorts, identity: Identity) -> None:
    memory.mailer.failure = UnavailableError("away")
    for number in range(4):
        old, new = (f"secret-{number - 1}" if number else "secret"), f"secret-{number}"
        await change_password(identity, old, new, ports=memory)
        await deliver_due_mails(ports=memory)
    memory.mailer.failure = None
    for number in range(3):
        await request_password_reset("alice@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
        await reset_password(memory.mailer.reset_links[-1].secret, f"reset-{number}", ports=memory)
    await log_in("alice@example.com", "reset-2", ports=memory)
    memory.clock.advance(minutes=1)
    await deliver_due_mails(ports=memory)
    assert len(memory.mailer.notices) == 5


async def test_the_fill_of_notices_of_one_account_is_not_anothers(memory: MemoryPorts, identity: Identity) -> None:
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, notices=1))
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=ports)
    for number in range(3):
        await change_password(identity, f"secret{'+' * number}", f"secret{'+' * (number + 1)}", ports=ports)
    await change_password(Identity(bob.user, bob.session), "secret", "new-secret", ports=ports)
    await deliver_due_mails(ports=ports)
    assert {notice.to for notice in memory.mailer.notices} == {identity.user.email, bob.user.email}
    assert len(memory.mailer.notices) == 2
