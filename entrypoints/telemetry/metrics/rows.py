"""The store of the metrics: a row of numbers for each combination of labels, in memory or a mapped file.

A file is a sequence of records, each at a multiple of 8 bytes: the length of the key and the count of its numbers (two
32-bit integers), the key as JSON, and the numbers (64-bit floats). Zeros mark the end. Counting is an addition in
memory; whatever a process counted before it was killed is in its file nevertheless.
"""

import itertools
import json
import mmap
import os
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

import attrs
import structlog

if sys.platform != "win32":
    import fcntl

SIZE = 512 * 1024
"""The size of a file in bytes: thousands of rows, ten times what all routes with all their statuses need."""
CURE = "give it a folder for temporary files with room, by TMPDIR"
_HEADER = struct.Struct("=II")
_ALIGNMENT = 8

Key = tuple[str, ...]
"""The name of a metric and the values of its labels."""
Row: TypeAlias = "memoryview[float] | list[float]"
"""Numbers, changed in place."""

_log = structlog.get_logger(__name__)


@attrs.frozen
class Found:
    """A row as other processes see it."""

    key: Key
    numbers: Sequence[float]
    is_live: bool
    """Whether the process that wrote it is still running."""


class Rows:
    """The rows of one process: private, or in a file of a folder that all processes of one server share.

    The file is locked while the process lives; a new process takes over the file of a dead one, so that there are
    never more files than there were processes at one time.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Raises: OSError when there is no room for the file; better here than by a fault while counting."""
        self._folder = folder
        self._rows: dict[Key, Row] = {}
        self._end = 0
        self._bytes = memoryview(b"")
        if folder is not None:
            self._file = _taken(folder)
            self._file.write(bytes(SIZE - self._file.seek(0, os.SEEK_END)))
            self._file.flush()
            self._bytes = memoryview(mmap.mmap(self._file.fileno(), SIZE))
        for key, start, end in _records(self._bytes):
            self._rows[key] = self._bytes[start:end].cast("d")
            self._end = end

    @property
    def are_shared(self) -> bool:
        """Whether other processes read them."""
        return self._folder is not None

    def row(self, key: Key, width: int) -> Row:
        """Returns the row of this process with this key; a new one has zeros. Not for a hot path."""
        if key not in self._rows:
            self._rows[key] = self._new_row(key, width)
        return self._rows[key]

    def all(self) -> Iterable[Found]:
        """Returns the rows of all processes that serve together, including those that have ended."""
        if self._folder is None:
            yield from (Found(key, tuple(row), is_live=True) for key, row in self._rows.items())
            return
        for path in sorted(self._folder.iterdir()):
            with path.open("rb") as file:
                is_live = not _lock(file, fcntl.LOCK_SH)
                content = memoryview(file.read())
            for key, start, end in _records(content):
                yield Found(key, content[start:end].cast("d").tolist(), is_live)

    def close(self) -> None:
        """Releases the file for the next process; until then its counters stay and its gauges do not count."""
        if self.are_shared and not self._file.closed:
            # Closing would not do it: the mapping holds on to the file.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    def _new_row(self, key: Key, width: int) -> Row:
        text = json.dumps(key).encode()
        text_start = self._end + _HEADER.size
        start = _aligned(text_start + len(text))
        end = start + width * _ALIGNMENT
        if end + _HEADER.size > len(self._bytes):
            return [0.0] * width  # of a shared file that is full: counted, and seen by nobody
        self._bytes[text_start : text_start + len(text)] = text
        # At last, for from then on others read it.
        _HEADER.pack_into(self._bytes, self._end, len(text), width)
        self._end = end
        return self._bytes[start:end].cast("d")


@contextmanager
def shared_folder() -> Iterator[Path | None]:
    """Makes a folder and removes it after the block; None where none can be made, which must not prevent serving."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="leadnator-auth-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        _log.warning("metrics_not_shared", error=str(error), cure=CURE)
        yield None
        return
    with folder as path:
        yield Path(path)


def rows_in(folder: Path | None) -> Rows:
    """Returns the rows of a new process, shared in this folder, or private without one."""
    try:
        return Rows(folder)
    except OSError as error:
        _log.warning("metrics_not_shared", error=str(error), cure=CURE)
        return Rows()


def _taken(folder: Path) -> BinaryIO:
    """Returns the first file that belongs to no living process, locked."""
    if sys.platform == "win32":
        raise OSError("files cannot be locked here")
    for number in itertools.count():
        file = os.fdopen(os.open(folder / f"{number:04}", os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if _lock(file, fcntl.LOCK_EX):
            return file
        file.close()
    raise AssertionError("numbers do not end")


def _lock(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _records(content: memoryview) -> Iterator[tuple[Key, int, int]]:
    """Returns each key with the start and end of its numbers."""
    position = 0
    while position + _HEADER.size <= len(content):
        length, width = _HEADER.unpack_from(content, position)
        if length == 0:
            return
        text_start = position + _HEADER.size
        start = _aligned(text_start + length)
        position = start + width * _ALIGNMENT
        yield tuple(json.loads(bytes(content[text_start : text_start + length]))), start, position


def _aligned(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT
