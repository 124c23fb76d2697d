"""The standard streams, which who started the process may have closed, filled up, or left without a reader."""

import codecs
import io
import os
import sys
from pathlib import Path
from typing import TextIO

_STDIN, _STDOUT, _STDERR = range(3)


class Output(io.TextIOWrapper):
    """A stream that remembers its first failure and never raises it: what a command does, it does whole."""

    failure: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.failure = self.failure or error
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.failure = self.failure or error


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
    buffer = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    encoding = before.encoding if before else "utf-8"
    if codecs.lookup(encoding).name == "ascii":
        encoding = "utf-8"  # which click would make of it, by another stream
    return Output(buffer, encoding, "backslashreplace", line_buffering=number == _STDERR)


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
