"""The URL of a database: what each part says, by libpq's rules, and which of it may be shown."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import attrs

from leadnator_auth.entrypoints.settings.postgresql_parameters import PLACES, SECRET, check_together, read_parameter
from leadnator_auth.entrypoints.settings.url_parts import (
    ENCODING,
    Host,
    UrlError,
    UrlParts,
    decoded,
    read_hosts,
    read_port,
    split_url,
)

SCHEMES = ("postgresql", "postgres")
_SQLITE = "sqlite:///"
_DRIVERS = ("aiopg", "asyncpg", "pg8000", "psycopg", "psycopg2", "psycopg2cffi", "psycopg_async", "pygresql")


@attrs.frozen
class PostgresqlUrl:
    """A PostgreSQL database and the way there; its text is what may be shown."""

    hosts: tuple[Host, ...]
    """In the order in which they are tried; none where PGHOST or the usual socket is meant."""
    user: str | None
    password: str | None = attrs.field(repr=False)
    database: str
    parameters: Mapping[str, str] = attrs.field(repr=False)
    """Those that have no place of their own above."""
    schema: str | None = None
    """The schema in the database, which no URL says; None where the search path of the role does."""

    def __str__(self) -> str:
        user = quote(self.user, safe="") if self.user is not None else ""
        password = ":***" if self.password is not None else ""
        at = "@" if user or password else ""
        # A slash in it is that of a socket, where a plain one would begin the name of the database.
        hosts = ",".join(str(attrs.evolve(host, name=quote(host.name, safe=":"))) for host in self.hosts)
        shown = {name: "***" if name in SECRET else _quoted(value) for name, value in self.parameters.items()}
        query = "&".join(f"{name}={value}" for name, value in shown.items())
        return f"postgresql://{user}{password}{at}{hosts}/{_quoted(self.database)}{'?' if query else ''}{query}"

    @property
    def secrets(self) -> frozenset[str]:
        """The values in it that nobody may see."""
        values = {self.password, *(self.parameters.get(name) for name in SECRET)}
        return frozenset(value for value in values if value)


DatabaseUrl = Path | PostgresqlUrl
"""What a URL says: the file of a SQLite database, or a PostgreSQL database."""


def read_database_url(text: str) -> DatabaseUrl:
    """Returns what a URL says; SQLite's in memory is refused, for it would be another for each connection.

    Raises: UrlError, which quotes nothing of it.
    """
    return _file(text) if text.startswith(_SQLITE) else _postgresql(text)


def _file(text: str) -> Path:
    path = text.removeprefix(_SQLITE)
    if ":" in path and "@" in path.partition(":")[2]:
        raise UrlError(f"a file has no user and no password; {ENCODING}")
    if ":memory:" in path:
        raise UrlError("a database in memory would be another one for each connection")
    if "?" in path:
        raise UrlError("there are no parameters, and a ? in the path is written as %3F")
    try:
        path = unquote(path, errors="strict")
        path.encode()
    except UnicodeError:
        raise UrlError("it is no UTF-8") from None
    if "\0" in path:
        raise UrlError("it holds U+0000")
    if not Path(path).name:
        raise UrlError("it names no file")
    return Path(path)


def _postgresql(text: str) -> PostgresqlUrl:
    _check_scheme(text)
    parts = split_url(text, SCHEMES)
    if parts.fragment is not None:
        raise UrlError(ENCODING)
    given = dict(_parameters(parts.query)) if parts.query else {}
    check_together(given)
    _check_once(parts, given)
    hosts = parts.hosts or (read_hosts(given["host"]) if given.get("host") else ())
    return PostgresqlUrl(
        hosts=_with_ports(hosts, given.get("port", "")),
        user=parts.user if parts.user is not None else given.get("user"),
        password=parts.password if parts.password is not None else given.get("password"),
        database=_database(parts.path.removeprefix("/"), given),
        parameters={name: value for name, value in given.items() if name not in PLACES or _is_lone_port(name, hosts)},
    )


def _check_scheme(text: str) -> None:
    """Raises UrlError where the scheme is one that other programs have, with what to write; it quotes only those."""
    scheme = text.partition(":")[0].lower()
    name, plus, driver = scheme.partition("+")
    if plus and name in SCHEMES:
        what = f"{name}+{driver}" if driver in _DRIVERS else f"{name}+DRIVER"
        raise UrlError(f"the driver is ours to choose: write postgresql://… in place of {what}://…")
    if name in ("sqlite", "sqlite3", "file"):
        raise UrlError("write sqlite:/// and the path: three slashes for a relative one, four for an absolute one")
    if name in ("pg", "pgsql", "psql", "postgis", "jdbc"):
        raise UrlError(f"write postgresql://… in place of {name}:…")
    if name in ("cockroachdb", "mariadb", "mssql", "mysql", "oracle", "redis", "mongodb"):
        raise UrlError(f"{name} is not supported")


def _check_once(parts: UrlParts, given: Mapping[str, str]) -> None:
    """Raises UrlError where a parameter says what stands before the question mark: of two, libpq takes the last."""
    has_database = bool(parts.path.removeprefix("/"))
    said = {
        "host": bool(parts.hosts),
        "port": any(host.port for host in parts.hosts),
        "user": parts.user is not None,
        "password": parts.password is not None,
        "dbname": has_database,
        "database": has_database,
    }
    for name, is_said in said.items():
        if is_said and given.get(name):
            raise UrlError(f"it says before the question mark what its parameter {name} says, too: take one out")


def _database(path: str, given: Mapping[str, str]) -> str:
    if "/" in path:
        raise UrlError(ENCODING)
    database = decoded(path) or given.get("dbname") or given.get("database")
    if not database:
        raise UrlError("it names no database")
    return database


def _is_lone_port(name: str, hosts: tuple[Host, ...]) -> bool:
    """Returns whether it is the port of a host that is not in the URL."""
    return name == "port" and not hosts


def _with_ports(hosts: tuple[Host, ...], text: str) -> tuple[Host, ...]:
    """Returns the hosts with the ports of a list that is as long, or with the one that there is for all."""
    ports = [read_port(each) if each else None for each in text.split(",")]
    if len(ports) not in {1, len(hosts)}:
        raise UrlError("it has not as many ports as hosts")
    ports = ports * (len(hosts) if len(ports) == 1 else 1)
    return tuple(attrs.evolve(host, port=host.port or port) for host, port in zip(hosts, ports, strict=True))


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [read_parameter(pair) for pair in query.split("&")]
    if len(pairs) != len(dict(pairs)):
        raise UrlError("it has a parameter twice")
    return [(name, value) for name, value in pairs if value is not None]


def _quoted(text: str) -> str:
    return quote(text, safe="/*:,")
