"""Rows of several processes: each writes to a file of its own, mapped into memory, and reads those of all.

A file is a sequence of records, each at a multiple of 8 bytes: the length of the key and the count of its numbers (two
32-bit integers), the key as JSON, and the numbers (64-bit floats). Zeros are the end. Counting is an addition in
memory; what a process counted until it was killed is in its file all the same.
"""

import fcntl
import itertools
import json
import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from leadnator_auth.entrypoints.telemetry.metrics.rows import Found, Key, Row

SIZE = 512 * 1024
"""Bytes of a file: thousands of rows, ten times what all routes with all their statuses need."""
_HEADER = struct.Struct("=II")
_ALIGNMENT = 8


class SharedRows:
    """Rows in a file of a folder that all processes of one server share.

    The file is locked while the process lives; a new process goes on with the file of a dead one, so that there are
    never more files than there were processes at one time.
    """

    are_shared = True

    def __init__(self, folder: Path) -> None:
        """Raises: OSError when there is no room for the file: found out here, not by a fault while counting."""
        self._folder = folder
        self._file = _taken(folder)
        missing = SIZE - os.fstat(self._file.fileno()).st_size
        self._file.seek(0, os.SEEK_END)
        self._file.write(bytes(missing))
        self._file.flush()
        self._bytes = memoryview(mmap.mmap(self._file.fileno(), SIZE))
        self._rows: dict[Key, memoryview[float]] = {}
        self._end = 0
        for key, start, end in _records(self._bytes):
            self._rows[key] = self._bytes[start:end].cast("d")
            self._end = end

    def row(self, key: Key, width: int) -> Row:
        if key not in self._rows:
            self._rows[key] = self._new_row(key, width)
        return self._rows[key]

    def all(self) -> Iterable[Found]:
        for path in sorted(self._folder.iterdir()):
            with path.open("rb") as file:
                is_live = not _lock(file, fcntl.LOCK_SH)
                content = memoryview(file.read())
            for key, start, end in _records(content):
                yield Found(key, content[start:end].cast("d").tolist(), is_live)

    def close(self) -> None:
        """Gives the file up to the next process; until then its counters stay and its gauges do not count."""
        if not self._file.closed:
            # Closing would not do it: the mapping holds on to the file.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    def _new_row(self, key: Key, width: int) -> "memoryview[float]":
        text = json.dumps(key).encode()
        start = _aligned(self._end + _HEADER.size + len(text))
        end = start + width * _ALIGNMENT
        if end + _HEADER.size > SIZE:
            return memoryview(bytearray(width * _ALIGNMENT)).cast("d")  # counted, and seen by nobody
        text_start = self._end + _HEADER.size
        self._bytes[text_start : text_start + len(text)] = text
        # At last, for from then on others read it.
        _HEADER.pack_into(self._bytes, self._end, len(text), width)
        self._end = end
        return self._bytes[start:end].cast("d")


def _taken(folder: Path) -> BinaryIO:
    """Returns the first file that no living process has, locked."""
    for number in itertools.count():
        descriptor = os.open(folder / f"{number:04}", os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "r+b")
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
    """Returns each key with where its numbers start and end."""
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
