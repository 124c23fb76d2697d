"""The ports that keep things, over SQL through `databases`."""

from leadnator_auth.adapters.sql.address import Address, AddressError, PostgresqlAddress
from leadnator_auth.adapters.sql.backend import Backend
from leadnator_auth.adapters.sql.choice import backend_of, is_sqlite, migrate, pool_size_of
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.identities import SqlIdentities
from leadnator_auth.adapters.sql.probing import SchemaState, SqlProbe, probing
from leadnator_auth.adapters.sql.rate_limits import SqlRateLimits
from leadnator_auth.adapters.sql.schema import SchemaError, SqlReadiness
from leadnator_auth.adapters.sql.shortcoming import Shortcoming
from leadnator_auth.adapters.sql.sqlite_library import library_shortcoming
from leadnator_auth.adapters.sql.unit_of_work import SqlUnitOfWork

__all__ = [
    "Address",
    "AddressError",
    "Backend",
    "Connections",
    "PostgresqlAddress",
    "SchemaError",
    "SchemaState",
    "Shortcoming",
    "SqlIdentities",
    "SqlProbe",
    "SqlRateLimits",
    "SqlReadiness",
    "SqlUnitOfWork",
    "backend_of",
    "is_sqlite",
    "library_shortcoming",
    "migrate",
    "pool_size_of",
    "probing",
]
