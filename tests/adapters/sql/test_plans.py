"""The plans of all statements are looked at where the contract suites run; here is what that look is worth."""

import ast
import asyncio
import inspect
import re
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import Connections, SqlIdentities, SqlUnitOfWork
from leadnator_auth.adapters.sql.events import EVENTS, SqlEvents
from leadnator_auth.adapters.sql.unit_of_work import SqlRepositories
from leadnator_auth.domain import Event, EventType, UserId
from leadnator_auth.domain.entities.event import EventFilter
from leadnator_auth.domain.values.paging import Position
from leadnator_auth.testing import contract
from leadnator_auth.testing.contract.samples import NOW, a_session, a_user, an_event
from tests.adapters.sql.plans import plan_of, statements_seen, tables_without_schema, whole_tables_read
from tests.conftest import connected
from tests.databases import backend_of, empty


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


@pytest.mark.parametrize("event_type", [None, EventType.SESSION_STARTED])
@pytest.mark.parametrize("user_id", [None, UserId("u_alice")])
async def test_a_page_of_events_is_one_look_up_in_an_index_whatever_is_wanted(
    connections: Connections,
    database_kind: str,
    monkeypatch: pytest.MonkeyPatch,
    user_id: UserId | None,
    event_type: EventType | None,
) -> None:
    async with connections.writing() as connection:
        await connection.run_many(EVENTS.insert, [EVENTS.values(_event(number)) for number in range(2000)])
        await connection.commit()
    statements = statements_seen(monkeypatch)
    async with connections.reading() as connection:
        await SqlEvents(connection).latest(EventFilter(user_id, event_type), 21, Position(NOW, "e_1000"))
    monkeypatch.undo()
    (sql,) = [sql for sql in statements if "FROM events" in sql]
    async with connections.writing() as connection:
        if database_kind == "postgresql":  # without statistics it takes a sort for cheap
            await connection.run("SET LOCAL enable_bitmapscan = off")
            await connection.run("SET LOCAL enable_sort = off")
        plan = "\n".join(await plan_of(connection, database_kind, sql, statements[sql]))
    assert not re.search(r"SCAN|Seq|Sort|Filter|TEMP|Bitmap", plan), plan
    found_by = {"user_id": user_id, "type": event_type, "at": NOW}
    (condition,) = re.findall(r"(?:Index Cond: |USING INDEX \w+ )(.*)", plan)
    assert [column for column, wanted in found_by.items() if (column in condition) != (wanted is not None)] == []


async def test_postgresql_looks_the_user_of_a_session_up_though_there_are_few(
    shared_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It likes to read a small table whole, for twice the cost, which every authenticated request would pay."""
    empty(shared_postgresql)
    users = [a_user(f"user{number}") for number in range(1000)]
    sessions = [a_session(user) for user in users]
    async with connected(backend_of(shared_postgresql)) as connections:
        async with SqlUnitOfWork(connections)() as transaction:
            await transaction.users.add(users)
            for session in sessions:
                await transaction.sessions.add(session)
            await transaction.commit()
        statements = statements_seen(monkeypatch)
        await asyncio.gather(*(SqlIdentities(connections).by_session(session.id) for session in sessions[:7]))
        monkeypatch.undo()
        ((sql, values),) = statements.items()
        async with connections.writing() as connection:
            await connection.run("ANALYZE users")
            await connection.run("ANALYZE sessions")
            plan = "\n".join(row["QUERY PLAN"] for row in await connection.fetch_all(f"EXPLAIN {sql}", **values))
    assert "users_pkey" in plan
    assert "Seq Scan on users" not in plan


def _event(number: int) -> Event:
    """Returns one of many events, most of which are log-ins, and of which Alice has every second."""
    user = a_user("alice") if number % 2 else a_user(f"user{number}")
    kind = EventType.SESSION_STARTED if number % 9 else EventType.USER_UPDATED
    return attrs.evolve(an_event(user, number), type=kind)


@pytest.mark.usefixtures("database_kind")
async def test_the_suites_call_every_method_of_every_repository(connections: Connections) -> None:
    suites = [ast.parse(file.read_text()) for file in Path(contract.__file__).parent.glob("*.py")]
    called = {node.attr for suite in suites for node in ast.walk(suite) if isinstance(node, ast.Attribute)}
    async with connections.reading() as connection:
        repositories = vars(SqlRepositories(connection)).values()
    methods = {name for each in repositories for name, _ in inspect.getmembers(type(each), inspect.iscoroutinefunction)}
    assert {name for name in methods if not name.startswith("_")} - called == set()
