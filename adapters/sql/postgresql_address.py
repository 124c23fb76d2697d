"""The parameters asyncpg gets to reach a database, and what may be shown of its errors."""

from typing import Any
from urllib.parse import quote, urlencode

import asyncpg

from leadnator_auth.adapters.sql.address import PostgresqlAddress

USUAL_PORT = 5432
_APPLICATION_NAME = "leadnator-auth"
_ARGUMENTS = {
    "gsslib": "gsslib",
    "krbsrvname": "krbsrvname",
    "passfile": "passfile",
    "sslmode": "ssl",
    "target_session_attrs": "target_session_attrs",
}
"""libpq's name of a parameter, and that of asyncpg's argument."""
_SERVER_SETTINGS = ("application_name", "client_encoding", "options")
_LEAST_TO_TAKE_OUT = 4
"""Fewer characters are in every sentence."""


def way_to(address: PostgresqlAddress) -> dict[str, Any]:  # asyncpg's arguments, of as many types
    """Returns the arguments for `asyncpg.connect`."""
    left = dict(address.parameters)
    arguments: dict[str, Any] = {asyncpgs: left.pop(libpqs, None) for libpqs, asyncpgs in _ARGUMENTS.items()}
    settings = {name: left.pop(name) for name in _SERVER_SETTINGS if name in left}
    single_port = left.pop("port", None)
    ports = [host.port or USUAL_PORT for host in address.hosts] if any(host.port for host in address.hosts) else None
    return arguments | {
        "host": [host.name for host in address.hosts] or None,
        "port": int(single_port) if single_port else ports,
        "user": address.user,
        "password": address.password,
        "database": address.database,
        # What asyncpg takes in no other way: certificates, versions of TLS, a service.
        "dsn": f"postgresql://?{urlencode(left, quote_via=quote)}" if left else None,
        "server_settings": {"application_name": _APPLICATION_NAME} | settings,
    }


def shown(address: PostgresqlAddress) -> str:
    """Returns where the database is, not how to get in."""
    hosts = ",".join(host.name if host.port is None else f"{host.name}:{host.port}" for host in address.hosts)
    return f"{hosts}/{address.database}"


def message_of(error: Exception, secrets: frozenset[str] = frozenset()) -> str:
    """Returns what an error says, without these secrets and without details: those quote the row that it is about."""
    if isinstance(error, ValueError) and not isinstance(error, asyncpg.InterfaceError):
        return f"the driver does not take what its environment variables (PG…) say ({type(error).__name__})"
    message = str(error.args[0]) if isinstance(error, asyncpg.PostgresError) and error.args else str(error)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_TO_TAKE_OUT:
            message = message.replace(secret, "***")
    return message
