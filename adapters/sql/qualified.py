"""Puts the schema of our tables in front of their names.

The names in a statement and not the search path of its connection say where the tables are: behind a PgBouncer that
pools transactions nothing can be set for a connection, and what is read outside of a transaction has nothing else.
"""

import re

from leadnator_auth.adapters.sql.former_version import FORMER_TABLE
from leadnator_auth.adapters.sql.schema import TABLES, VERSION_TABLE

_TABLE = re.compile(rf"\b(FROM|JOIN|INTO|UPDATE) ({'|'.join((*TABLES, VERSION_TABLE, FORMER_TABLE))})\b")


def qualified(sql: str, schema: str | None) -> str:
    """Returns a statement with its tables in this schema, or as it is where the role's search path will do."""
    if schema is None:
        return sql
    return _TABLE.sub(lambda match: f"{match[1]} {quoted(schema)}.{match[2]}", sql)


def quoted(identifier: str) -> str:
    """Returns a name as SQL takes it, whatever is in it (SQL:2016 part 2, 5.2: delimited identifier)."""
    return '"' + identifier.replace('"', '""') + '"'
