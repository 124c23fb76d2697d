"""What differs from one database to the next."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs

SQLITE_POOL_SIZE = 3
POSTGRESQL_POOL_SIZE = 8


class ConstraintError(Exception):
    """A statement broke a constraint of the schema; `constraint` names it the same way for every database."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


@attrs.frozen
class Backend:
    """One database: how to connect to it, and where its statements and errors are its own."""

    url: str
    options: Mapping[str, Any] = attrs.field(repr=False)
    """Handed to the driver on connecting, a password among them; its types are the driver's own."""
    on_open: tuple[str, ...]
    """Run once on each new connection."""
    begin_writing: str
    begin_reading: str
    row_lock: str
    """Ends a SELECT in a transaction that writes: the rows stay as they were read."""
    skip_locked: str
    """Ends a SELECT of rows that are to be taken, whichever they are, so that two who take some never wait."""
    writers: int
    """Connections that write. SQLite lets one write at a time: waiting in our queue is fair, its lock is not."""
    readers: int
    errors: tuple[type[Exception], ...]
    """All that the driver raises when the database is at fault or out of reach."""
    translated: Callable[[Exception], Exception]
    """Returns what one of them is to us: a ConstraintError, a ConcurrencyError or an UnavailableError."""
    run_many: Callable[[Any, str, Sequence[Mapping[str, object]]], Awaitable[None]]
    """Runs a statement for each of many sets of values, on a connection of the driver's own type."""
    is_lost: Callable[[Any], bool]
    """Returns whether such a connection is known to be no more."""
    hang_up: Callable[[Any], None]
    """Closes such a connection without a word to the database, which may not be listening."""
