"""Look-ups by a key in SQLite, without a detour over another thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from leadnator_auth.adapters.sql.backend import BusyError, Made
from leadnator_auth.adapters.sql.kept_rows import MAX_KEPT, KeptRows

CACHE_KIB = 16 * 1024
"""At most: the pages of some thousand users who are active, however many more there are."""
_NO_VERSION = 0
"""Below those of SQLite, which begin with 1."""


class SqliteReader:
    """A connection that only reads, on the event loop itself; opened when it is needed.

    A look-up by a primary key takes a few microseconds from the system's cache, a tenth of the cost of handing it to a
    thread. In WAL mode it waits for no writer; where it would have to wait nevertheless, it fails instead.

    What is made of a row is kept until anything is committed to the database, whichever process does it: SQLite has a
    number for that (`PRAGMA data_version`), which is asked for at each look-up. Look-ups in one turn of the event loop
    share one question: `at_next_turn` calls back before anybody who came after it gets their turn.
    """

    def __init__(
        self,
        file: Path,
        at_next_turn: Callable[[Callable[[], None]], object] = lambda ask: asyncio.get_running_loop().call_soon(ask),
    ) -> None:
        self._file = file
        self._at_next_turn = at_next_turn
        self._connection: sqlite3.Connection | None = None
        self._version = _NO_VERSION
        self._is_asked = False
        self._kept = KeptRows()
        self._current: dict[tuple[str, str], Any] = {}  # of whatever type was made
        """Of rows that were there in `_version`, or in a later one: no later than the next question for it."""

    def fetch_one(self, statement: str, key: str, make: Callable[[Sequence[Any]], Made]) -> Made | None:
        """Returns what is made of the values of the row, if any, whose last named column has this value.

        Their types are the schema's. A statement has one `make`.

        Raises: BusyError when it cannot be had at once, for whatever reason.
        """
        try:
            current: Made | None = self._current.get((statement, key))
            if current is not None and (self._is_asked or self._is_unchanged()):
                return current
            # All rows, because an unfinished statement would hold on to the state it reads.
            rows: list[Sequence[Any]] = self._opened().execute(f"{statement} = ?", (key,)).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise BusyError from error
        if not rows:
            return None
        if len(self._current) >= MAX_KEPT:
            self._current.clear()
        made = self._current[statement, key] = self._kept.made(statement, key, rows[0], make)
        return made

    def close(self) -> None:
        """Disconnects; the next look-up connects again."""
        self._current.clear()
        self._version = _NO_VERSION  # the numbers are a connection's own: another one's may be the same by chance
        self._is_asked = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_unchanged(self) -> bool:
        """Returns whether nothing was committed since the last question; else nothing is kept any more."""
        ((version,),) = self._opened().execute("PRAGMA data_version").fetchall()
        self._is_asked = True
        self._at_next_turn(self._ask_again)
        if version == self._version:
            return True
        self._version = version
        self._current.clear()
        return False

    def _ask_again(self) -> None:
        self._is_asked = False

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            location = f"{self._file.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(location, uri=True, timeout=0, isolation_level=None)
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return self._connection
