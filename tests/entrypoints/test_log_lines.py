"""The queue between loggers and stderr: it takes every line at once, keeps their order and counts what it loses."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TextIO, cast

import pytest

from leadnator_auth.entrypoints.server.log_lines import ATOMIC_BYTES, MAX_WAITING, LogLines
from leadnator_auth.entrypoints.server.logs import StderrHandler
from tests.e2e.server import DEADLINE_SECONDS


class Reader:
    """Takes what is written, as long as it is not told otherwise."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.room = 10**9
        """Bytes that it takes until its disk is full."""
        self.goes_on = Event()
        self.goes_on.set()
        self.is_asked = Event()

    def write(self, content: bytes) -> int:
        self.is_asked.set()
        self.goes_on.wait(DEADLINE_SECONDS)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = bytes(content[: self.room])
        self.room -= len(taken)
        self.parts.append(taken)
        return len(taken)

    @property
    def text(self) -> str:
        """All that was written."""
        return b"".join(self.parts).decode()


@pytest.fixture
def reader() -> Iterator[Reader]:
    """Whoever reads the log, at last in any case."""
    reader = Reader()
    yield reader
    reader.goes_on.set()


@contextmanager
def stalled(reader: Reader, lines: LogLines) -> Iterator[None]:
    """Keeps the reader from reading during the block, at the end of which all is written."""
    reader.goes_on.clear()
    lines.write("first\n")
    assert reader.is_asked.wait(DEADLINE_SECONDS)
    yield
    reader.goes_on.set()
    assert lines.drain(DEADLINE_SECONDS)


def test_lines_are_written_in_their_order_and_many_at_once(reader: Reader) -> None:
    lines = LogLines(reader.write)
    with stalled(reader, lines):
        for number in range(1000):
            lines.write(f"line {number}\n")
    assert reader.text == "first\n" + "".join(f"line {number}\n" for number in range(1000))
    assert len(reader.parts) < 20
    assert all(len(part) <= ATOMIC_BYTES and part.endswith(b"\n") for part in reader.parts)
    assert lines.lost == 0


def test_a_line_longer_than_what_is_written_at_once_is_written_alone(reader: Reader) -> None:
    lines = LogLines(reader.write)
    with stalled(reader, lines):
        for text in ("short\n", "x" * ATOMIC_BYTES + "\n", "last\n"):
            lines.write(text)
    assert [len(part) for part in reader.parts] == [6, 6, ATOMIC_BYTES + 1, 5]


def test_what_does_not_fit_while_nobody_reads_is_lost_and_counted(reader: Reader) -> None:
    lines = LogLines(reader.write)
    with stalled(reader, lines):
        for number in range(MAX_WAITING + 7):
            lines.write(f"{number}\n")
        assert not lines.drain(0.0), "nobody waits for who does not read"
        assert lines.lost == 7
    assert reader.text.splitlines()[1:] == [str(number) for number in range(MAX_WAITING)]


@pytest.mark.parametrize(("room", "left", "lost"), [(0, "", 2), (2, "on\n", 2), (4, "one\n", 1), (5, "one\nt\n", 1)])
def test_a_line_that_was_cut_by_a_full_disk_ends_before_the_next(
    reader: Reader, room: int, left: str, lost: int
) -> None:
    lines = LogLines(reader.write)
    with stalled(reader, lines):
        lines.write("one\n")
        lines.write("two\n")
        reader.room = 6 + room
    assert lines.lost == lost
    reader.room = 10**9
    lines.write("after\n")
    assert lines.drain(DEADLINE_SECONDS)
    assert reader.text == f"first\n{left}after\n"


def test_a_text_that_no_encoding_has_is_written_all_the_same(reader: Reader) -> None:
    lines = LogLines(reader.write)
    lines.write("a\udcffb\n")
    assert lines.drain(DEADLINE_SECONDS)
    assert reader.text == "a\\udcffb\n"


@pytest.mark.parametrize("record", [("%d", ("no number",)), ("%s %s", ("one",))])
def test_what_a_library_logs_badly_is_lost_without_a_word(
    reader: Reader, capfd: pytest.CaptureFixture[str], record: tuple[str, tuple[str, ...]]
) -> None:
    lines = LogLines(reader.write)
    handler = StderrHandler(cast(TextIO, lines))
    for message, arguments in (record, ("good", ())):
        handler.handle(logging.makeLogRecord({"msg": message, "args": arguments}))
    assert lines.drain(DEADLINE_SECONDS)
    assert (lines.lost, reader.text) == (1, "good\n")
    assert capfd.readouterr().err == ""


def test_who_logs_while_a_line_is_being_taken_waits_for_nobody(reader: Reader) -> None:
    lines = LogLines(reader.write)
    log: Callable[[str], int] = lines.write
    with stalled(reader, lines):
        assert [log("x\n") for _ in range(3)] == [2, 2, 2]
        lines.flush()
