"""Looking at a database: what it tells of itself, and that it is left as it was."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import SchemaState, SqlUnitOfWork, alembic_runner
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.domain import EventBacklog, RefreshFamily, UnavailableError
from leadnator_auth.testing.contract.samples import (
    NOW,
    a_session,
    a_subscription,
    a_user,
    a_webhook,
    an_event_delivery,
)
from leadnator_auth.testing.contract.second_factors import a_factor
from tests.conftest import NewDatabase, connected
from tests.databases import backend_of, insert_user, migrate, probing, run_sql, sqlite_path

LATER = datetime(2099, 1, 1, 12, 30, tzinfo=UTC)


async def schema_of(url: str) -> SchemaState:
    async with probing(url, None, prepared_statements=True) as probe:
        return await probe.schema()


async def test_it_answers_in_some_time(database_url: str) -> None:
    async with probing(database_url, 2, prepared_statements=False) as probe:
        assert 0 < await probe.round_trip() < 5


async def test_a_server_tells_the_time_and_a_file_has_none(database_url: str) -> None:
    async with probing(database_url, None, prepared_statements=True) as probe:
        now = await probe.now()
    if database_url.startswith("sqlite"):
        assert now is None
    else:
        assert now is not None
        assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)


async def test_the_newest_of_all_rows_is_found(database_url: str) -> None:
    number = to_number(LATER)
    async with probing(database_url, None, prepared_statements=True) as probe:
        assert await probe.newest() is None
        insert_user(database_url, created_at=number)
        columns = "id, user_id, created_at, expires_at, ip, user_agent"
        run_sql(database_url, f"INSERT INTO sessions ({columns}) VALUES ('s_1', 'u_1', 0, 1, '', '')")
        assert await probe.newest() == LATER


async def test_the_schema_is_that_of_this_program(database_url: str) -> None:
    assert await schema_of(database_url) is SchemaState.CURRENT


async def test_a_schema_of_an_older_program_is_known(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database(migrated=False)
    with monkeypatch.context() as patch:
        patch.setattr(alembic_runner, "NEWEST", "0001")
        migrate(url)
    assert await schema_of(url) is SchemaState.OLD


async def test_a_schema_of_a_newer_program_is_not(database_url: str) -> None:
    run_sql(database_url, "UPDATE leadnator_auth_version SET version_num = 'from-the-future'")
    assert await schema_of(database_url) is SchemaState.NEWER


async def test_no_schema_is_told_and_none_is_made(new_database: NewDatabase) -> None:
    url = new_database(migrated=False)
    if url.startswith("sqlite"):
        sqlite_path(url).touch()
    assert await schema_of(url) is SchemaState.EMPTY
    assert await schema_of(url) is SchemaState.EMPTY
    if url.startswith("sqlite"):
        assert sqlite_path(url).read_bytes() == b""


async def test_a_file_is_left_as_it_was(tmp_path: Path) -> None:
    for mode in ("WAL", "DELETE"):
        file = tmp_path / f"{mode}.db"
        url = f"sqlite:///{file}"
        migrate(url)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"PRAGMA journal_mode = {mode}")
        before = file.read_bytes()
        async with probing(url, None, prepared_statements=True) as probe:
            await probe.round_trip()
            await probe.newest()
            await probe.schema()
        assert file.read_bytes() == before
        assert [each.name for each in tmp_path.glob(f"{mode}*")] == [file.name]


async def test_what_is_no_database_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "diary.db").write_text("dear diary\n" * 1000)
    with pytest.raises(UnavailableError, match="not a database"):
        await schema_of(f"sqlite:///{tmp_path}/diary.db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://auth:geheimnis@127.0.0.1:1/auth",
        "postgresql://auth:geheimnis@/auth?host=/nowhere&port=1",
        "postgresql://auth:geheimnis@127.0.0.1:1/auth?sslmode=verify-full&sslrootcert=/nowhere",
    ],
)
async def test_a_server_out_of_reach_is_told_without_the_password(url: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        await schema_of(url)
    assert str(caught.value)
    assert "geheimnis" not in str(caught.value)


async def test_it_tells_of_webhooks_and_of_what_waits_for_them(database_url: str) -> None:
    webhook, subscription, delivery = a_webhook(), a_subscription(), an_event_delivery()
    async with connected(backend_of(database_url)) as connections, SqlUnitOfWork(connections)() as transaction:
        await transaction.webhooks.add(webhook)
        await transaction.subscriptions.add(subscription)
        await transaction.event_deliveries.add(delivery)
        await transaction.commit()
    async with probing(database_url, None, prepared_statements=True) as probe:
        assert await probe.webhooks() == [(webhook, subscription)]
        assert await probe.event_backlog() == EventBacklog(1, 0, 0, delivery.queued_at)


async def test_it_tells_how_many_apps_and_token_pairs_need_each_master_key(database_url: str) -> None:
    alice, bob = a_user("alice"), a_user("bob")
    live, expired, ended = a_session(alice, 1), attrs.evolve(a_session(alice, 2), expires_at=NOW), a_session(bob, 1)
    async with connected(backend_of(database_url)) as connections, SqlUnitOfWork(connections)() as transaction:
        await transaction.users.add([alice, attrs.evolve(bob, session_epoch=1)])
        for number in (1, 2, 3):
            factor = attrs.evolve(a_factor(alice, number), key_id="other" if number == 1 else "this")
            await transaction.totp_factors.add(factor if number == 3 else attrs.evolve(factor, confirmed_at=NOW))
        for session in (live, expired, ended):
            await transaction.sessions.add(session)
            await transaction.refresh_families.add(RefreshFamily(session.id, "this", 1))
        await transaction.commit()
    async with probing(database_url, None, prepared_statements=True) as probe:
        assert await probe.totp_factors_by_key() == {"other": 1, "this": 1}, "an app that was never confirmed is none"
        assert await probe.token_pairs_by_key(NOW) == {"this": 1}, "a session that is over needs no key"
