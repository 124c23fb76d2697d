"""Running units of work: all of it kept or nothing, and once more where two got in each other's way."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from leadnator_auth.domain.errors import ConcurrencyError, UnavailableError
from leadnator_auth.domain.ports import Transaction, UnitOfWork

MAX_ATTEMPTS = 4

Result = TypeVar("Result")


async def run_in_transaction(
    unit_of_work: UnitOfWork, work: Callable[[Transaction], Awaitable[Result]], *, attempts: int = MAX_ATTEMPTS
) -> Result:
    """Returns what `work` returns, once everything that it wrote is kept.

    A store may undo a unit of work in favour of another (a deadlock, a serialization failure). Then `work` runs again
    from its beginning, `attempts` times at most, so it must do nothing but work on the transaction.

    Raises: UnavailableError, and whatever `work` raises; then nothing of it is kept.
    """
    for _ in range(attempts - 1):
        with suppress(ConcurrencyError):
            return await _attempt(unit_of_work, work)
    return await _attempt(unit_of_work, work)


async def after_commit(work: Awaitable[object]) -> None:
    """Does what is better done, but changes no answer any more: what was acknowledged is kept already."""
    with suppress(UnavailableError):
        await work


async def _attempt(unit_of_work: UnitOfWork, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    is_kept = False
    try:
        async with unit_of_work() as transaction:
            result = await work(transaction)
            await transaction.commit()
            is_kept = True
    except UnavailableError:
        if not is_kept:
            raise
    return result
