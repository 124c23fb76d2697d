"""The version of the schema, the names of its tables, and whether a database has it."""

import re
from pathlib import Path

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.domain.errors import UnavailableError

_REVISIONS = Path(__file__).parent / "migrations" / "versions"
SCHEMA_VERSION = max(path.name.partition("_")[0] for path in _REVISIONS.glob("[0-9]*.py"))
"""The newest revision: the name of its file begins with its number."""
VERSION_TABLE = "leadnator_auth_version"
"""Not Alembic's usual name: in a database that is shared, that is the table of somebody else."""
CURRENT_VERSION = f"SELECT version_num FROM {VERSION_TABLE}"
_REVISED = "".join(path.read_text("utf-8") for path in _REVISIONS.glob("[0-9]*.py"))
TABLES = tuple(
    sorted(
        set(re.findall(r'op\.create_table\(\s*"(\w+)"', _REVISED))
        - set(re.findall(r'op\.drop_table\("(\w+)"', _REVISED))
    )
)
"""All that the newest revision has, but for that of the version: those that revisions make, and none drops."""


class SchemaError(Exception):
    """The database cannot be brought to the schema of this program; the message says why in one line."""

    def __init__(self, reason: str = "The database cannot be brought to the schema of this program.") -> None:
        super().__init__(reason)


@attrs.frozen
class SqlReadiness:
    """Readiness of a database: within reach, and its schema the current one."""

    connections: Connections

    async def check(self) -> None:
        is_current = await self.connections.look_up(f"{CURRENT_VERSION} WHERE version_num", SCHEMA_VERSION, bool)
        if not is_current:
            raise UnavailableError("the schema of the database is not the current one: run leadnator-auth migrate")
