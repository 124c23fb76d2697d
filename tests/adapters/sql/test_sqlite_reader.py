"""Look-ups on the event loop: rows are kept until anybody commits anything, and no longer."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvloop

from leadnator_auth.adapters.sql import sqlite_reader
from leadnator_auth.adapters.sql.backend import BusyError
from leadnator_auth.adapters.sql.sqlite_reader import SqliteReader

ROW = "SELECT id, name FROM people WHERE id"
NAME = "SELECT name, id FROM people WHERE id"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.db"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID")
        connection.execute("INSERT INTO people VALUES ('1', 'Alice'), ('2', 'Bob')")
        yield connection


@pytest.fixture
def reader(file: Path, writer: sqlite3.Connection) -> Iterator[SqliteReader]:
    with closing(SqliteReader(file, lambda ask: ask())) as opened:
        yield opened


def asked_often(reader: SqliteReader, key: str = "1") -> object:
    """Returns the row, which is among those that are kept by then."""
    answers = {reader.fetch_one(ROW, key, tuple) for _ in range(4)}
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize("change", ["UPDATE people SET name = 'Al' WHERE id = '1'", "DELETE FROM people"])
def test_what_is_committed_is_seen_by_the_next_look_up(
    reader: SqliteReader, writer: sqlite3.Connection, change: str
) -> None:
    for _ in range(2):
        assert asked_often(reader) == ("1", "Alice")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(change)
        assert reader.fetch_one(ROW, "1", tuple) == ("1", "Alice")
        writer.execute("ROLLBACK")
    writer.execute(change)
    assert reader.fetch_one(ROW, "1", tuple) in (("1", "Al"), None)
    assert asked_often(reader) in (("1", "Al"), None)


def test_what_another_process_commits_is_seen_as_soon(reader: SqliteReader, file: Path) -> None:
    assert asked_often(reader) == ("1", "Alice")
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute('DELETE FROM people')"
    subprocess.run([sys.executable, "-c", program, file], check=True)
    assert reader.fetch_one(ROW, "1", tuple) is None


def test_a_row_that_was_not_there_is_found_once_it_is(reader: SqliteReader, writer: sqlite3.Connection) -> None:
    assert asked_often(reader, "3") is None
    writer.execute("INSERT INTO people VALUES ('3', 'Carol')")
    assert reader.fetch_one(ROW, "3", tuple) == ("3", "Carol")


def test_a_row_that_was_read_for_the_first_time_after_a_change_does_not_hide_that_of_others(
    reader: SqliteReader, writer: sqlite3.Connection
) -> None:
    assert asked_often(reader) == ("1", "Alice")
    writer.execute("UPDATE people SET name = name || '!'")
    assert reader.fetch_one(ROW, "2", tuple) == ("2", "Bob!")
    assert reader.fetch_one(ROW, "1", tuple) == ("1", "Alice!")
    writer.execute("UPDATE people SET name = name || '!'")
    assert [reader.fetch_one(ROW, key, tuple) for key in "21"] == [("2", "Bob!!"), ("1", "Alice!!")]


def test_two_statements_for_one_key_have_two_answers(reader: SqliteReader) -> None:
    for _ in range(3):
        assert reader.fetch_one(ROW, "1", tuple) == ("1", "Alice")
        assert reader.fetch_one(NAME, "1", tuple) == ("Alice", "1")


def test_of_very_many_rows_no_more_than_a_limit_are_kept(
    reader: SqliteReader, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_reader, "MAX_KEPT", 40)
    writer.executemany("INSERT INTO people VALUES (?, 'somebody')", [(f"p{n}",) for n in range(100)])
    for number in range(100):
        assert reader.fetch_one(ROW, f"p{number}", tuple) == (f"p{number}", "somebody")
    assert len(vars(reader)["_current"]) <= 40
    assert asked_often(reader) == ("1", "Alice")


def test_over_another_connection_nothing_is_kept(reader: SqliteReader, writer: sqlite3.Connection) -> None:
    """The numbers by which SQLite tells changes are a connection's own."""
    assert asked_often(reader) == ("1", "Alice")
    reader.close()
    writer.execute("UPDATE people SET name = 'Al' WHERE id = '1'")
    assert reader.fetch_one(ROW, "1", tuple) == ("1", "Al")


@pytest.mark.parametrize("commits", range(4))
def test_over_another_connection_the_numbers_begin_anew(
    reader: SqliteReader, writer: sqlite3.Connection, commits: int
) -> None:
    for _ in range(commits):
        assert asked_often(reader)
        writer.execute("UPDATE people SET name = name || '!'")
    assert asked_often(reader)
    reader.close()
    assert reader.fetch_one(ROW, "1", tuple)
    writer.execute("UPDATE people SET name = 'Al'")
    assert reader.fetch_one(ROW, "1", tuple) == ("1", "Al")


def test_a_file_that_is_gone_is_told(reader: SqliteReader, file: Path, tmp_path: Path) -> None:
    assert asked_often(reader) == ("1", "Alice")
    reader.close()
    file.rename(tmp_path / "elsewhere.db")
    with pytest.raises(BusyError):
        reader.fetch_one(ROW, "1", tuple)


def test_while_nobody_writes_a_row_is_read_once(reader: SqliteReader) -> None:
    asked_often(reader)
    ran: list[str] = []
    vars(reader)["_connection"].set_trace_callback(ran.append)
    assert asked_often(reader) == ("1", "Alice")
    assert ran == ["PRAGMA data_version"] * 4


def test_look_ups_in_one_turn_of_the_loop_share_a_question(file: Path, writer: sqlite3.Connection) -> None:
    waiting: list[Callable[[], None]] = []
    with closing(SqliteReader(file, waiting.append)) as reader:
        assert asked_often(reader) == ("1", "Alice")
        ran: list[str] = []
        vars(reader)["_connection"].set_trace_callback(ran.append)
        for _ in range(2):
            while waiting:
                waiting.pop()()
            assert asked_often(reader) == ("1", "Alice")
        assert ran == ["PRAGMA data_version"] * 2


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_whoever_comes_after_a_commit_sees_it(
    file: Path, writer: sqlite3.Connection, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Though many others ask all the time, and share their questions."""
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(_latest_seen(file)) == list(range(ROUNDS))


ROUNDS = 300


async def _latest_seen(file: Path) -> list[int]:
    """Returns what was seen after each of many commits, in which a number goes up."""
    loop = asyncio.get_running_loop()
    seen: list[int] = []
    ended = asyncio.Event()

    def commit_again_and_again() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for number in range(ROUNDS):
                connection.execute("UPDATE people SET name = ? WHERE id = '1'", (str(number),))
                asked = asyncio.run_coroutine_threadsafe(ask(), loop)
                seen.append(int(asked.result(20)))

    async def ask() -> str:
        row = reader.fetch_one(ROW, "1", tuple)
        assert row is not None
        return str(row[1])

    async def keep_asking() -> None:
        while not ended.is_set():
            await ask()
            await asyncio.sleep(0)

    with closing(SqliteReader(file, loop.call_soon)) as reader:
        others = [asyncio.create_task(keep_asking()) for _ in range(20)]
        await asyncio.to_thread(commit_again_and_again)
        ended.set()
        await asyncio.gather(*others)
    return seen
