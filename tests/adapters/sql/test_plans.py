"""How each statement finds its rows: by an index, in every database, however many rows there are."""

import inspect
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from leadnator_auth.adapters.sql import Connections, SqlIdentities, SqlRateLimits, SqlReadiness, SqlUnitOfWork
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import MailState, RateLimit
from leadnator_auth.domain.entities.event import EventFilter, EventType
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.rate_limit import Charge
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.values.paging import Position
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_session, a_token, a_user, an_event, some_credentials
from tests.conftest import connected
from tests.databases import PostgresqlServer, backend_of, migrate, probing

READS_ALL = ("GROUP BY state", "leadnator_auth_version")
"""The figures of the mail queue count it; the table of the version has one row."""

ALICE = a_user("alice")
CANONICAL = ALICE.email.canonical
Values = dict[str, object]


def everything(transaction: Transaction) -> dict[str, list[Callable[[], Awaitable[object]]]]:
    """Returns a call of each method of each repository."""
    users, credentials, sessions = transaction.users, transaction.credentials, transaction.sessions
    tokens, mails, events = transaction.reset_tokens, transaction.mail_queue, transaction.events
    known = transaction.known_clients
    session, token, mail = a_session(ALICE), a_token(ALICE), a_mail()
    return {
        "users": [
            lambda: users.add(ALICE),
            lambda: users.add_all([a_user("bob")]),
            lambda: users.by_id(ALICE.id),
            lambda: users.by_email(CANONICAL),
            lambda: users.save(ALICE),
            lambda: users.active_admins(),
            lambda: users.page("", 10, None),
            lambda: users.page("\u00fcmit", 10, Position(NOW, ALICE.id)),
            lambda: users.remove(a_user("carol").id),
            lambda: users.purge(10),
        ],
        "credentials": [
            lambda: credentials.add(some_credentials(ALICE)),
            lambda: credentials.add_all([some_credentials(a_user("bob"))]),
            lambda: credentials.of(ALICE.id),
            lambda: credentials.by_emails([CANONICAL, "bob@example.com"]),
            lambda: credentials.change(ALICE.id, "hash-2", NOW),
            lambda: credentials.upgrade(ALICE.id, old_hash="hash-2", new_hash="hash-3"),
        ],
        "sessions": [
            lambda: sessions.add(session),
            lambda: sessions.by_id(session.id),
            lambda: sessions.of_user(ALICE, 10),
            lambda: sessions.end(session.id),
            lambda: sessions.save(session),
            lambda: sessions.trim(ALICE.id, keep=1, most=10),
            lambda: sessions.purge(NOW, 10),
        ],
        "reset_tokens": [
            lambda: tokens.add(token),
            lambda: tokens.by_digest(token.digest),
            lambda: tokens.redeem(token.digest, NOW),
            lambda: tokens.issued_since(ALICE.id, NOW, 5),
            lambda: tokens.withdraw("0" * 64),
            lambda: tokens.purge(NOW, 10),
        ],
        "known_clients": [
            lambda: known.get(ALICE.id, "192.0.2.1"),
            lambda: known.put(KnownClient(ALICE.id, "192.0.2.1", NOW)),
            lambda: known.trim(ALICE.id, keep=1, most=10),
            lambda: known.purge(NOW, 10),
        ],
        "mail_queue": [
            lambda: mails.add(mail),
            lambda: mails.next_due_at(),
            lambda: mails.lease(NOW + timedelta(hours=1), 10),
            lambda: mails.save(mail),
            lambda: mails.latest(None, 10),
            lambda: mails.latest(MailState.DEAD, 10),
            lambda: mails.drop_to_nobody(NOW, 10),
            lambda: mails.drop_like(mail, NOW, 10),
            lambda: mails.count_since(mail.kind, mail.recipient, NOW),
            lambda: mails.retry(NOW, mail.id),
            lambda: mails.retry_some(NOW, 10, ""),
            lambda: mails.figures(),
            lambda: mails.purge(MailState.SENT, NOW, 10),
            lambda: mails.remove(mail.id),
        ],
        "events": [
            lambda: events.add([an_event(ALICE)]),
            lambda: events.add([an_event(ALICE, 2), an_event(ALICE, 3)]),
            lambda: events.latest(EventFilter(), 10, None),
            lambda: events.latest(EventFilter(ALICE.id), 10, Position(NOW, "e_1")),
            lambda: events.latest(EventFilter(type=EventType.USER_UPDATED), 10, None),
            lambda: events.latest(EventFilter(ALICE.id, EventType.USER_UPDATED), 10, None),
            lambda: events.purge(NOW, 10),
        ],
    }


async def statements_of(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> dict[str, Values]:
    """Returns every statement that the repositories ever run, each with some of its values."""
    seen: dict[str, Values] = {}

    def spy(name: str) -> None:
        original = getattr(PooledConnection, name)

        async def spied(connection: PooledConnection, sql: str, *rows: Any, **values: object) -> object:
            seen[sql] = dict(rows[0][0]) if rows else values
            return await original(connection, sql, *rows, **values)

        monkeypatch.setattr(PooledConnection, name, spied)

    for name in ("fetch_one", "fetch_all", "run", "run_many"):
        spy(name)
    async with SqlUnitOfWork(connections)() as transaction:
        for calls in everything(transaction).values():
            for call in calls:
                await call()
    await SqlIdentities(connections).by_session(a_session(ALICE).id)
    rate_limits = SqlRateLimits(connections)
    charge = Charge(RateLimit("few", 1, timedelta(hours=1)), "alice")
    assert [await rate_limits.take([charge], NOW) is None for _ in range(2)] == [True, False]
    await rate_limits.forgive(give_back=[charge], clear=[charge])
    await rate_limits.purge(NOW, 10)
    await SqlReadiness(connections).check()
    monkeypatch.undo()
    return {sql: values for sql, values in seen.items() if sql.split()[0] not in ("BEGIN", "COMMIT", "ROLLBACK")}


async def test_no_method_is_forgotten_here(connections: Connections) -> None:
    async with SqlUnitOfWork(connections)() as transaction:
        for repository, calls in everything(transaction).items():
            called = {name for call in calls for name in call.__code__.co_names}
            methods = inspect.getmembers(type(getattr(transaction, repository)), inspect.iscoroutinefunction)
            assert {name for name, _ in methods if not name.startswith("_")} <= called


async def test_every_statement_finds_its_rows_by_an_index(
    connections: Connections, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = await statements_of(connections, monkeypatch)
    assert len(statements) > 30
    async with connections.writing() as connection:
        for sql, values in statements.items():
            if any(part in sql for part in READS_ALL):
                continue
            whole = [
                step for step in await plan_of(connection, database_kind, sql, values) if reads_a_whole_table(step)
            ]
            assert whole == [], sql


async def test_every_statement_names_the_schema_of_its_tables(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not would find none: the search path of the role has none."""
    url = postgresql_server.new_database(migrated=False)
    migrate(url, "elsewhere")
    async with connected(backend_of(url, schema="elsewhere")) as connections:
        await statements_of(connections, monkeypatch)
    async with probing(url, schema="elsewhere") as probe:
        assert await probe.newest() is None


def reads_a_whole_table(step: str) -> bool:
    return (
        re.search(
            r"\b(Seq Scan on|SCAN) "
            r"(?!old\b|due\b|over\b|waiting\b|json_each\b|deleted_users\b|CONSTANT|"
            r"users USING INDEX users_active_admins|mails USING (COVERING )?INDEX mails_waiting)",
            step,
        )
        is not None
    )


async def plan_of(connection: PooledConnection, database_kind: str, sql: str, values: Values) -> list[str]:
    if database_kind == "sqlite":
        return [row["detail"] for row in await connection.fetch_all(f"EXPLAIN QUERY PLAN {sql}", **values)]
    await connection.run("SET LOCAL enable_seqscan = off")  # then a table is read whole only where it must be
    return [row["QUERY PLAN"] for row in await connection.fetch_all(f"EXPLAIN {sql}", **values)]


async def test_a_statement_that_reads_a_whole_table_would_be_found(
    connections: Connections, database_kind: str
) -> None:
    async with connections.writing() as connection:
        plan = await plan_of(connection, database_kind, "SELECT id FROM users WHERE plan = :plan", {"plan": "Starter"})
    assert any(reads_a_whole_table(step) for step in plan)
