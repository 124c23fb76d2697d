"""Look-ups by a key, many of them with one statement."""

import asyncio
from collections.abc import Sequence
from copy import copy
from typing import Any

from leadnator_auth.adapters.sql.pool import Pool

MOST_AT_ONCE = 100

Values = Sequence[Any]
"""A row; its types are the schema's."""


_Waiting = tuple[str, float, asyncio.Future[Values | None]]
"""The key that a caller asked for, when they did, and the answer to them."""


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

    def row(self, key: str) -> asyncio.Future[Values | None]:
        """Returns what will be the row with this key, if any.

        Raises: UnavailableError, as the outcome.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Values | None] = loop.create_future()
        self._waiting.append((key, loop.time(), answer))
        if not self._is_running:
            self._is_running = True
            self._pool.background_task(self._run())
        return answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                # Those whose requests have arrived by now go along: one turn of the loop reads them, one answers them.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._answer(batch)
        finally:
            self._is_running = False

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            rows = await self._rows([key for key, _, _ in batch], asked_at=batch[0][1])
        except Exception as error:  # noqa: BLE001 (told to those who wait, whatever it is)
            for _, _, answer in batch:
                if not answer.done():
                    # Each is raised somewhere else: one for all would collect the traces of all.
                    answer.set_exception(copy(error))
            return
        for key, _, answer in batch:
            if not answer.done():  # who asked may have gone
                answer.set_result(rows.get(key))

    async def _rows(self, keys: list[str], asked_at: float) -> dict[str, Values]:
        async with self._pool.connection(asked_at) as connection:
            # The rows as they are: tuples of their values would take longer to make, to hash and to compare.
            rows: Sequence[Any] = await connection.fetch_all(self._statement, key=keys)
        return {row[0]: row for row in rows}
