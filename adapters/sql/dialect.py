"""What differs from one database to the next."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs


class ConstraintError(Exception):
    """A statement broke a constraint of the schema; `constraint` names it the same way for every database."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


@attrs.frozen
class Dialect:
    """The statements and errors of one kind of database."""

    options: Mapping[str, Any]
    """Handed to the driver on connecting; its types are the driver's own."""
    on_open: tuple[str, ...]
    """Run once on each new connection."""
    begin_writing: str
    begin_reading: str
    writers: int
    """Connections that write. SQLite lets one write at a time: waiting in our queue is fair, its lock is not."""
    readers: int
    errors: tuple[type[Exception], ...]
    """All that the driver raises when the database is at fault or out of reach."""
    broken_constraint: Callable[[Exception], str | None]
    """Returns the name of the constraint that an error of the driver tells of, or None."""
