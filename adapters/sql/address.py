"""The address of a database, already read from the settings: no adapter reads a URL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Host(Protocol):
    """Where a PostgreSQL server listens."""

    @property
    def name(self) -> str:
        """A name, an address, or the absolute path of the folder of a Unix socket."""

    @property
    def port(self) -> int | None:
        """None for the usual one."""


class PostgresqlAddress(Protocol):
    """A PostgreSQL database and the way there."""

    @property
    def hosts(self) -> Sequence[Host]:
        """In the order in which they are tried; none where PGHOST or the usual socket is meant."""

    @property
    def user(self) -> str | None:
        """None where PGUSER or the system's user is meant."""

    @property
    def password(self) -> str | None:
        """None where there is none, or another place to look for it."""

    @property
    def database(self) -> str:
        """The name of the database."""

    @property
    def schema(self) -> str | None:
        """The schema that our tables are in; None where the search path of the role says it."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """More of libpq's parameters, by their names, each of which the driver must honour."""

    @property
    def secrets(self) -> frozenset[str]:
        """The values in it that nobody may see."""


class AddressError(ValueError):
    """A database cannot even be looked for; the message says why in one line, and holds no secret."""

    def __init__(self, reason: str = "The database cannot be looked for.") -> None:
        super().__init__(reason)


Address = Path | PostgresqlAddress
"""The file of a SQLite database, or a PostgreSQL database."""
