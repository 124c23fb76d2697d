"""Look-ups by a key in SQLite, without a detour over another thread."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leadnator_auth.adapters.sql.backend import BusyError

CACHE_KIB = 16 * 1024
"""At most: the pages of some thousand users who are active, however many more there are."""


class SqliteReader:
    """A connection that only reads, on the event loop itself; opened when it is needed.

    A look-up by a primary key takes a few microseconds from the system's cache, a tenth of the cost of handing it to a
    thread. In WAL mode it waits for no writer; where it would have to wait nevertheless, it fails instead.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def fetch_one(self, sql: str, values: Mapping[str, object]) -> Sequence[Any] | None:
        """Returns the values of the first row, if any; their types are the schema's.

        Raises: BusyError when it cannot be had at once, for whatever reason.
        """
        try:
            # All rows, because an unfinished statement would hold on to the state it reads.
            rows: list[Sequence[Any]] = self._opened().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise BusyError from error
        return rows[0] if rows else None

    def close(self) -> None:
        """Disconnects; the next look-up connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            location = f"{self._file.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(location, uri=True, timeout=0, isolation_level=None)
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return self._connection
