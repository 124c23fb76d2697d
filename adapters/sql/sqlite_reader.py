"""Look-ups by a key in SQLite, without a detour over another thread."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leadnator_auth.adapters.sql.backend import BusyError

CACHE_KIB = 16 * 1024
"""At most: the pages of some thousand users who are active, however many more there are."""
MAX_KEPT = 4096
"""How many rows are kept at most."""


class SqliteReader:
    """A connection that only reads, on the event loop itself; opened when it is needed.

    A look-up by a primary key takes a few microseconds from the system's cache, a tenth of the cost of handing it to a
    thread. In WAL mode it waits for no writer; where it would have to wait nevertheless, it fails instead.

    A row is kept until anything is committed to the database, whichever process does it: SQLite has a number for that
    (`PRAGMA data_version`), and each look-up asks for it. That is a quarter of the cost of reading a row again.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._version = 0
        self._kept: dict[tuple[str, str], Sequence[Any]] = {}
        """Rows that were there in `_version`, or in a later one: no later than the next question for it."""

    def fetch_one(self, statement: str, key: str) -> Sequence[Any] | None:
        """Returns the values of the row, if any, whose last named column has this value; their types are the schema's.

        Raises: BusyError when it cannot be had at once, for whatever reason.
        """
        try:
            kept = self._kept.get((statement, key))
            if kept is not None and self._is_unchanged():
                return kept
            # All rows, because an unfinished statement would hold on to the state it reads.
            rows: list[Sequence[Any]] = self._opened().execute(f"{statement} = ?", (key,)).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise BusyError from error
        if not rows:
            return None
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[statement, key] = rows[0]
        return rows[0]

    def close(self) -> None:
        """Disconnects; the next look-up connects again."""
        self._kept.clear()  # the numbers of versions are a connection's own
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_unchanged(self) -> bool:
        """Returns whether nothing was committed since the last question; else nothing is kept any more."""
        ((version,),) = self._opened().execute("PRAGMA data_version").fetchall()
        if version == self._version:
            return True
        self._version = version
        self._kept.clear()
        return False

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            location = f"{self._file.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(location, uri=True, timeout=0, isolation_level=None)
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return self._connection
