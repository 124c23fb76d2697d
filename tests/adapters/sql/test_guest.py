"""A guest in somebody's database: what is theirs stays as it is, and what is ours is found."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.sql import SchemaError, SchemaState, SqlReadiness, alembic_runner
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION, TABLES, VERSION_TABLE
from leadnator_auth.adapters.sql.sqlite_migration import migrate_sqlite
from leadnator_auth.domain import UnavailableError, sign_up
from leadnator_auth.entrypoints.settings import Settings
from tests.adapters.sql.host_databases import WELCOMING, move_in, schemas_of, state_of, tables_of
from tests.conftest import NewDatabase, connected, sql_ports
from tests.databases import PostgresqlServer, backend_of, insert_user, migrate, probing, run_script, run_sql

SCHEMAS = [
    "leadnator_auth",
    "Auth",
    "our accounts",
    "sch\u00e9ma",
    "a:b",
    "%s $1 {x}",
    "select",
    "back\\slash'quote",
    "x" * 63,
    "\u00e9" * 31,
]
TAKEN = {
    "a table": "CREATE TABLE users (id INTEGER)",
    "a table without our columns": "CREATE TABLE events (what TEXT)",
    "a table that a later revision needs": "CREATE TABLE deleted_users (id INTEGER)",
    "a view": "CREATE VIEW mails AS SELECT 1 AS one",
    "an index": "CREATE TABLE theirs (id INTEGER); CREATE INDEX sessions_expires_at ON theirs (id)",
}
TAKEN_ON_A_SERVER = {
    "a sequence": "CREATE SEQUENCE credentials",
    "a type": "CREATE TYPE known_clients AS ENUM ('a', 'b')",
    "a composite type": "CREATE TYPE rate_limits AS (a INTEGER)",
    "a materialised view": "CREATE MATERIALIZED VIEW reset_tokens AS SELECT 1 AS one",
}
NAMES = {"users", "events", "deleted_users", "mails", "sessions_expires_at", "credentials", "known_clients"} | {
    "rate_limits",
    "reset_tokens",
}


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    """A database of each kind in turn, with nothing in it."""
    return new_database(migrated=False)


@pytest.fixture
def server_url(postgresql_server: PostgresqlServer) -> str:
    """An empty database that has schemas."""
    return postgresql_server.new_database(migrated=False)


async def email_after_sign_up(url: str, schema: str | None = None) -> str:
    """Returns the address of an account that is made there and looked up again."""
    async with connected(backend_of(url, schema=schema)) as connections:
        ports = sql_ports(memory_ports(), connections)
        await ports.readiness.check()
        signed_in = await sign_up("Ada", "ada@example.com", "correct horse", ports=ports)
        identity = await ports.identities.by_session(signed_in.session.id)
        assert identity is not None
        return identity.user.email.typed


async def is_ready(url: str, schema: str | None = None) -> bool:
    async with connected(backend_of(url, schema=schema)) as connections:
        try:
            await SqlReadiness(connections).check()
        except UnavailableError:
            return False
    return True


def migrate_to(version: str, url: str, schema: str | None = None) -> None:
    """Makes the tables as they were in an earlier revision."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alembic_runner, "NEWEST", version)
        migrate(url, schema)


def migrate_as_before(url: str, schema: str | None = None) -> None:
    """Makes the tables, and keeps the version, as the last program that used `alembic_version` did."""
    migrate_to("0007", url, schema)
    place = f'"{schema}".' if schema else ""
    run_script(
        url,
        f"CREATE TABLE {place}alembic_version (version_num VARCHAR(32) NOT NULL);"
        f"INSERT INTO {place}alembic_version SELECT version_num FROM {place}{VERSION_TABLE};"
        f"DROP TABLE {place}{VERSION_TABLE};",
    )


def test_the_tables_that_are_named_are_those_that_there_are(url: str) -> None:
    migrate(url)
    assert tables_of(url) == {*TABLES, VERSION_TABLE}


@pytest.mark.parametrize("host", WELCOMING)
async def test_a_host_and_we_live_in_one_database(url: str, host: str) -> None:
    move_in(host, url)
    before = state_of(host, url)

    assert migrate(url) is True
    assert migrate(url) is False

    assert await email_after_sign_up(url) == "ada@example.com"
    assert state_of(host, url) == before
    assert run_sql(url, f"SELECT version_num FROM {VERSION_TABLE}") == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("host", [*WELCOMING, "users"])
async def test_a_schema_of_our_own_has_all_that_is_ours(server_url: str, host: str) -> None:
    move_in(host, server_url)
    before, theirs = state_of(host, server_url), tables_of(server_url)

    assert migrate(server_url, "leadnator_auth") is True
    assert migrate(server_url, "leadnator_auth") is False

    assert await email_after_sign_up(server_url, "leadnator_auth") == "ada@example.com"
    assert tables_of(server_url) == theirs
    assert tables_of(server_url, "leadnator_auth") == {*TABLES, VERSION_TABLE}
    assert state_of(host, server_url) == before


@pytest.mark.parametrize("version", ["0001", "0004", SCHEMA_VERSION])
async def test_a_hosts_version_that_is_one_of_ours_says_nothing_of_us(url: str, version: str) -> None:
    move_in("alembic", url)
    run_sql(url, f"UPDATE alembic_version SET version_num = '{version}'")
    async with probing(url) as probe:
        assert await probe.schema() is SchemaState.EMPTY
    assert not await is_ready(url)

    assert migrate(url) is True

    assert await is_ready(url)
    assert run_sql(url, "SELECT version_num FROM alembic_version") == [(version,)]


@pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
async def test_what_has_a_name_that_we_need_is_named_with_the_cure_and_left_alone(url: str, taken: str) -> None:
    run_script(url, taken)
    before = everything_in(url)

    with pytest.raises(SchemaError) as refusal:
        migrate(url)

    line = str(refusal.value)
    assert "\n" not in line
    assert any(name in line for name in NAMES), line
    assert ("LEADNATOR_DATABASE_URL" if url.startswith("sqlite") else "LEADNATOR_DATABASE_SCHEMA") in line
    assert everything_in(url) == before


@pytest.mark.parametrize(
    ("name", "others", "suggested"),
    [
        ("leadnator.db", [], "leadnator-2.db"),
        ("leadnator.db", ["leadnator-2.db"], "leadnator-3.db"),
        ("app.db", [], "leadnator.db"),
        ("app.db", ["leadnator.db"], "leadnator-2.db"),
        ("100% da?ten ä.db", [], "leadnator.db"),
    ],
)
@pytest.mark.parametrize("folder", ["", "a folder", "50%?ü"])
def test_the_file_that_is_suggested_is_another_one_and_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, name: str, others: Sequence[str], suggested: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(folder).mkdir(exist_ok=True)
    for each in (name, *others):
        with closing(sqlite3.connect(Path(folder, each))) as connection, connection:
            connection.execute("CREATE TABLE users (id INTEGER)")
    with pytest.raises(SchemaError) as refusal:
        migrate_sqlite(Path(folder, name))
    url = str(refusal.value).partition(", such as ")[2]
    settings = Settings.read({"LEADNATOR_DATABASE_URL": url})
    assert settings.database == Path(folder, suggested)
    assert migrate_sqlite(Path(folder, suggested))


@pytest.mark.parametrize("taken", TAKEN_ON_A_SERVER.values(), ids=TAKEN_ON_A_SERVER)
async def test_on_a_server_more_can_have_a_name_that_we_need(server_url: str, taken: str) -> None:
    run_script(server_url, taken)
    before = everything_in(server_url)

    with pytest.raises(SchemaError, match="LEADNATOR_DATABASE_SCHEMA") as refusal:
        migrate(server_url)

    assert any(name in str(refusal.value) for name in NAMES)
    assert everything_in(server_url) == before
    assert migrate(server_url, "leadnator_auth") is True


def test_what_is_in_our_schema_already_has_another_cure(server_url: str) -> None:
    run_script(server_url, "CREATE SCHEMA app; CREATE TABLE app.users (id INTEGER)")
    with pytest.raises(SchemaError, match=r"users.*another"):
        migrate(server_url, "app")


@pytest.mark.parametrize("schema", SCHEMAS, ids=ascii)
async def test_a_schema_may_have_any_name(server_url: str, schema: str) -> None:
    assert migrate(server_url, schema) is True
    assert schemas_of(server_url) == {"public", schema}
    assert migrate(server_url, schema) is False
    assert await email_after_sign_up(server_url, schema) == "ada@example.com"
    assert tables_of(server_url) == set()
    async with probing(server_url, schema=schema) as probe:
        assert await probe.schema() is SchemaState.CURRENT
        assert await probe.shortcoming() is None
        assert await probe.newest() is not None


async def test_two_schemas_are_two_databases(server_url: str) -> None:
    for schema in ("one", "two"):
        assert migrate(server_url, schema) is True
        assert await email_after_sign_up(server_url, schema) == "ada@example.com"  # taken in neither
    run_sql(server_url, f"UPDATE one.{VERSION_TABLE} SET version_num = 'from-the-future'")
    assert not await is_ready(server_url, "one")
    assert await is_ready(server_url, "two")
    assert not await is_ready(server_url)
    with pytest.raises(SchemaError, match="newer"):
        migrate(server_url, "one")
    assert migrate(server_url, "two") is False
    assert migrate(server_url) is True


def test_who_migrates_one_schema_waits_for_nobody_who_migrates_another(server_url: str) -> None:
    start = Barrier(8)

    def wait_and_migrate(number: int) -> bool:
        start.wait()
        return migrate(server_url, f"schema {number % 2}")

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(wait_and_migrate, range(8)))
    assert outcomes.count(True) == 2


async def test_a_schema_that_is_not_there_has_no_tables_and_none_is_made_by_looking(server_url: str) -> None:
    async with probing(server_url, schema="nowhere") as probe:
        assert await probe.schema() is SchemaState.EMPTY
        assert await probe.shortcoming() is None
    assert not await is_ready(server_url, "nowhere")
    assert schemas_of(server_url) == {"public"}


def test_the_search_path_of_the_role_is_as_good_where_no_schema_is_set(server_url: str) -> None:
    run_sql(server_url, "CREATE SCHEMA app")
    url = f"{server_url}&options=-csearch_path%3Dapp"
    assert migrate(url) is True
    assert tables_of(url, "app") == {*TABLES, VERSION_TABLE}
    assert migrate(server_url, "app") is False


def test_tables_that_are_there_are_brought_up_to_date_where_they_are(
    server_url: str,
) -> None:
    """A schema that comes first in the search path later on changes nothing."""
    migrate_to("0004", server_url)
    run_sql(server_url, "CREATE SCHEMA postgres")  # the role's own name
    assert migrate(server_url) is True
    assert tables_of(server_url, "postgres") == set()
    assert tables_of(server_url) == {*TABLES, VERSION_TABLE}


def test_a_search_path_that_leads_nowhere_is_one_line(server_url: str) -> None:
    with pytest.raises(SchemaError, match="LEADNATOR_DATABASE_SCHEMA"):
        migrate(f"{server_url}&options=-csearch_path%3Dnowhere")


@pytest.mark.parametrize("is_shared", [False, True])
async def test_the_version_of_a_database_of_before_is_moved_over(
    url: str, is_shared: bool, new_database: NewDatabase
) -> None:
    migrate_as_before(url)
    insert_user(url)
    if is_shared:
        run_sql(url, "CREATE TABLE theirs (id INTEGER)")
    async with probing(url) as probe:
        assert await probe.schema() is SchemaState.OLD

    assert migrate(url) is True
    assert migrate(url) is False

    assert await is_ready(url)
    assert run_sql(url, "SELECT id FROM users") == [("u_1",)]
    assert run_sql(url, f"SELECT version_num FROM {VERSION_TABLE}") == [(SCHEMA_VERSION,)]
    # What may be somebody else's by now is left where it is.
    assert ("alembic_version" in tables_of(url)) is is_shared


async def test_the_version_in_a_schema_is_moved_over_too(server_url: str) -> None:
    migrate_as_before(server_url, "app")
    assert migrate(server_url, "app") is True
    assert await is_ready(server_url, "app")


def test_of_two_versions_that_share_a_table_ours_is_found(url: str) -> None:
    migrate_as_before(url)
    run_sql(url, "INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    assert migrate(url) is True
    assert len(run_sql(url, "SELECT * FROM alembic_version")) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        "DROP TABLE credentials",
        "ALTER TABLE users RENAME COLUMN email_canonical TO email_lower",
        "ALTER TABLE users DROP COLUMN session_epoch",
        "DROP TABLE events",
    ],
)
def test_tables_that_are_not_as_the_revision_left_them_are_not_taken_for_ours(url: str, spoil: str) -> None:
    migrate_as_before(url)
    run_sql(url, spoil)
    before = everything_in(url)
    with pytest.raises(SchemaError, match="by a name that we need"):
        migrate(url)
    assert everything_in(url) == before


def test_a_version_behind_the_tables_is_not_believed(url: str) -> None:
    """A host with the same ids has written over ours."""
    migrate_as_before(url)
    run_sql(url, "UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(SchemaError):
        migrate(url)


def everything_in(url: str) -> object:
    """Returns all that SQL can tell of what is defined in a database, and how a file keeps it."""
    if url.startswith("sqlite"):
        return run_sql(url, "SELECT type, name, sql FROM sqlite_master"), run_sql(url, "PRAGMA journal_mode")
    relations = "SELECT relname::text, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    return run_sql(url, f"{relations} ORDER BY 1"), schemas_of(url)
