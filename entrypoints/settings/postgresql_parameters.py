"""What may follow the question mark in the URL of a PostgreSQL database: libpq's parameters (PostgreSQL 18, 32.1.2).

Each is handed on, or means what happens anyway, or is refused by its name with the reason.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from leadnator_auth.entrypoints.settings.url_parts import ENCODING, UrlError, decoded

_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
PLACES = ("host", "port", "user", "password", "dbname", "database")
"""Parameters that say what has a place before the question mark, too."""
SECRET = ("options", "password", "sslpassword")
"""Parameters that are never shown: `options` can set anything."""
_TAKEN = (
    *_CHOICES,
    *PLACES,
    *SECRET,
    "application_name",
    "connect_timeout",
    "fallback_application_name",
    "gsslib",
    "krbsrvname",
    "passfile",
    "service",
    "servicefile",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslrootcert",
)
_FALSE = ("0", "false", "off", "no")
_ANYWAY: Mapping[str, tuple[str, ...]] = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("auto", "UTF8", "utf8", "UTF-8", "utf-8"),
    "gssdelegation": ("0",),
    "gssencmode": ("disable", "prefer"),
    "keepalives": ("0",),
    "load_balance_hosts": ("disable",),
    "max_protocol_version": ("3.0", "3.2", "latest"),
    "min_protocol_version": ("3.0",),
    "replication": _FALSE,
    "requiressl": ("0",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
    "tcp_user_timeout": ("0",),
}
"""Values that ask for what the driver does without being asked."""
_NO_KEEPALIVES = "the driver has none: each statement has four seconds, and a connection that is dead is replaced"
_NO_OAUTH = "the driver does not log in by OAuth"
_NO_KEYS = "the driver takes the password alone"
_REASONS: Mapping[str, str] = {
    "channel_binding": "the driver has no channel binding: sslmode=verify-full keeps others from listening, too",
    "client_encoding": "all texts are UTF-8",
    "gssdelegation": "the driver hands no credentials on",
    "gssencmode": "the driver encrypts by TLS alone: use sslmode",
    "hostaddr": "write the address in the place of the host",
    "keepalives": _NO_KEEPALIVES,
    "keepalives_count": _NO_KEEPALIVES,
    "keepalives_idle": _NO_KEEPALIVES,
    "keepalives_interval": _NO_KEEPALIVES,
    "load_balance_hosts": "hosts are tried in their order",
    "max_protocol_version": "the driver speaks version 3.0",
    "min_protocol_version": "the driver speaks version 3.0",
    "oauth_ca_file": _NO_OAUTH,
    "oauth_client_id": _NO_OAUTH,
    "oauth_client_secret": _NO_OAUTH,
    "oauth_issuer": _NO_OAUTH,
    "oauth_scope": _NO_OAUTH,
    "replication": "what we need is no connection for replication",
    "require_auth": "the driver logs in as the server asks it to: sslmode=verify-full makes sure which one that is",
    "requirepeer": "the driver does not look who owns a socket: put it into a folder that nobody else may write",
    "requiressl": "write sslmode=require",
    "scram_client_key": _NO_KEYS,
    "scram_server_key": _NO_KEYS,
    "sslcertmode": "the driver sends the certificate in sslcert if the server asks for one",
    "sslcompression": "TLS is not compressed any more (CRIME)",
    "sslcrldir": "put what is revoked into one file, and use sslcrl",
    "sslkeylogfile": "keys of connections are not written down",
    "sslsni": "the driver always names the host to the server",
    "tcp_user_timeout": _NO_KEEPALIVES,
}
"""Why what libpq has is not supported, but for the values above."""
_FOREIGN: Mapping[str, str] = {
    "schema": "set LEADNATOR_DATABASE_SCHEMA",
    "currentschema": "set LEADNATOR_DATABASE_SCHEMA",
    "search_path": "set LEADNATOR_DATABASE_SCHEMA",
    "ssl": "write sslmode=require, or a stricter one",
    "sslaccept": "write sslmode=verify-full",
    "encrypt": "write sslmode=require, or a stricter one",
    "pgbouncer": "set LEADNATOR_DATABASE_PREPARED_STATEMENTS=off if it is older than 1.21",
    "prepared_statement_cache_size": "set LEADNATOR_DATABASE_PREPARED_STATEMENTS",
    "statement_cache_size": "set LEADNATOR_DATABASE_PREPARED_STATEMENTS",
    "connection_limit": "set LEADNATOR_DATABASE_POOL_SIZE",
    "pool_size": "set LEADNATOR_DATABASE_POOL_SIZE",
    "max_size": "set LEADNATOR_DATABASE_POOL_SIZE",
    "timeout": "write connect_timeout",
    "sslcipher": "the library of this system chooses",
}
"""Parameters of other drivers, in lower case."""
KNOWN = (*_TAKEN, *_REASONS)
_CLOSE = 0.75
_LONGEST_WAIT = 3600
_WHOLE_NUMBER = re.compile("-?[0-9]{1,6}")


def read_parameter(pair: str) -> tuple[str, str | None]:
    """Returns the name and the value of one parameter; no value where there is nothing to hand on.

    Raises: UrlError, which never quotes it.
    """
    name, _, text = pair.partition("=")
    if name.lower() == "ssl" and text == "true":  # as JDBC has it, and libpq reads it
        return "sslmode", "require"
    if name not in KNOWN:
        # Not by its name, which may be what follows an & in a password.
        raise UrlError(f"one of its parameters is none that PostgreSQL's URLs have{_hint(name)}; {ENCODING}")
    value = text if name == "host" else decoded(text)  # each host of the list is decoded by itself
    if name in _REASONS:
        if value in _ANYWAY.get(name, ()):
            return name, None
        taken = f" but for {' and '.join(_ANYWAY[name])}" if name in _ANYWAY else ""
        raise UrlError(f"its parameter {name} is not supported{taken}: {_REASONS[name]}")
    _check(name, value)
    return name, value


def _check(name: str, value: str) -> None:
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UrlError(f"its parameter {name} takes {', '.join(_CHOICES[name])}")
    if name == "connect_timeout" and not _is_wait(value):
        raise UrlError(f"its parameter {name} takes a number of seconds up to {_LONGEST_WAIT}, 0 for no limit")


def check_together(given: Mapping[str, str]) -> None:
    """Raises UrlError where parameters contradict each other."""
    if given.get("sslrootcert") == "system" and given.get("sslmode", "verify-full") != "verify-full":
        raise UrlError("its parameter sslrootcert=system takes sslmode=verify-full, or no sslmode")


def _is_wait(value: str) -> bool:
    return bool(_WHOLE_NUMBER.fullmatch(value)) and int(value) <= _LONGEST_WAIT


def _hint(name: str) -> str:
    if foreign := _FOREIGN.get(name.lower()):
        return f": {foreign} instead of {name.lower()}"
    close = get_close_matches(name.lower().replace("-", "_"), KNOWN, n=1, cutoff=_CLOSE)
    return f"; did you mean {close[0]}?" if close else ""
