"""What a database must be able to do is looked at before anything is written, and told with what to do about it."""

import asyncio
import sqlite3
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.sql import SchemaError, Shortcoming, library_shortcoming, sqlite_library
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.postgresql_catalog import server_shortcoming
from leadnator_auth.adapters.sql.users import SqlUsers
from leadnator_auth.domain import InvalidFieldsError, UnavailableError, sign_up
from leadnator_auth.testing.contract.samples import a_user
from tests.conftest import NewDatabase, connected, sql_ports
from tests.databases import PostgresqlServer, backend_of, migrate, probing, run_script, run_sql

ALL = "SELECT, INSERT, UPDATE, DELETE"


@pytest.fixture
def empty(postgresql_server: PostgresqlServer) -> str:
    """An empty database on a server."""
    return postgresql_server.new_database(migrated=False)


async def lacking(url: str, schema: str | None = None) -> Shortcoming | None:
    async with probing(url, schema=schema) as probe:
        return await probe.shortcoming()


def refusal_of(url: str, schema: str | None = None) -> str:
    """Returns the one line of a migration that is refused."""
    with pytest.raises(SchemaError) as refusal:
        migrate(url, schema)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def a_database(server: PostgresqlServer, name: str, options: str) -> str:
    run_sql(server.url("postgres"), f"CREATE DATABASE {name} {options} TEMPLATE template0")
    return server.url(name)


@pytest.mark.parametrize(
    ("name", "encoding", "locale"),
    [("latin1", "LATIN1", "C"), ("latin2", "LATIN2", "C"), ("win1252", "WIN1252", "C"), ("ascii", "SQL_ASCII", "C")],
)
async def test_a_database_in_another_encoding_is_refused(
    postgresql_server: PostgresqlServer, name: str, encoding: str, locale: str
) -> None:
    url = a_database(
        postgresql_server, f"in_{name}", f"ENCODING '{encoding}' LC_COLLATE '{locale}' LC_CTYPE '{locale}'"
    )
    line = refusal_of(url)
    assert encoding in line
    assert "ENCODING 'UTF8'" in line
    found = await lacking(url)
    assert found is not None
    assert encoding in found.found
    assert run_sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


async def test_a_server_that_is_too_old_is_refused() -> None:
    async def of_another_age(sql: str, **values: object) -> list[dict[str, object]]:
        return [{"version": 11, "encoding": "UTF8", "is_read_only": False, "is_replica": False}]

    found = await server_shortcoming(of_another_age)
    assert found is not None
    assert "PostgreSQL 11 is too old: 12" in found.line


@pytest.mark.parametrize("is_migrated", [False, True])
async def test_what_takes_no_writes_is_refused(empty: str, is_migrated: bool) -> None:
    if is_migrated:
        migrate(empty)
    url = f"{empty}&options=-cdefault_transaction_read_only%3Don"
    assert "default_transaction_read_only" in refusal_of(url)
    found = await lacking(url)
    assert found is not None
    assert "target_session_attrs=read-write" in found.cure


def test_a_replica_is_told_as_such() -> None:
    async def a_replica(sql: str, **values: object) -> list[dict[str, object]]:
        return [{"version": 16, "encoding": "UTF8", "is_read_only": True, "is_replica": True}]

    found = asyncio.run(server_shortcoming(a_replica))
    assert found is not None
    assert "the server is a replica" in found.found


@pytest.mark.parametrize("schema", [None, "Our app"])
@pytest.mark.parametrize("granted", ["", "SELECT", "SELECT, INSERT, UPDATE"])
async def test_a_role_without_rights_is_told_which_and_how_to_get_them(
    empty: str, schema: str | None, granted: str
) -> None:
    migrate(empty, schema)
    place = '"Our app"' if schema else '"public"'
    role = f"guest_{len(granted)}_{schema is None}".lower()
    grants = f'CREATE ROLE "{role}" LOGIN; GRANT USAGE ON SCHEMA {place} TO {role};'
    run_script(empty, grants + (f"GRANT {granted} ON ALL TABLES IN SCHEMA {place} TO {role};" if granted else ""))
    theirs = empty.replace("postgres@", f"{role}@")
    line = refusal_of(theirs, schema)
    for right in ALL.split(", "):
        assert (f"{right} " in line.replace(",", " ")) is (right not in granted.split(", "))
    found = await lacking(theirs, schema)
    assert found is not None

    run_sql(empty, found.cure)

    assert await lacking(theirs, schema) is None
    assert migrate(theirs, schema) is False
    async with connected(backend_of(theirs, schema=schema)) as connections:
        ports = sql_ports(memory_ports(), connections)
        assert await sign_up("Ada", "ada@example.com", "correct horse", ports=ports)


async def test_a_role_that_may_not_use_the_schema_is_told_so(empty: str) -> None:
    migrate(empty, "app")
    run_script(empty, "CREATE ROLE stranger LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA app TO stranger")
    url = empty.replace("postgres@", "stranger@")
    assert 'GRANT USAGE ON SCHEMA "app" TO "stranger"' in refusal_of(url, "app")
    found = await lacking(url, "app")
    assert found is not None
    assert "may not use" in found.found


async def test_a_role_that_may_not_make_the_schema_is_told_so_and_one_that_owns_it_can(empty: str) -> None:
    run_sql(empty, "CREATE ROLE maker LOGIN")
    url = empty.replace("postgres@", "maker@")
    assert 'CREATE SCHEMA "our app" AUTHORIZATION "maker"' in refusal_of(url, "our app")
    found = await lacking(url, "our app")
    assert found is not None
    assert "may not make it" in found.found
    run_sql(empty, 'CREATE SCHEMA "our app" AUTHORIZATION "maker"')
    assert migrate(url, "our app") is True


def test_a_role_that_may_make_schemas_makes_its_own(empty: str) -> None:
    run_script(
        empty,
        "CREATE ROLE founder LOGIN; DO $$ BEGIN "
        "EXECUTE format('GRANT CREATE ON DATABASE %I TO founder', current_database()); END $$",
    )
    assert migrate(empty.replace("postgres@", "founder@"), "app") is True


def test_the_hosts_rights_are_none_of_ours(empty: str) -> None:
    """A table of the same name is told as such, not as one that a right is lacking on."""
    run_script(
        empty, "CREATE TABLE users (id INTEGER); CREATE ROLE newcomer LOGIN; GRANT CREATE ON SCHEMA public TO newcomer"
    )
    assert "by a name that we need" in refusal_of(empty.replace("postgres@", "newcomer@"))


@pytest.mark.parametrize("version", [(3, 26, 0), (3, 34, 1), (3, 37, 2)])
def test_a_sqlite_that_is_too_old_is_refused_before_there_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, version)))
    line = refusal_of(f"sqlite:///{tmp_path}/auth.db")
    assert f"SQLite {'.'.join(map(str, version))} is too old: 3.38.0" in line
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_that_lacks_a_feature_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library_shortcoming() is None
    monkeypatch.setattr(sqlite_library, "USED", ("SELECT value FROM no_such_function('[]')",))
    found = library_shortcoming()
    assert found is not None
    assert "no_such_function" in found.found


async def latin1(server: PostgresqlServer, name: str) -> str:
    """Returns a database that slipped in: it can hold some names, and was migrated all the same."""
    url = a_database(server, name, "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    from leadnator_auth.adapters.sql.alembic_runner import upgrade_script

    run_script(url, upgrade_script("postgresql", None, None, name))
    return url


async def test_a_text_that_a_database_has_no_place_for_is_a_field_that_is_wrong(
    postgresql_server: PostgresqlServer,
) -> None:
    url = await latin1(postgresql_server, "slipped_in")
    async with connected(backend_of(url)) as connections:
        ports = sql_ports(memory_ports(), connections)
        for name in ("\u0141ukasz", "Zo\u00eb \U0001f600", "\u674e"):
            with pytest.raises(InvalidFieldsError) as refusal:
                await sign_up(name, "ada@example.com", "correct horse", ports=ports)
            assert [(error.field, error.code) for error in refusal.value.errors] == [("name", "invalid_characters")]
        async with connections.writing() as connection:
            with pytest.raises(InvalidFieldsError, match="email: invalid_characters"):
                await SqlUsers(connection).by_email("\u043f\u043e\u0447\u0442\u0430@example.com")
        async with connections.reading() as connection:
            with pytest.raises(InvalidFieldsError, match="query: invalid_characters"):
                await SqlUsers(connection).page("\u0141uk", 10, None)
        signed_in = await sign_up("Zo\u00eb", "zoe@example.com", "correct horse", ports=ports)
        assert signed_in.user.name == "Zo\u00eb"


async def test_what_cannot_even_be_handed_to_a_driver_is_a_field_that_is_wrong(new_database: NewDatabase) -> None:
    async with connected(backend_of(new_database())) as connections, connections.writing() as connection:
        with pytest.raises(InvalidFieldsError, match="name"):
            await SqlUsers(connection).add([attrs.evolve(a_user("ada"), name="\ud800")])


async def test_many_rows_of_which_one_cannot_be_kept_are_refused_by_its_field(new_database: NewDatabase) -> None:
    async with connected(backend_of(new_database())) as connections, connections.writing() as connection:
        users = [a_user("ada"), attrs.evolve(a_user("bob"), name="\udfff"), a_user("carol")]
        with pytest.raises(InvalidFieldsError, match="name"):
            await SqlUsers(connection).add(users)


async def test_a_number_that_cannot_be_kept_is_no_field_of_anybody(new_database: NewDatabase) -> None:
    async with connected(backend_of(new_database())) as connections, connections.writing() as connection:
        with pytest.raises(UnavailableError, match="does not take"):
            await connection.run("UPDATE users SET created_at = :at", at=2**70)


async def test_whatever_is_raised_while_connecting_is_told_in_one_line(new_database: NewDatabase) -> None:
    def broken(secret: str) -> None:
        raise KeyError(secret)

    backend = backend_of(new_database())
    odd = attrs.evolve(
        backend, options={**backend.options, "init" if "min_size" in backend.options else "factory": broken}
    )
    async with connected(odd) as connections:
        with pytest.raises(UnavailableError):
            async with Connections.single_read(connections):
                pass


IN_OUR_PLACE = {
    "a table": ("users", "CREATE TABLE users (id integer)"),
    "a view": ("sessions", "CREATE VIEW sessions AS SELECT 1 AS id"),
    "one that there was before": ("audit_entries", "CREATE TABLE audit_entries (id integer)"),
    "an empty table of the version": ("leadnator_auth_version", "CREATE TABLE leadnator_auth_version (n integer)"),
}


@pytest.mark.parametrize("what", IN_OUR_PLACE)
async def test_what_is_in_our_place_is_told_before_it_is_in_the_way(new_database: NewDatabase, what: str) -> None:
    name, statement = IN_OUR_PLACE[what]
    url = new_database(migrated=False)
    run_sql(url, statement)
    found = await lacking(url)
    assert found is not None
    assert found.found == f"it has something else by a name that we need: {name}"
    assert "LEADNATOR_DATABASE_" in found.cure
    refusal_of(url)


async def test_sqlite_has_one_name_in_whatever_letters(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/host.db"
    run_sql(url, 'CREATE TABLE "Users" (id integer)')
    found = await lacking(url)
    assert found is not None
    assert found.found.endswith(": Users")
    refusal_of(url)


async def test_what_stands_in_another_schema_is_in_nobodys_way(empty: str) -> None:
    run_sql(empty, "CREATE TABLE users (id integer)")
    assert await lacking(empty, "ours") is None
    assert migrate(empty, "ours") is True
    assert await lacking(empty, "ours") is None


async def test_a_search_path_that_leads_nowhere_is_told(empty: str) -> None:
    url = f"{empty}&options=-csearch_path%3Dnowhere"
    found = await lacking(url)
    assert found is not None
    assert found.line in refusal_of(url)
