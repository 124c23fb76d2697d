"""The lines of a file of accounts: numbered, in UTF-8 whatever the file is in, and none too long to be held."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

import attrs

MAX_LINE_BYTES = 64 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 64 * 1024
_BROKEN = "\udcff"
"""Stands for half a character at the end of a file; an unpaired surrogate, which nothing takes for text."""


class FileError(Exception):
    """The file cannot be read at all; the message says why in one line."""


@attrs.frozen
class Line:
    """One line, with its end."""

    number: int
    """Counted from 1."""
    content: bytes
    """What it says, in UTF-8 unless it is damaged; only the beginning of it where it is too long."""

    @property
    def is_too_long(self) -> bool:
        """Whether it is more than 64 KiB."""
        return len(self.content) > MAX_LINE_BYTES

    @property
    def text(self) -> str:
        """What it says, with its end; a byte that is no UTF-8 is an unpaired surrogate, which the core refuses."""
        return self.content.decode("utf-8", "surrogateescape")


class Lines:
    """Goes through the lines of a file once. UTF-8 needs no mark at its beginning, and UTF-16 does."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._utf16: _Utf16 | None = None
        self._bytes_read = 0
        self.count = 0

    @property
    def bytes_read(self) -> int:
        """How much of the file was read, as far as it is known."""
        return self._utf16.bytes_read if self._utf16 else self._bytes_read

    def __iter__(self) -> Iterator[Line]:
        content = self._read()
        if content.startswith(_UTF16_MARKS):
            self._utf16 = _Utf16(content, self._file)
            self._file = io.BufferedReader(self._utf16)
            content = self._read()
        content = content.removeprefix(codecs.BOM_UTF8)
        while content:
            self.count += 1
            yield Line(self.count, content)
            while len(content) > MAX_LINE_BYTES and not content.endswith(b"\n"):
                content = self._read()  # what is left of a line that is too long
            content = self._read()

    def _read(self) -> bytes:
        content = self._file.readline(MAX_LINE_BYTES + 1)
        self._bytes_read += len(content)
        return content


class _Utf16(io.RawIOBase):
    """A file in UTF-16 as one in UTF-8; half a pair of surrogates becomes what is no UTF-8."""

    def __init__(self, beginning: bytes, file: BinaryIO) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
        self._file = file
        self._chunk = beginning
        self._pending = b""
        self._is_over = False
        self.bytes_read = len(beginning)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # that is what a BufferedReader hands over
        while not self._pending and not self._is_over:
            self._pending = self._next().encode("utf-8", "surrogatepass")
        part, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _next(self) -> str:
        chunk, self._chunk = self._chunk, self._file.read(_CHUNK)
        self.bytes_read += len(self._chunk)
        self._is_over = not chunk
        try:
            return self._decoder.decode(chunk, final=self._is_over)
        except UnicodeDecodeError:
            return _BROKEN
