"""Stepping up, and asking for it, in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.domain import (
    AuthenticationMethod,
    Client,
    Identity,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidTokenError,
    MissingFieldsError,
    Password,
    Policy,
    Proof,
    Session,
    SignedIn,
    StepUpRequiredError,
    TooManyRequestsError,
    User,
    change_password,
    identify,
    log_in,
    log_out,
    request_password_reset,
    run_in_transaction,
    step_up,
)
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.use_cases.steps.open_session import Entry, admitted, open_session
from leadnator_auth.domain.use_cases.steps.require_step_up import require_step_up

TTL = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
HOME = Client("198.51.100.7")


async def required(identity: Identity, memory: MemoryPorts) -> User:
    async with memory.unit_of_work.snapshot() as repositories:
        return await require_step_up(identity, repositories, memory)


async def session_of(identity: Identity, memory: MemoryPorts) -> Session:
    return memory.unit_of_work.tables.sessions[identity.session.id]


async def test_a_sign_up_and_a_log_in_say_when_and_how(memory: MemoryPorts, alice: SignedIn) -> None:
    signed_up_at = memory.clock.now()
    memory.clock.instant += timedelta(hours=1)
    again = await log_in("alice@example.com", "secret", ports=memory)
    for signed_in, at in ((alice, signed_up_at), (again, memory.clock.now())):
        found = await identify(signed_in.token, ports=memory)
        assert (found.session.authenticated_at, found.session.amr) == (at, (AuthenticationMethod.PASSWORD,))
        assert found.session == signed_in.session
    assert [method.value for method in again.session.amr] == ["pwd"], "the name that RFC 8176 has"


async def test_a_log_in_counts_for_as_long_as_the_policy_says(memory: MemoryPorts, identity: Identity) -> None:
    memory.clock.instant += TTL - SECOND
    assert (await required(identity, memory)).id == identity.user.id
    memory.clock.instant += SECOND
    with pytest.raises(StepUpRequiredError) as refused:
        await required(identity, memory)
    assert (refused.value.max_age, refused.value.code) == (600, "step_up_required")
    assert str(refused.value) == StepUpRequiredError.message


async def test_it_counts_from_the_step_up_on_and_for_this_session_alone(
    memory: MemoryPorts, identity: Identity
) -> None:
    signed_in = await log_in("alice@example.com", "secret", ports=memory)
    memory.clock.instant += TTL
    expires_at = await step_up(identity, "secret", ports=memory)
    assert expires_at == memory.clock.now() + TTL
    assert (await session_of(identity, memory)).authenticated_at == memory.clock.now()
    assert (await session_of(identity, memory)).expires_at == identity.session.expires_at, "it lives no longer for it"
    memory.clock.instant = expires_at - SECOND
    await required(identity, memory)
    with pytest.raises(StepUpRequiredError):
        await required(Identity(signed_in.user, signed_in.session), memory)
    memory.clock.instant = expires_at
    with pytest.raises(StepUpRequiredError):
        await required(identity, memory)


async def test_it_is_over_with_its_session(memory: MemoryPorts, identity: Identity) -> None:
    memory.clock.instant = identity.session.expires_at - timedelta(minutes=1)
    assert await step_up(identity, "secret", ports=memory) == identity.session.expires_at
    await log_out(identity, ports=memory)
    with pytest.raises(InvalidTokenError):
        await required(identity, memory)
    with pytest.raises(InvalidTokenError):
        await step_up(identity, "secret", ports=memory)


async def test_the_period_is_the_policys(memory: MemoryPorts, identity: Identity) -> None:
    ports = attrs.evolve(memory, policy=Policy(step_up_lifetime=timedelta(seconds=1)))
    memory.clock.instant += SECOND
    with pytest.raises(StepUpRequiredError) as refused:
        await required(identity, ports)
    assert refused.value.max_age == 1
    assert await step_up(identity, "secret", ports=ports) == memory.clock.now() + SECOND


async def test_what_the_caller_remembers_of_the_session_does_not_matter(
    memory: MemoryPorts, identity: Identity
) -> None:
    """An embedder may hold an identity for long, and nothing in it proves anything."""
    memory.clock.instant += TTL
    held = attrs.evolve(identity, session=attrs.evolve(identity.session, authenticated_at=memory.clock.now()))
    with pytest.raises(StepUpRequiredError):
        await required(held, memory)
    await step_up(identity, "secret", ports=memory)
    await required(identity, memory)


async def test_a_clock_that_was_turned_back_makes_no_proof_last(memory: MemoryPorts, identity: Identity) -> None:
    memory.clock.instant -= timedelta(seconds=60)
    await required(identity, memory)
    memory.clock.instant -= SECOND
    with pytest.raises(StepUpRequiredError):
        await required(identity, memory)


@pytest.mark.parametrize("wrong", ["wrong", "Secret", " secret", "x" * 1024])
async def test_a_wrong_password_changes_nothing_and_costs_one_verification(
    memory: MemoryPorts, identity: Identity, wrong: str
) -> None:
    memory.clock.instant += TTL
    with pytest.raises(InvalidCredentialsError):
        await step_up(identity, wrong, ports=memory)
    assert (memory.hasher.verified, memory.hasher.hashed) == (1, 1), "one hash was made at the sign-up"
    with pytest.raises(StepUpRequiredError):
        await required(identity, memory)


async def test_an_account_without_a_password_costs_the_same(memory: MemoryPorts, identity: Identity) -> None:
    memory.unit_of_work.tables.credentials.clear()
    with pytest.raises(InvalidCredentialsError):
        await step_up(identity, "secret", ports=memory)
    assert memory.hasher.verified == 1


async def test_fields_are_checked_before_anything_is_counted(memory: MemoryPorts, identity: Identity) -> None:
    for missing in (None, ""):
        with pytest.raises(MissingFieldsError):
            await step_up(identity, missing, ports=memory)
    for wrong in (5, True, ["secret"], {"a": 1}, "a\0b", "\ud800"):
        with pytest.raises(InvalidFieldsError):
            await step_up(identity, wrong, ports=memory)
    assert (memory.hasher.verified, memory.rate_limits.empty_at) == (0, {})


async def test_guesses_count_like_wrong_log_ins(memory: MemoryPorts, identity: Identity) -> None:
    for _ in range(5):
        with pytest.raises(InvalidCredentialsError):
            await log_in("alice@example.com", "wrong", HOME, ports=memory)
        with pytest.raises(InvalidCredentialsError):
            await step_up(identity, "wrong", HOME, ports=memory)
    with pytest.raises(TooManyRequestsError):
        await step_up(identity, "secret", HOME, ports=memory)
    with pytest.raises(TooManyRequestsError):
        await log_in("alice@example.com", "secret", HOME, ports=memory)
    assert memory.hasher.verified == 10


async def test_of_guesses_made_at_once_no_more_are_looked_at(memory: MemoryPorts, identity: Identity) -> None:
    guesses = (step_up(identity, f"guess-{number}", HOME, ports=memory) for number in range(30))
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, InvalidCredentialsError) for outcome in outcomes) == 10 == memory.hasher.verified
    assert sum(isinstance(outcome, TooManyRequestsError) for outcome in outcomes) == 20


async def test_who_steps_up_again_and_again_is_never_locked_out(memory: MemoryPorts, identity: Identity) -> None:
    for _ in range(100):
        assert await step_up(identity, "secret", HOME, ports=memory)


async def test_the_old_password_proves_nothing_after_a_change(memory: MemoryPorts, identity: Identity) -> None:
    other = await log_in("alice@example.com", "secret", ports=memory)

    class SlowHasher(CheapHasher):
        async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
            is_right = await super().verify(password, password_hash, client)
            await change_password(identity, "secret", "new-secret", ports=memory)
            return is_right

    memory.clock.instant += TTL
    with pytest.raises(InvalidCredentialsError):
        await step_up(identity, "secret", ports=attrs.evolve(memory, hasher=SlowHasher()))
    with pytest.raises(StepUpRequiredError):
        await required(identity, memory)
    with pytest.raises(InvalidTokenError):
        await step_up(Identity(other.user, other.session), "new-secret", ports=memory)


async def test_a_log_out_meanwhile_stops_it(memory: MemoryPorts, identity: Identity) -> None:
    class SlowHasher(CheapHasher):
        async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
            await log_out(identity, ports=memory)
            return await super().verify(password, password_hash, client)

    with pytest.raises(InvalidTokenError):
        await step_up(identity, "secret", ports=attrs.evolve(memory, hasher=SlowHasher()))


WAYS_ON: list[Callable[[Identity, MemoryPorts], Awaitable[object]]] = [
    lambda identity, ports: change_password(identity, "secret", "new-secret", ports=ports),
    lambda identity, ports: request_password_reset("alice@example.com", ports=ports),
]


@pytest.mark.parametrize("way", WAYS_ON)
async def test_nothing_else_counts_as_a_proof(
    memory: MemoryPorts, identity: Identity, way: Callable[[Identity, MemoryPorts], Awaitable[object]]
) -> None:
    memory.clock.instant += TTL
    before = await session_of(identity, memory)
    await way(identity, memory)
    after = await session_of(identity, memory)
    assert (after.authenticated_at, after.amr) == (before.authenticated_at, before.amr)
    with pytest.raises(StepUpRequiredError):
        await required(identity, memory)


async def test_a_session_carries_the_proof_that_its_way_in_handed_over(memory: MemoryPorts, alice: SignedIn) -> None:
    proof = Proof(memory.clock.now() - timedelta(minutes=3), ())

    async def enter(transaction: Transaction) -> Entry:
        user = await transaction.users.by_id(alice.user.id)
        assert user is not None
        return await open_session(user, proof, HOME, transaction, memory)

    session = admitted(await run_in_transaction(memory.unit_of_work, enter)).session
    assert (session.authenticated_at, session.amr) == (proof.authenticated_at, proof.amr)
    assert session.created_at == memory.clock.now()
