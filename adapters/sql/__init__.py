"""The ports that keep things, over SQL through `databases`."""

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.identities import SqlIdentities
from leadnator_auth.adapters.sql.schema import SchemaError, SqlReadiness, migrate
from leadnator_auth.adapters.sql.sqlite import SQLITE, sqlite_path
from leadnator_auth.adapters.sql.unit_of_work import SqlUnitOfWork

__all__ = [
    "SQLITE",
    "Connections",
    "SchemaError",
    "SqlIdentities",
    "SqlReadiness",
    "SqlUnitOfWork",
    "migrate",
    "sqlite_path",
]
