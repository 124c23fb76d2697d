"""Bringing a database to the schema of this program."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE
from threading import Barrier

import attrs
import pytest
from alembic.script import ScriptDirectory

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.sql import SchemaError, SqlReadiness, SqlUnitOfWork, alembic_runner
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION
from leadnator_auth.adapters.sql.sqlite_migration import use_write_ahead_log
from leadnator_auth.domain import (
    DeliveryState,
    InvalidResetTokenError,
    UnavailableError,
    list_mails,
    log_in,
    reset_password,
)
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.testing.contract.samples import a_user, an_event
from tests.conftest import NewDatabase, connected, sql_ports
from tests.databases import PostgresqlServer, backend_of, columns_of, dump_of, migrate, run_script, run_sql, schema_of
from tests.e2e.server import DEADLINE_SECONDS, PASSWORD

MIGRATIONS = Path(alembic_runner.__file__).with_name("migrations")
RELEASED = sorted(Path(__file__).with_name("released").glob("*.sql"))
OLDER = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())[:-1]
"""Every version before the newest."""
RESET_TOKENS = (
    "SELECT digest, user_id, email_canonical, mail_id, issued_at, expires_at, used_at FROM reset_tokens "
    "LEFT JOIN users ON users.id = reset_tokens.user_id ORDER BY digest"
)
MOVED_TOKENS = (
    "SELECT digest, user_id, address, payload, issued_at, expires_at, used_at FROM one_time_tokens "
    "WHERE purpose = 'reset' AND tries_left = 1 ORDER BY digest"
)
MANY = 10
PROCESSES = 4
"""Each takes most of a second to begin; that more take turns is what the threads show."""
MIGRATE = (
    "import sys; import alembic.command, sqlalchemy; from leadnator_auth.adapters.sql import migrate\n"
    "from leadnator_auth.entrypoints.settings.database_url import read_database_url\n"
    "print('ready', flush=True); sys.stdin.readline(); print(migrate(read_database_url(sys.argv[1])))"
)


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    """A database of each kind in turn, with nothing in it."""
    return new_database(migrated=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite database that is not there yet."""
    return tmp_path / "auth 100%.db"


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """Lets everybody read what a program does not protect by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


async def is_ready(url: str) -> bool:
    async with connected(backend_of(url)) as connections:
        try:
            await SqlReadiness(connections).check()
        except UnavailableError:
            return False
    return True


def version_of(url: str) -> list[tuple[object, ...]]:
    return run_sql(url, "SELECT version_num FROM leadnator_auth_version")


def rows_of(version: str) -> str:
    """Returns rows as this version kept them: they look as they did in the last version that has a file of them."""
    return [file for file in RELEASED if file.stem <= version][-1].read_text("utf-8")


def tokens_of(version: str) -> str:
    """Returns the table in which this version kept the tokens of mailed links."""
    return "reset_tokens" if version < "0008" else "one_time_tokens"


def make_schema(url: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the database as the program of this schema version did."""
    with monkeypatch.context() as patch:
        patch.setattr(alembic_runner, "NEWEST", version)
        migrate(url)
    assert version_of(url) == [(version,)]


def test_the_version_that_is_checked_is_that_of_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [SCHEMA_VERSION]


@pytest.mark.parametrize("version", OLDER)
def test_the_rows_of_a_version_fill_all_of_its_columns(
    file: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{file}"
    make_schema(url, version, monkeypatch)
    for table, columns in re.findall(r"INSERT INTO (\w+) \((.*?)\)", rows_of(version)):
        there = {name for (name,) in run_sql(url, f"SELECT name FROM pragma_table_info('{table}')")}
        assert set(columns.split(", ")) == there, f"{table}: add a file with the rows of {version}"


async def test_an_empty_database_is_made_ready(url: str) -> None:
    assert migrate(url) is True

    assert await is_ready(url)
    assert version_of(url) == [(SCHEMA_VERSION,)]


def test_a_second_migration_has_nothing_to_do(url: str) -> None:
    migrate(url)
    before = schema_of(url)

    assert migrate(url) is False

    assert schema_of(url) == before


@pytest.mark.parametrize("version", OLDER)
def test_an_older_database_becomes_what_a_new_one_is(
    url: str, new_database: NewDatabase, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schema(url, version, monkeypatch)
    run_script(url, rows_of(version))
    columns = columns_of(url)
    before = dump_of(url, columns)
    tokens = run_sql(url, RESET_TOKENS if tokens_of(version) == "reset_tokens" else MOVED_TOKENS)

    assert migrate(url) is True

    assert dump_of(url, columns) == before
    assert run_sql(url, MOVED_TOKENS) == tokens
    assert schema_of(url) == schema_of(new_database())


@pytest.mark.parametrize("version", OLDER)
async def test_who_was_mailed_a_link_by_an_older_program_can_use_it_once(
    url: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schema(url, version, monkeypatch)
    run_script(url, rows_of(version))
    secret = "reset_" + "A" * 43
    run_script(url, f"UPDATE {tokens_of(version)} SET digest = '{digest_of(secret)}' WHERE digest = '00c0ffee';")
    migrate(url)
    memory = memory_ports()
    memory.clock.advance(minutes=59)
    async with connected(backend_of(url)) as connections:
        ports = sql_ports(memory, connections)
        assert (await reset_password(secret, "new-secret", ports=ports)).id == "u_alice"
        with pytest.raises(InvalidResetTokenError):
            await reset_password(secret, "new-secret", ports=ports)


@pytest.mark.parametrize("version", OLDER)
async def test_who_had_an_account_in_an_older_database_still_has_it(
    url: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schema(url, version, monkeypatch)
    run_script(url, rows_of(version))
    migrate(url)
    hasher = BcryptHasher(cost=4, workers=1)
    async with connected(backend_of(url)) as connections:
        ports = attrs.evolve(sql_ports(memory_ports(), connections), hasher=hasher)
        alice = await log_in("alice@example.com", PASSWORD, ports=ports)
        async with SqlUnitOfWork(connections).snapshot() as repositories:
            bob = await repositories.users.by_email("bob@xn--bcher-kva.example")
            sessions = await repositories.sessions.of_user(alice.user, 10)
        mails = await list_mails(ports=ports)
        waiting = await list_mails(DeliveryState.QUEUED, ports=ports)
    hasher.close()
    assert (alice.user.id, alice.user.role, alice.user.plan) == ("u_alice", "admin", "Growth")
    assert bob is not None
    assert bob.is_suspended
    assert {session.id for session in sessions} == {"s_alice", alice.session.id}
    assert {mail.id for mail in mails} >= {"m_1", "m_2", "m_3"}
    assert {mail.id: mail.last_error for mail in waiting}["m_1"] == "421 busy"


@pytest.mark.parametrize("version", [version for version in OLDER if "0006" <= version < "0010"])
async def test_events_of_an_older_database_have_their_places_by_time(
    url: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody who subscribes now waits for them to be placed, and what happens next comes after them."""
    make_schema(url, version, monkeypatch)
    run_script(url, rows_of(version))
    columns, rest = "(id, type, at, user_id, actor, data)", "'u_1', 'u_1', '{}'"
    for event_id, at in (("e_9", 5), ("e_8", 4), ("e_7", 5)):
        run_script(url, f"INSERT INTO events {columns} VALUES ('{event_id}', 'user.updated', {at}, {rest});")
    migrate(url)
    async with connected(backend_of(url)) as connections, SqlUnitOfWork(connections)() as transaction:
        await transaction.events.add([an_event(a_user(), 1)])
        await transaction.events.place(10)
        placed = await transaction.events.after(0, 10)
    assert [(each.position, each.event.id) for each in placed][:3] == [(1, "e_8"), (2, "e_7"), (3, "e_9")]
    assert [each.position for each in placed] == list(range(1, len(placed) + 1))
    assert placed[-1].event == an_event(a_user(), 1)


async def test_who_had_a_second_factor_in_an_older_database_is_asked_for_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schema(url, "0018", monkeypatch)
    run_script(url, rows_of("0018"))
    migrate(url)
    assert run_sql(url, "SELECT id, second_factor_at FROM users ORDER BY id") == [
        ("u_alice", None),
        ("u_bob", 1767225660123456),
    ]


async def test_who_had_passkeys_in_an_older_database_is_offered_them(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_schema(url, "0018", monkeypatch)
    run_script(url, rows_of("0018"))
    migrate(url)
    assert run_sql(url, "SELECT id, passkey_count FROM users ORDER BY id") == [("u_alice", 1), ("u_bob", 0)]


async def test_processes_that_migrate_together_all_succeed(url: str) -> None:
    processes = [
        subprocess.Popen(  # noqa: ASYNC220 (nothing else runs on this loop)
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    outcomes = [process.communicate(timeout=DEADLINE_SECONDS) for process in processes]

    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, outcomes, strict=True)] == [
        (0, "")
    ] * PROCESSES
    assert await is_ready(url)
    assert version_of(url) == [(SCHEMA_VERSION,)]


async def test_threads_that_migrate_together_all_succeed(url: str) -> None:
    start = Barrier(MANY)

    def wait_and_migrate(_: int) -> bool:
        start.wait()
        return migrate(url)

    with ThreadPoolExecutor(MANY) as threads:
        outcomes = list(threads.map(wait_and_migrate, range(MANY)))

    assert True in outcomes
    assert await is_ready(url)
    assert version_of(url) == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("attempt", range(20))
def test_threads_that_turn_the_write_ahead_log_on_together_all_succeed(tmp_path: Path, attempt: int) -> None:
    """SQLite's own time-out does not hold for this: about one in thirty was refused."""
    file = tmp_path / "new.db"
    start = Barrier(MANY)

    def wait_and_turn_on(_: int) -> None:
        start.wait()
        use_write_ahead_log(file)

    with ThreadPoolExecutor(MANY) as threads:
        list(threads.map(wait_and_turn_on, range(MANY)))

    assert run_sql(f"sqlite:///{file}", "PRAGMA journal_mode") == [("wal",)]


async def test_a_database_of_a_newer_program_is_refused_and_left_alone(url: str) -> None:
    migrate(url)
    run_sql(url, "UPDATE leadnator_auth_version SET version_num = 'from-the-future'")
    before = schema_of(url)

    with pytest.raises(SchemaError, match="newer") as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert url.rpartition("/")[2].partition("?")[0] in str(refusal.value)
    assert schema_of(url) == before
    assert version_of(url) == [("from-the-future",)]
    assert not await is_ready(url)


async def test_a_database_that_was_never_migrated_is_not_ready(url: str) -> None:
    assert not await is_ready(url)


async def test_a_database_that_does_not_say_its_version_is_not_ready(url: str) -> None:
    migrate(url)
    run_sql(url, "DELETE FROM leadnator_auth_version")
    assert not await is_ready(url)


def test_a_migration_that_fails_leaves_what_was_there(url: str) -> None:
    run_sql(url, "CREATE TABLE reset_tokens (something TEXT)")
    before = schema_of(url)

    with pytest.raises(SchemaError, match="reset_tokens") as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert schema_of(url) == before


async def test_a_migration_works_where_a_loop_runs_and_where_none_does(url: str) -> None:
    """An embedder may call it from anywhere."""
    assert migrate(url) is True
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(migrate, url).result() is False


async def test_a_program_in_a_folder_with_a_percent_sign_migrates(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100%(home)s"
    folder.mkdir()
    (folder / "migrations").symlink_to(MIGRATIONS)
    monkeypatch.setattr(alembic_runner, "__file__", str(folder / "alembic_runner.py"))
    migrate(url)
    assert await is_ready(url)


@pytest.mark.usefixtures("generous_umask")
async def test_only_its_owner_may_read_a_file_and_what_is_beside_it(file: Path) -> None:
    url = f"sqlite:///{file}"
    migrate(url)
    async with connected(backend_of(url)) as connections:
        async with connections.writing() as connection:
            await connection.run("CREATE TABLE more (id TEXT)")
            await connection.commit()
        modes = {path.name: S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == {file.name: 0o600, f"{file.name}-wal": 0o600, f"{file.name}-shm": 0o600}


def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path) -> None:
    content = "my diary\n" * 1000
    file.write_text(content)

    with pytest.raises(SchemaError) as refusal:
        migrate(f"sqlite:///{file}")

    assert "\n" not in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert file.read_text() == content


def test_a_folder_in_the_place_of_the_file_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(SchemaError, match="cannot open"):
        migrate(f"sqlite:///{file}")


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="nowhere"):
        migrate(f"sqlite:///{tmp_path}/nowhere/auth.db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://alice:geheimnis@127.0.0.1:1/auth",
        "postgresql://alice:geheimnis@/auth?host=/nowhere",
        "postgresql://alice:geheimnis@127.0.0.1:1/auth?sslmode=verify-full&sslrootcert=/nowhere",
    ],
)
def test_a_server_out_of_reach_is_refused_in_one_line_without_the_password(url: str) -> None:
    with pytest.raises(SchemaError, match=r"cannot open the database .*/auth") as refusal:
        migrate(url)
    assert "\n" not in str(refusal.value)
    assert "geheimnis" not in str(refusal.value)


def test_who_may_not_make_tables_is_told_so_in_one_line(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.new_database(migrated=False)
    run_sql(url, "CREATE ROLE guest LOGIN")
    with pytest.raises(SchemaError, match="permission denied") as refusal:
        migrate(url.replace("postgres@", "guest@"))
    assert "\n" not in str(refusal.value)
