"""Doing things together that come one by one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item]):
    """What comes while something is being done is done together afterwards: one transaction, and not many."""

    def __init__(self) -> None:
        self._waiting: list[Item] = []
        self._lock = asyncio.Lock()

    async def done(self, item: Item, work: Callable[[Sequence[Item]], Awaitable[Result]]) -> Result | None:
        """Returns once it was tried: what `work` returned for all that waited; or None, if somebody else was told.

        Raises: whatever `work` raises, under the same condition.
        """
        self._waiting.append(item)
        async with self._lock:
            if not any(item is each for each in self._waiting):
                return None
            together, self._waiting = self._waiting, []
            return await work(together)
