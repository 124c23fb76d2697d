"""What of ours is in a database, made out of what its catalogue says."""

from collections.abc import Collection, Iterable, Sequence

import attrs

from leadnator_auth.adapters.sql.former_version import FORMER_TABLE, Columns, former_version, is_ours_alone
from leadnator_auth.adapters.sql.schema import VERSION_TABLE


@attrs.frozen
class Installed:
    """The revision of our tables in a database, and the table that says it; None where nothing does."""

    version: str | None = None
    """What the table of the version says."""
    former: str | None = None
    """What `alembic_version` says, where that is about our tables and there is no other."""
    is_former_ours: bool = False
    """Whether `alembic_version` can be nobody else's."""

    @property
    def revision(self) -> str | None:
        """The revision, wherever it is kept."""
        return self.version or self.former


def by_table(rows: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    """Returns the columns of each table, from a table and a column a row."""
    columns: dict[str, set[str]] = {}
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    return columns


def version_table_of(columns: Columns) -> str | None:
    """Returns the table that may say which revision our tables have, if there is one."""
    return next((table for table in (VERSION_TABLE, FORMER_TABLE) if "version_num" in columns.get(table, ())), None)


def installed(columns: Columns, kept: Sequence[str], others: Collection[str]) -> Installed:
    """Returns what of ours is there: tables with these columns, one of which keeps these revisions.

    `others` are all tables and views there are, in whatever schema.
    """
    table = version_table_of(columns)
    if table == VERSION_TABLE:
        return Installed(version=kept[0] if kept else None)
    former = former_version(columns, kept) if table else None
    return Installed(former=former, is_former_ours=former is not None and is_ours_alone(kept, others))
