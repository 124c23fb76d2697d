"""A backup of a SQLite database: whole and of one moment, or not there at all."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import pytest

from leadnator_auth.adapters.sql import sqlite_backup
from leadnator_auth.adapters.sql.sqlite_backup import BackupError, back_up

ROWS = 500


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of many pages, in the journal mode that ours has, with the same number in all rows."""
    file = tmp_path / "leadnator.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number INTEGER, ballast TEXT)")
        connection.executemany("INSERT INTO numbers VALUES (0, ?)", [("x" * 2000,)] * ROWS)
    return file


@pytest.fixture
def writer(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that stays open, as a server's does: what it writes lies in the file beside."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


def numbers_in(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (ROWS,)
        return [number for (number,) in connection.execute("SELECT DISTINCT number FROM numbers")]


def others_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} - {"leadnator.db", "leadnator.db-wal", "leadnator.db-shm"}


def at_each_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[int]:
    """Has something done after each page, and returns where it is counted how often."""
    steps: list[int] = []

    def step(status: int, remaining: int, total: int) -> None:
        steps.append(remaining)
        act()

    monkeypatch.setattr(sqlite_backup, "PAGES_AT_ONCE", 10)
    monkeypatch.setattr(sqlite_backup, "_look_for_signals", step)
    return steps


def test_it_has_what_was_written_last_and_is_for_its_owner_alone(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    with writer:
        writer.execute("UPDATE numbers SET number = 1")
    back_up(database, tmp_path / "copy.db")
    assert numbers_in(tmp_path / "copy.db") == [1]
    assert S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert others_in(tmp_path) == {"copy.db"}


def test_it_is_of_one_moment_though_others_write_at_each_step(
    database: Path, writer: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with writer:
            writer.execute("UPDATE numbers SET number = number + 1")

    steps = at_each_step(monkeypatch, write)
    back_up(database, tmp_path / "copy.db")
    assert numbers_in(tmp_path / "copy.db") == [0]
    assert len(steps) > 5
    assert steps == sorted(steps, reverse=True), "it began anew"


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_there_stays(database: Path, tmp_path: Path, make: Callable[[Path], object]) -> None:
    target = tmp_path / "there"
    make(target)
    before = target.lstat()
    with pytest.raises(BackupError, match="there already"):
        back_up(database, target)
    assert target.lstat() == before
    assert others_in(tmp_path) == {"there"}


def test_a_database_is_not_made_to_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no database"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["none/copy.db", "leadnator.db/copy.db", "x" * 300])
def test_where_no_file_can_be_made_one_line_says_so(database: Path, tmp_path: Path, target: str) -> None:
    with pytest.raises(BackupError, match=r"cannot make .*: [A-Z].*"):
        back_up(database, tmp_path / target)
    assert others_in(tmp_path) == set()


def test_a_file_that_is_no_database_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "leadnator.db").write_text("my diary\n" * 1000)
    with pytest.raises(BackupError, match="not a database"):
        back_up(tmp_path / "leadnator.db", tmp_path / "copy.db")
    assert others_in(tmp_path) == set()


def test_ctrl_c_leaves_nothing(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = at_each_step(monkeypatch, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        back_up(database, tmp_path / "copy.db")
    assert len(steps) == 1, "it went on"
    assert others_in(tmp_path) == set()


@pytest.mark.parametrize(("place", "call"), [(os, "fsync"), (Path, "replace")])
def test_what_is_not_safely_on_disk_is_no_backup(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: object, call: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, call, fail)
    with pytest.raises(BackupError, match="No space left"):
        back_up(database, tmp_path / "copy.db")
    assert others_in(tmp_path) == set()


def test_until_it_is_whole_its_name_holds_nothing(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks at it after a crash takes half of one for none."""
    sizes: list[int] = []
    at_each_step(monkeypatch, lambda: sizes.append((tmp_path / "copy.db").stat().st_size))
    back_up(database, tmp_path / "copy.db")
    assert set(sizes) == {0}


@pytest.mark.parametrize("name", ["a#1?b%20.db", "ä b.db", os.fsdecode(b"latin-\xe4.db")], ids=ascii)
def test_a_path_is_the_path(database: Path, tmp_path: Path, name: str) -> None:
    database.rename(tmp_path / name)
    back_up(tmp_path / name, tmp_path / f"copy of {name}")
    assert numbers_in(tmp_path / f"copy of {name}") == [0]
