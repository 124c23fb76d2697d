"""The URL of a database: what each part says, by libpq's rules, and which of it may be shown."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import attrs

from leadnator_auth.entrypoints.settings.url_parts import (
    ENCODING,
    Host,
    UrlError,
    decoded,
    read_hosts,
    read_port,
    split_url,
)

SCHEMES = ("postgresql", "postgres")
_SQLITE = "sqlite:///"
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
_PLACES = ("host", "port", "user", "password", "dbname", "database")
"""Parameters that say what has a place before the question mark, too."""
_SECRET = ("options", "password", "sslpassword")
"""Parameters that are never shown: `options` can set anything."""
_OTHERS = ("application_name", "gsslib", "krbsrvname", "passfile", "service", "sslcert", "sslcrl", "sslkey")
PARAMETERS = frozenset({*_CHOICES, *_PLACES, *_SECRET, *_OTHERS, "client_encoding", "sslrootcert"})
"""What may follow the question mark; the driver honours each."""
UNSUPPORTED = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "fallback_application_name",
        "gssdelegation",
        "gssencmode",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "max_protocol_version",
        "min_protocol_version",
        "oauth_client_id",
        "oauth_client_secret",
        "oauth_issuer",
        "oauth_scope",
        "replication",
        "require_auth",
        "requirepeer",
        "requiressl",
        "scram_client_key",
        "scram_server_key",
        "servicefile",
        "sslcertmode",
        "sslcompression",
        "sslcrldir",
        "sslkeylogfile",
        "sslsni",
        "tcp_user_timeout",
    }
)
"""What libpq knows besides (PostgreSQL 18, section 32.1.2) and the driver does not."""


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

    def __str__(self) -> str:
        user = quote(self.user, safe="") if self.user is not None else ""
        password = ":***" if self.password is not None else ""
        at = "@" if user or password else ""
        hosts = ",".join(str(attrs.evolve(host, name=_quoted(host.name))) for host in self.hosts)
        shown = {name: "***" if name in _SECRET else _quoted(value) for name, value in self.parameters.items()}
        query = "&".join(f"{name}={value}" for name, value in shown.items())
        return f"postgresql://{user}{password}{at}{hosts}/{_quoted(self.database)}{'?' if query else ''}{query}"

    @property
    def secrets(self) -> frozenset[str]:
        """The values in it that nobody may see."""
        values = {self.password, *(self.parameters.get(name) for name in _SECRET)}
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
    if not path.strip("/") or ":memory:" in path or "?" in path:
        raise UrlError
    return Path(unquote(path))


def _postgresql(text: str) -> PostgresqlUrl:
    parts = split_url(text, SCHEMES)
    if parts.fragment is not None:
        raise UrlError(ENCODING)
    database = parts.path.removeprefix("/")
    if not database:
        raise UrlError("it names no database")
    if "/" in database:
        raise UrlError(ENCODING)
    given = dict(_parameters(parts.query)) if parts.query else {}
    hosts = parts.hosts or (read_hosts(given["host"]) if given.get("host") else ())
    return PostgresqlUrl(
        hosts=_with_ports(hosts, given.get("port", "")),
        user=parts.user if parts.user is not None else given.get("user"),
        password=parts.password if parts.password is not None else given.get("password"),
        database=decoded(database),
        parameters={name: value for name, value in given.items() if name not in _PLACES or _is_lone_port(name, hosts)},
    )


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
    pairs = [_parameter(pair) for pair in query.split("&")]
    if len(pairs) != len(dict(pairs)):
        raise UrlError("it has a parameter twice")
    return pairs


def _parameter(pair: str) -> tuple[str, str]:
    name, _, text = pair.partition("=")
    if name in UNSUPPORTED:
        raise UrlError(f"its parameter {name} is not supported")
    if name not in PARAMETERS:
        # Not by its name, which may be what follows an & in a password.
        raise UrlError(f"one of its parameters is none that PostgreSQL's URLs have; {ENCODING}")
    value = text if name == "host" else decoded(text)  # each host of the list is decoded by itself
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UrlError(f"its parameter {name} takes {', '.join(_CHOICES[name])}")
    return name, value


def _quoted(text: str) -> str:
    return quote(text, safe="/*:,")
