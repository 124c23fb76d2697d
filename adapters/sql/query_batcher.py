"""Look-ups by a key, many of them with one statement."""

import asyncio
from collections.abc import Sequence
from copy import copy
from typing import Any

import attrs

from leadnator_auth.adapters.sql.pool import Pool

MOST_AT_ONCE = 100

Values = Sequence[Any]
"""A row; its types are the schema's."""


@attrs.frozen(eq=False)
class _Waiting:
    """A caller who asked for a row."""

    key: str
    asked_at: float
    answer: asyncio.Future[Values | None]


class QueryBatcher:
    """Looks up rows by their keys with one statement, which takes the keys as `:key` and has them first in its rows.

    A caller who asks while it runs waits for its next run, which serves all who wait: on a busy server the round trip
    to the database, the most expensive part of a look-up, is shared by many. Nobody gets a row that was read before
    they asked.
    """

    def __init__(self, statement: str, pool: Pool) -> None:
        self._statement = statement
        self._pool = pool
        self._waiting: list[_Waiting] = []
        self._is_running = False

    async def row(self, key: str) -> Values | None:
        """Returns the row with this key, if any.

        Raises: UnavailableError.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(key, loop.time(), loop.create_future())
        self._waiting.append(waiting)
        if not self._is_running:
            self._is_running = True
            self._pool.background_task(self._run())
        return await waiting.answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._answer(batch)
        finally:
            self._is_running = False

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            rows = await self._rows([waiting.key for waiting in batch], batch[0].asked_at)
        except Exception as error:  # noqa: BLE001 (told to those who wait, whatever it is)
            for waiting in batch:
                if not waiting.answer.done():
                    # Each is raised somewhere else: one for all would collect the traces of all.
                    waiting.answer.set_exception(copy(error))
            return
        for waiting in batch:
            if not waiting.answer.done():  # who asked may have gone
                waiting.answer.set_result(rows.get(waiting.key))

    async def _rows(self, keys: list[str], asked_at: float) -> dict[str, Values]:
        async with self._pool.connection(asked_at) as connection:
            # The rows as they are: tuples of their values would take longer to make, to hash and to compare.
            rows: Sequence[Any] = await connection.fetch_all(self._statement, key=keys)
        return {row[0]: row for row in rows}
