"""Units of work that got in each other's way run again: from their beginning, a few times, and nothing else does."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs
import pytest

from leadnator_auth.adapters.contract.samples import a_user
from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    ConcurrencyError,
    EmailTakenError,
    SignedIn,
    UnavailableError,
    log_in,
    run_in_transaction,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import MOST_ATTEMPTS


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
    await transaction.users.add(a_user("alice"))
    return "added"


@pytest.mark.parametrize("at_commit", [True, False])
@pytest.mark.parametrize("collisions", range(MOST_ATTEMPTS))
async def test_it_runs_again_until_it_is_kept(memory: MemoryPorts, collisions: int, at_commit: bool) -> None:
    unit_of_work = crowded(memory, collisions, at_commit=at_commit)
    assert await run_in_transaction(unit_of_work, add_alice) == "added"
    assert unit_of_work.begun == collisions + 1
    assert list(memory.unit_of_work.tables.users) == ["u_alice"]


async def test_it_does_not_run_for_ever(memory: MemoryPorts) -> None:
    unit_of_work = crowded(memory, 1000)
    with pytest.raises(UnavailableError):
        await run_in_transaction(unit_of_work, add_alice)
    assert unit_of_work.begun == MOST_ATTEMPTS
    assert 2 <= MOST_ATTEMPTS <= 10
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


async def test_use_cases_succeed_after_a_collision_without_hashing_again(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.hasher.verified = memory.hasher.hashed = 0
    signed_in = await log_in("alice@example.com", "secret", ports=attrs.evolve(memory, unit_of_work=crowded(memory, 1)))  # type: ignore[arg-type]
    assert signed_in.user == alice.user
    assert memory.hasher.verified == 1
    await sign_up("Bob", "bob@example.com", "secret", ports=attrs.evolve(memory, unit_of_work=crowded(memory, 1)))  # type: ignore[arg-type]
    assert memory.hasher.hashed == 1
    assert len(memory.unit_of_work.tables.users) == 2
    assert len(memory.unit_of_work.tables.sessions) == 3
