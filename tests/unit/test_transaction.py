"""Units of work that got in each other's way run again: from their beginning, a few times, and nothing else does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryRateLimits, MemoryUnitOfWork
from leadnator_auth.domain import (
    Charge,
    ConcurrencyError,
    EmailTakenError,
    SignedIn,
    UnavailableError,
    deliver_due_mails,
    log_in,
    request_password_reset,
    reset_password,
    run_in_transaction,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import MAX_ATTEMPTS
from leadnator_auth.testing.contract.samples import a_user


@attrs.define
class Crowded:
    """Units of work of which the first ones are undone, at their commit or as soon as they begin."""

    inner: MemoryUnitOfWork
    collisions: int
    at_commit: bool = True
    begun: int = 0

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction()

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        return self.inner.snapshot()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        self.begun += 1
        collides = self.begun <= self.collisions
        if collides and not self.at_commit:
            raise ConcurrencyError("deadlock")
        async with self.inner() as transaction:
            if not collides:
                yield transaction
                return
            transaction.commit = _collide  # type: ignore[method-assign]
            yield transaction


async def _collide() -> None:
    raise ConcurrencyError("could not serialize access")


def crowded(memory: MemoryPorts, collisions: int, *, at_commit: bool = True) -> Crowded:
    return Crowded(memory.unit_of_work, collisions, at_commit)


async def add_alice(transaction: Transaction) -> str:
    await transaction.users.add([a_user("alice")])
    return "added"


@pytest.mark.parametrize("at_commit", [True, False])
@pytest.mark.parametrize("collisions", range(MAX_ATTEMPTS))
async def test_it_runs_again_until_it_is_kept(memory: MemoryPorts, collisions: int, at_commit: bool) -> None:
    unit_of_work = crowded(memory, collisions, at_commit=at_commit)
    assert await run_in_transaction(unit_of_work, add_alice) == "added"
    assert unit_of_work.begun == collisions + 1
    assert list(memory.unit_of_work.tables.users) == ["u_alice"]


async def test_it_does_not_run_for_ever(memory: MemoryPorts) -> None:
    unit_of_work = crowded(memory, 1000)
    with pytest.raises(UnavailableError):
        await run_in_transaction(unit_of_work, add_alice)
    assert unit_of_work.begun == MAX_ATTEMPTS
    assert 2 <= MAX_ATTEMPTS <= 10
    assert memory.unit_of_work.tables.users == {}


@pytest.mark.parametrize("error", [UnavailableError("away"), EmailTakenError(), RuntimeError("a bug")])
async def test_what_else_goes_wrong_is_told_at_once_and_keeps_nothing(memory: MemoryPorts, error: Exception) -> None:
    async def work(transaction: Transaction) -> None:
        await add_alice(transaction)
        raise error

    unit_of_work = crowded(memory, 0)
    with pytest.raises(type(error)):
        await run_in_transaction(unit_of_work, work)
    assert unit_of_work.begun == 1
    assert memory.unit_of_work.tables.users == {}


class FailsAtClose(MemoryUnitOfWork):
    """Keeps what was committed, and then fails: as a connection that is lost in just that moment."""

    error: Exception = UnavailableError("the connection was lost")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            yield transaction
        raise self.error


@pytest.mark.parametrize("error", [UnavailableError("lost"), ConcurrencyError("in favour of another")])
async def test_what_is_kept_is_told_whatever_follows(error: Exception) -> None:
    unit_of_work = FailsAtClose()
    unit_of_work.error = error
    assert await run_in_transaction(unit_of_work, add_alice) == "added"
    assert list(unit_of_work.tables.users) == ["u_alice"]


class AwayAfterwards(MemoryRateLimits):
    """Counters that count, and then cannot be reached to take anything back."""

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None:
        raise UnavailableError("away")


async def test_a_reset_that_is_kept_is_told_though_no_count_can_be_taken_back(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    secret = memory.mailer.reset_links[0].secret
    await reset_password(secret, "new-secret", ports=attrs.evolve(memory, rate_limits=AwayAfterwards()))
    assert await log_in("alice@example.com", "new-secret", ports=memory)


async def test_use_cases_succeed_after_a_collision_without_hashing_again(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.hasher.verified = memory.hasher.hashed = 0
    signed_in = await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, unit_of_work=crowded(memory, 1)))  # type: ignore[arg-type]
    assert signed_in.user == alice.user
    assert memory.hasher.verified == 1
    await sign_up("Bob", "bob@example.com", "secret", ports=attrs.evolve(memory, unit_of_work=crowded(memory, 1)))  # type: ignore[arg-type]
    assert memory.hasher.hashed == 1
    assert len(memory.unit_of_work.tables.users) == 2
    assert len(memory.unit_of_work.tables.sessions) == 3
