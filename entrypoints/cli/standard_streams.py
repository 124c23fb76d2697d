"""The standard streams, which who started the process may have closed, filled up, or left without a reader."""

import codecs
import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN, _STDOUT, _STDERR = range(3)


class _Sink(io.FileIO):
    """A file that remembers its first failure and never raises it."""

    failure: OSError | None = None

    def write(self, content: "ReadableBuffer") -> int:
        try:
            written = super().write(content)
            if written is None:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        except OSError as error:
            self.failure = self.failure or error
            return memoryview(content).nbytes
        return written


class Output(io.TextIOWrapper):
    """A stream that remembers its first failure, of text and of bytes, and never raises it: what a command does, it
    does whole. Only what a command is run for at all, its data, fails where it gets nowhere.
    """

    def __init__(
        self, file: int | Path | str, encoding: str, *, line_buffering: bool = False, is_closed_outside: bool = False
    ) -> None:
        """Writes to a file, or to an open descriptor, which it never closes.

        `is_closed_outside` says that who started the process closed it: it leads nowhere.
        """
        self._sink = _Sink(file, "w", closefd=not isinstance(file, int))
        self._is_closed_outside = is_closed_outside
        buffer = io.BufferedWriter(self._sink)
        super().__init__(buffer, encoding, "backslashreplace", line_buffering=line_buffering)

    @property
    def failure(self) -> OSError | None:
        """What went wrong first, as far as it was flushed."""
        return self._sink.failure

    def write_data(self, content: bytes) -> None:
        """Writes bytes as they are, whatever the encoding.

        Raises: OSError once something could not be written, and where it leads nowhere.
        """
        self.buffer.write(content)
        self._check()

    def flush_data(self) -> None:
        """Makes sure that all of it was written, and that there is anywhere to write it to.

        Raises: OSError.
        """
        self.flush()
        self._check()

    def _check(self) -> None:
        if self._is_closed_outside:
            raise OSError(errno.EBADF, "cannot write to standard output: it is closed")
        if self.failure:
            raise self.failure


def problem_of(stream: object) -> str:
    """Returns why something could not be written to standard output, if that is so."""
    failure = stream.failure if isinstance(stream, Output) else None
    return f"cannot write to standard output: {told(failure)}" if failure else ""


def told(error: OSError) -> str:
    """Returns what went wrong, in one line."""
    where = f"{error.filename}: " if error.filename else ""
    return printable(f"{where}{error.strerror or error or type(error).__name__}")


def printable(text: str) -> str:
    """Returns a text in which nothing ends the line or steers a terminal: metadata and names of files may hold any
    character.
    """
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def prepare_standard_streams() -> None:
    """Makes something of each standard stream, whatever is behind it; one that is closed leads nowhere."""
    was_closed = [_occupy(number) for number in range(3)]
    if was_closed[_STDIN] or sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 (for as long as the process lives)
    # Who runs the command within a program of their own has put another in its place.
    if sys.stdout is sys.__stdout__:
        sys.stdout = _output(_STDOUT, None if was_closed[_STDOUT] else sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _output(_STDERR, None if was_closed[_STDERR] else sys.stderr)


def _output(number: int, before: TextIO | None) -> Output:
    """Returns a stream in the encoding of the one before; what that lacks becomes an escape."""
    encoding = before.encoding if before else "utf-8"
    if codecs.lookup(encoding).name == "ascii":
        encoding = "utf-8"  # which click would make of it, by another stream
    return Output(number, encoding, line_buffering=number == _STDERR, is_closed_outside=before is None)


def _occupy(number: int) -> bool:
    """Puts something in the place of a stream that is closed; returns whether it was.

    The next file or connection would get its number, and what a library writes to stderr would get into that. To write
    to this stderr fails, as it does where the reader has gone, so that what is lost of the log is counted.
    """
    try:
        os.fstat(number)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if number == _STDERR:
            _break(number)
        return True
    return False


def _break(descriptor: int) -> None:
    """Makes it lead to a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.dup2(writing, descriptor)
    os.close(reading)
    os.close(writing)
