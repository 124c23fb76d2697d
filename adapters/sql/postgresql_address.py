"""The parameters asyncpg gets to reach a database, and what may be shown of its errors."""

import configparser
import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg

from leadnator_auth.adapters.sql.address import AddressError, PostgresqlAddress
from leadnator_auth.adapters.sql.postgresql_tls import with_system_authorities

USUAL_PORT = 5432
_APPLICATION_NAME = "leadnator-auth"
_ARGUMENTS = {
    "gsslib": "gsslib",
    "krbsrvname": "krbsrvname",
    "passfile": "passfile",
    "service": "service",
    "servicefile": "servicefile",
    "sslmode": "ssl",
    "target_session_attrs": "target_session_attrs",
}
"""libpq's name of a parameter, and that of asyncpg's argument."""
_SERVER_SETTINGS = ("application_name", "options")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_OURS = ("connect_timeout", "fallback_application_name")
_LEAST_TO_TAKE_OUT = 4
"""Fewer characters are in every sentence."""
_TELLING = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Whose words may be told; those of all others may quote a variable of the environment, or the line of a file."""


def way_to(address: PostgresqlAddress) -> dict[str, Any]:  # asyncpg's arguments, of as many types
    """Returns the arguments for `asyncpg.connect`.

    Raises: AddressError when it names no user and the system has no name for who runs this, or its service is nowhere.
    """
    _check_service(address.parameters)
    left = {name: value for name, value in address.parameters.items() if name not in _OURS}
    arguments: dict[str, Any] = {asyncpgs: left.pop(libpqs, None) for libpqs, asyncpgs in _ARGUMENTS.items()}
    settings = {name: left.pop(name) for name in _SERVER_SETTINGS if name in left}
    name = address.parameters.get("fallback_application_name", _APPLICATION_NAME)
    if left.get("sslrootcert") == "system":
        arguments["ssl"] = with_system_authorities(left)
    single_port = left.pop("port", None)
    ports = [host.port or USUAL_PORT for host in address.hosts] if any(host.port for host in address.hosts) else None
    return arguments | {
        "host": [host.name for host in address.hosts] or None,
        "port": int(single_port) if single_port else ports,
        "user": _user(address),
        "password": address.password,
        "database": address.database,
        # What asyncpg takes in no other way: certificates, versions of TLS.
        "dsn": f"postgresql://?{urlencode(left, quote_via=quote)}" if left else None,
        "server_settings": {"application_name": name} | settings,
    }


def shown(address: PostgresqlAddress) -> str:
    """Returns where the database is, not how to get in."""
    hosts = ",".join(host.name if host.port is None else f"{host.name}:{host.port}" for host in address.hosts)
    return f"{hosts}/{address.database}"


def message_of(error: Exception, secrets: frozenset[str] = frozenset()) -> str:
    """Returns what an error says, without these secrets and without details: those quote the row that it is about."""
    if not isinstance(error, (*_TELLING, AddressError)):
        return f"the driver does not take what its environment variables (PG…) say ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    message = str(error.args[0]) if isinstance(error, asyncpg.PostgresError) and error.args else str(error)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_TO_TAKE_OUT:
            message = message.replace(secret, "***")
    return message


def line_of(error: Exception, address: PostgresqlAddress) -> str:
    """Returns the same in one line that is not empty, with the parameters whose files cannot be read."""
    line = " ".join(message_of(error, address.secrets).split()) or type(error).__name__
    # The system's error has no name of a file where OpenSSL was to open it.
    unread = ", ".join(name for name in _FILES if not _can_be_read(address.parameters.get(name)))
    return f"{line} (cannot be read: the file of {unread})" if unread and isinstance(error, OSError) else line


def _can_be_read(path: str | None) -> bool:
    return path is None or path == "system" or (Path(path).is_file() and os.access(path, os.R_OK))


def _check_service(parameters: Mapping[str, str]) -> None:
    """Raises AddressError where a service is meant that is nowhere: asyncpg would look for it and say nothing."""
    if "service" not in parameters:
        return
    named = parameters.get("servicefile") or os.environ.get("PGSERVICEFILE")
    parser = configparser.ConfigParser(interpolation=None)
    try:
        file = Path(named) if named else Path.home() / ".pg_service.conf"
        parser.read(file)
    except (configparser.Error, RuntimeError, UnicodeError):
        raise AddressError("the file of its service cannot be read") from None
    if parameters["service"] not in parser.sections():
        raise AddressError(f"its service is not in {file}")


def _user(address: PostgresqlAddress) -> str | None:
    """Returns the user, or None where a service or a variable of the environment may say who it is."""
    if address.user is not None or "service" in address.parameters or os.environ.get("PGUSER"):
        return address.user
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        raise AddressError(
            f"it names no user, and the system has no name for user {os.getuid()}: write postgresql://USER@…"
        ) from None
