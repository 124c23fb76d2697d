"""Bringing a database to the schema of this program."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from stat import S_IMODE
from threading import Barrier

import pytest
from alembic.script import ScriptDirectory

from leadnator_auth.adapters.sql import SQLITE, Connections, SchemaError, SqlReadiness, migrate, schema
from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION
from leadnator_auth.domain import UnavailableError
from tests.e2e.server import DEADLINE_SECONDS

MIGRATIONS = Path(schema.__file__).with_name("migrations")
MANY = 5
MIGRATE = (
    "import sys; import alembic.command, sqlalchemy; from leadnator_auth.adapters.sql import migrate\n"
    "print('ready', flush=True); sys.stdin.readline(); print(migrate(sys.argv[1]))"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that is not there yet."""
    return tmp_path / "auth 100%.db"


@pytest.fixture
def url(file: Path) -> str:
    """Its URL."""
    return f"sqlite:///{file}"


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """Lets everybody read what a program does not protect by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def run_sql(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(sql).fetchall()


def dump_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


async def is_ready(url: str) -> bool:
    connections = Connections(url, SQLITE)
    await connections.open()
    try:
        await SqlReadiness(connections).check()
    except UnavailableError:
        return False
    finally:
        await connections.close()
    return True


def test_the_version_that_is_checked_is_that_of_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [SCHEMA_VERSION]


async def test_an_empty_database_is_made_ready(file: Path, url: str) -> None:
    assert migrate(url) is True

    assert await is_ready(url)
    assert run_sql(file, "SELECT version_num FROM alembic_version") == [(SCHEMA_VERSION,)]
    assert run_sql(file, "PRAGMA integrity_check") == [("ok",)]


def test_a_second_migration_has_nothing_to_do(file: Path, url: str) -> None:
    migrate(url)
    before = dump_of(file)

    assert migrate(url) is False

    assert dump_of(file) == before


@pytest.mark.usefixtures("generous_umask")
async def test_only_its_owner_may_read_a_database_and_what_is_beside_it(file: Path, url: str) -> None:
    migrate(url)
    connections = Connections(url, SQLITE)
    await connections.open()
    async with connections.writing() as slot:
        await slot.run("CREATE TABLE more (id TEXT)")
        await slot.commit()

    modes = {path.name: S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}

    await connections.close()
    assert modes == {file.name: 0o600, f"{file.name}-wal": 0o600, f"{file.name}-shm": 0o600}


async def test_processes_that_migrate_together_all_succeed(file: Path, url: str) -> None:
    processes = [
        subprocess.Popen(  # noqa: ASYNC220 (nothing else runs on this loop)
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(MANY)
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
    ] * MANY
    assert await is_ready(url)
    assert run_sql(file, "SELECT version_num FROM alembic_version") == [(SCHEMA_VERSION,)]


async def test_threads_that_migrate_together_all_succeed(file: Path, url: str) -> None:
    start = Barrier(MANY)

    def wait_and_migrate(_: int) -> bool:
        start.wait()
        return migrate(url)

    with ThreadPoolExecutor(MANY) as threads:
        outcomes = list(threads.map(wait_and_migrate, range(MANY)))

    assert True in outcomes
    assert await is_ready(url)
    assert run_sql(file, "SELECT version_num FROM alembic_version") == [(SCHEMA_VERSION,)]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(file: Path, url: str) -> None:
    migrate(url)
    run_sql(file, "UPDATE alembic_version SET version_num = 'from-the-future'")
    before = file.read_bytes()

    with pytest.raises(SchemaError, match="newer") as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert file.read_bytes() == before


async def test_a_database_of_a_newer_program_is_not_ready(file: Path, url: str) -> None:
    migrate(url)
    run_sql(file, "UPDATE alembic_version SET version_num = 'from-the-future'")
    assert not await is_ready(url)


async def test_a_database_that_was_never_migrated_is_not_ready(url: str) -> None:
    assert not await is_ready(url)


async def test_a_database_that_does_not_say_its_version_is_not_ready(file: Path, url: str) -> None:
    migrate(url)
    run_sql(file, "DELETE FROM alembic_version")
    assert not await is_ready(url)


async def test_a_program_in_a_folder_with_a_percent_sign_migrates(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100%(home)s"
    folder.mkdir()
    (folder / "migrations").symlink_to(MIGRATIONS)
    monkeypatch.setattr(schema, "__file__", str(folder / "schema.py"))
    migrate(url)
    assert await is_ready(url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path, url: str) -> None:
    content = "my diary\n" * 1000
    file.write_text(content)

    with pytest.raises(SchemaError) as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert file.read_text() == content


def test_a_folder_in_the_place_of_the_database_is_refused(file: Path, url: str) -> None:
    file.mkdir()
    with pytest.raises(SchemaError, match="cannot open"):
        migrate(url)


def test_a_database_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="nowhere"):
        migrate(f"sqlite:///{tmp_path}/nowhere/auth.db")


def test_a_migration_that_fails_leaves_what_was_there(file: Path, url: str) -> None:
    run_sql(file, "CREATE TABLE reset_tokens (something TEXT)")
    before = dump_of(file)

    with pytest.raises(SchemaError, match="reset_tokens") as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert dump_of(file) == before
