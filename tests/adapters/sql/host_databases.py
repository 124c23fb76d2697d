"""Databases of other applications, in which ours is a guest."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.databases import run_script, run_sql

FOLDER = Path(__file__).with_name("hosts")
WELCOMING = ("alembic", "django", "prisma")
"""Those none of whose names is one of ours."""
_NAME = re.compile(r'^CREATE (?:UNIQUE )?(?:TABLE|VIEW|INDEX) "?(\w+)', re.MULTILINE)
_TABLE = re.compile(r'^CREATE (?:TABLE|VIEW) ("?\w+"?)', re.MULTILINE)

State = tuple[list[tuple[Any, ...]], list[list[tuple[Any, ...]]]]


def move_in(host: str, url: str) -> None:
    """Makes the tables of a host in an empty database."""
    run_script(url, _script(host))


def state_of(host: str, url: str) -> State:
    """Returns the definitions and the rows of all that the host made."""
    script = _script(host)
    names = _NAME.findall(script)
    rows = [run_sql(url, f"SELECT * FROM {table}") for table in _TABLE.findall(script)]
    return _definitions(url, names), rows


def tables_of(url: str, schema: str = "public") -> set[str]:
    """Returns the names of all tables, in one schema where there are several."""
    if url.startswith("sqlite"):
        return {name for (name,) in run_sql(url, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name for (name,) in run_sql(url, f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'")}


def schemas_of(url: str) -> set[str]:
    """Returns the schemas that are not PostgreSQL's own."""
    return {
        name
        for (name,) in run_sql(url, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'")
    }


def _script(host: str) -> str:
    return (FOLDER / f"{host}.sql").read_text("utf-8")


def _definitions(url: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    listed = ", ".join(f"'{name}'" for name in names)
    if url.startswith("sqlite"):
        return run_sql(url, f"SELECT type, name, sql FROM sqlite_master WHERE name IN ({listed}) ORDER BY name")
    return run_sql(
        url,
        "SELECT c.relkind::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) "
        "FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
        f"WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ({listed}) AND a.attnum > 0 ORDER BY 2, 3",
    )
