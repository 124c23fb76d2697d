"""The differences between one database and the next."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import attrs

SQLITE_POOL_SIZE = 3
POSTGRESQL_POOL_SIZE = 8

Made = TypeVar("Made")


class Row(Protocol):
    """The values of a row, by the name of their column and in order; their types are the schema's."""

    def __getitem__(self, column: str, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


class ConstraintError(Exception):
    """A statement broke a constraint of the schema; `constraint` names it the same way for every database."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class UnstorableError(Exception):
    """A value of a statement is one that the database, or the way to it, has no place for."""


class BusyError(Exception):
    """A look-up that cannot be done at once."""


class Reader(Protocol):
    """Looks rows up at once, or not at all."""

    def fetch_one(self, statement: str, key: str, make: Callable[[Sequence[Any]], Made]) -> Made | None:
        """Returns what is made of the values of a row, if any; the statement ends with the column that has this key.

        Raises: BusyError.
        """

    def close(self) -> None:
        """Disconnects."""


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
    is_one_of: str
    """Follows a column in a condition: it has one of the values in the list `:key`."""
    domain_of: Callable[[str], str]
    """Returns the SQL for the domain of the e-mail address in a column."""
    join_by_id: Callable[[str, str], str]
    """Returns the JOIN of a table by its `id`, which another column has: a look-up for each row, never a scan.

    PostgreSQL reads the whole of a table with a thousand rows rather than look seven of them up, which takes half as
    long; it may join what is no subquery as it likes.
    """
    by_index: Callable[[str], str]
    """Returns what follows a table's name where a query must use this index: SQLite chooses blindly."""
    skip_locked: str
    """Ends a SELECT of rows that are to be taken, whichever they are, so that two who take some never wait."""
    writers: int
    """Connections that write. SQLite lets one write at a time: waiting in our queue is fair, its lock is not."""
    readers: int
    errors: tuple[type[Exception], ...]
    """All that the driver raises when the database is at fault or out of reach."""
    translated: Callable[[Exception], Exception]
    """Returns what one is to us: a ConstraintError, an UnstorableError, a ConcurrencyError or an UnavailableError.

    Of any other exception, which is one met while connecting, it returns an UnavailableError without its words.
    """
    fetch: Callable[[Any, str, Mapping[str, object]], Awaitable[Sequence[Row]]]
    """Runs a statement on a connection of the driver's own type and returns its rows.

    `databases` would put the statement together anew each time, for a multiple of what running it costs.
    """
    run: Callable[[Any, str, Mapping[str, object]], Awaitable[object]]
    """Runs a statement without rows on such a connection."""
    run_many: Callable[[Any, str, Sequence[Mapping[str, object]]], Awaitable[None]]
    """Runs a statement for each of many sets of values, on such a connection."""
    is_lost: Callable[[Any], bool]
    """Returns whether such a connection is known to be no more."""
    hang_up: Callable[[Any], None]
    """Closes such a connection without a word to the database, which may not be listening."""
    reader: Callable[[], Reader | None] = lambda: None
    """Makes what looks rows up with no way to anywhere, where the database is a file and there is such a thing."""
