"""The plans of all statements are looked at where the contract suites run; here is what that look is worth."""

import ast
import inspect
from pathlib import Path

import pytest

from leadnator_auth.adapters.sql import Connections
from leadnator_auth.adapters.sql.unit_of_work import SqlRepositories
from leadnator_auth.testing import contract
from tests.adapters.sql.plans import tables_without_schema, whole_tables_read


async def test_a_statement_that_reads_a_whole_table_is_found(connections: Connections, database_kind: str) -> None:
    sql = "SELECT id FROM users WHERE plan = :plan"
    (found,) = await whole_tables_read(connections, {sql: {"plan": "Starter"}}, database_kind)
    assert found.startswith(sql)


async def test_a_statement_that_finds_its_rows_by_an_index_is_not(connections: Connections, database_kind: str) -> None:
    sql = "SELECT id FROM users WHERE email_canonical = :email"
    assert await whole_tables_read(connections, {sql: {"email": "a@example.com"}}, database_kind) == []


def test_a_table_that_no_schema_would_be_put_in_front_of_is_found() -> None:
    assert tables_without_schema("DELETE FROM users WHERE users.id IN (SELECT user_id FROM sessions)") == []
    assert tables_without_schema("SELECT 1 FROM users, sessions") == ["sessions"]


@pytest.mark.usefixtures("database_kind")
async def test_the_suites_call_every_method_of_every_repository(connections: Connections) -> None:
    suites = [ast.parse(file.read_text()) for file in Path(contract.__file__).parent.glob("*.py")]
    called = {node.attr for suite in suites for node in ast.walk(suite) if isinstance(node, ast.Attribute)}
    async with connections.reading() as connection:
        repositories = vars(SqlRepositories(connection)).values()
    methods = {name for each in repositories for name, _ in inspect.getmembers(type(each), inspect.iscoroutinefunction)}
    assert {name for name in methods if not name.startswith("_")} - called == set()
