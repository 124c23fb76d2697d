"""Logging in, in memory."""

import asyncio
import unicodedata
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.domain import (
    AccountSuspendedError,
    Client,
    InvalidCredentialsError,
    InvalidFieldsError,
    MissingFieldsError,
    OverloadedError,
    Password,
    SignedIn,
    Status,
    UnavailableError,
    deliver_due_mails,
    identify,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    signed_in = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    memory.hasher.hashed = memory.hasher.verified = 0
    return signed_in


async def suspend(memory: MemoryPorts, alice: SignedIn) -> None:
    async with memory.unit_of_work() as transaction:
        await transaction.users.save(attrs.evolve(alice.user, status=Status.SUSPENDED))
        await transaction.commit()


async def test_the_right_password_opens_a_session_of_its_own(memory: MemoryPorts, alice: SignedIn) -> None:
    again = await log_in("ALICE@example.com ", "secret", Client(ip="192.0.2.9"), ports=memory)
    assert again.user == alice.user
    assert again.session.id != alice.session.id
    assert again.token != alice.token
    for signed_in in (alice, again):
        assert (await identify(signed_in.token, ports=memory)).session == signed_in.session


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice@example.com", "Secret"),
        ("alice@example.com", "secret "),
        ("alice@example.com", "x"),
        ("alice@example.com", "x" * 50_000),
        ("nobody@example.com", "secret"),
    ],
)
async def test_any_failure_says_the_same_and_costs_one_verification(
    memory: MemoryPorts, alice: SignedIn, email: str, password: str
) -> None:
    with pytest.raises(InvalidCredentialsError) as refused:
        await log_in(email, password, ports=memory)
    assert str(refused.value) == InvalidCredentialsError.message, "whichever of the two is wrong"
    assert (memory.hasher.verified, memory.hasher.hashed) == (1, 0)


def test_a_text_too_long_for_any_password_is_not_normalised() -> None:
    """Ordering tens of thousands of combining marks takes seconds, in which nobody else is served."""
    longest = "\u1f82" * 341
    decomposed = unicodedata.normalize("NFD", longest)
    assert len(longest.encode()) == 1023
    assert len(decomposed.encode()) > 2 * 1024
    assert Password.typed(decomposed) == Password.typed(longest)
    too_long = "a" + "\u0345\u0316" * 1100
    assert Password.typed(too_long).text == too_long


async def test_a_log_in_costs_one_verification(memory: MemoryPorts, alice: SignedIn) -> None:
    await log_in("alice@example.com", "secret", ports=memory)
    assert (memory.hasher.verified, memory.hasher.hashed) == (1, 0)


async def test_bad_fields_are_refused_without_a_hash(memory: MemoryPorts) -> None:
    with pytest.raises(MissingFieldsError):
        await log_in(None, None, ports=memory)
    with pytest.raises(InvalidFieldsError):
        await log_in("alice", "secret", ports=memory)
    with pytest.raises(InvalidFieldsError):
        await log_in("alice@example.com", "sec\0ret", ports=memory)
    assert memory.hasher.verified == 0


async def test_a_suspension_is_told_only_to_who_knows_the_password(memory: MemoryPorts, alice: SignedIn) -> None:
    await suspend(memory, alice)
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "wrong!", ports=memory)
    with pytest.raises(AccountSuspendedError):
        await log_in("alice@example.com", "secret", ports=memory)


async def test_an_account_without_credentials_opens_to_nobody(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.unit_of_work.tables.credentials.clear()
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=memory)
    assert memory.hasher.verified == 1


async def test_a_weaker_hash_is_upgraded_by_the_next_log_in(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.hasher.strength = 2
    await log_in("alice@example.com", "secret", ports=memory)
    assert memory.hasher.hashed == 1
    await log_in("alice@example.com", "secret", ports=memory)
    assert memory.hasher.hashed == 1
    kept = memory.unit_of_work.tables.credentials[alice.user.id]
    assert kept.password_hash.startswith("cheap$2$")
    assert kept.version == 1


async def test_a_stronger_hash_is_not_replaced_by_a_log_in(memory: MemoryPorts) -> None:
    memory.hasher.strength = 2
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    memory.hasher.strength = 1
    assert await log_in("alice@example.com", "secret", ports=memory)
    assert memory.unit_of_work.tables.credentials[alice.user.id].password_hash.startswith("cheap$2$")


async def test_two_log_ins_that_upgrade_at_once_both_succeed(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.hasher.strength = 2
    attempts = (log_in("alice@example.com", "secret", ports=memory) for _ in range(2))
    for signed_in in await asyncio.gather(*attempts):
        assert await identify(signed_in.token, ports=memory)


@pytest.mark.parametrize("failure", [OverloadedError, UnavailableError])
async def test_an_upgrade_that_fails_does_not_fail_the_log_in(
    memory: MemoryPorts, alice: SignedIn, failure: type[Exception]
) -> None:
    class Failing(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            raise failure

    ports = attrs.evolve(memory, hasher=Failing(strength=2))
    assert await log_in("alice@example.com", "secret", ports=ports)


class _SlowHasher(CheapHasher):
    """Something happens while a password is verified."""

    meanwhile: Any = None

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        is_right = await super().verify(password, password_hash, client)
        await self.meanwhile()
        return is_right


async def test_a_reset_during_the_log_in_leaves_the_old_password_without_a_session(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    async def reset() -> None:
        await request_password_reset("alice@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
        await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)

    hasher = _SlowHasher()
    hasher.meanwhile = reset
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, hasher=hasher))
    assert memory.unit_of_work.tables.sessions == {}


async def test_a_deletion_during_the_log_in_leaves_no_session(memory: MemoryPorts, alice: SignedIn) -> None:
    async def delete() -> None:
        memory.unit_of_work.tables.users.clear()

    hasher = _SlowHasher()
    hasher.meanwhile = delete
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, hasher=hasher))


async def test_losing_the_credentials_during_the_log_in_leaves_no_session(memory: MemoryPorts, alice: SignedIn) -> None:
    async def lose() -> None:
        memory.unit_of_work.tables.credentials.clear()

    hasher = _SlowHasher()
    hasher.meanwhile = lose
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, hasher=hasher))


async def test_a_stronger_hash_that_came_in_between_is_not_weakened(memory: MemoryPorts, alice: SignedIn) -> None:
    strongest = await CheapHasher(strength=3).hash(Password("secret"))

    async def upgrade_elsewhere() -> None:
        credentials = memory.unit_of_work.tables.credentials
        credentials[alice.user.id] = attrs.evolve(credentials[alice.user.id], password_hash=strongest)

    hasher = _SlowHasher(strength=2)
    hasher.meanwhile = upgrade_elsewhere
    assert await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, hasher=hasher))
    assert memory.unit_of_work.tables.credentials[alice.user.id].password_hash == strongest
