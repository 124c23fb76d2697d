"""Reads accounts from the export of another system: CSV with a header, or JSON objects, one a line (NDJSON)."""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import BinaryIO

import attrs

from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.http.reading.strict_json import parse_object

MAX_LINE_BYTES = 64 * 1024
REQUIRED = ("name", "email", "password_hash")


class FileFormat(StrEnum):
    """How a file says it."""

    CSV = "csv"
    NDJSON = "ndjson"


class FileError(Exception):
    """The file cannot be read at all; the message says why in one line."""


@attrs.frozen
class Entry:
    """One entry of a file: what it says, or what is wrong with the line itself."""

    line: int
    """Where it begins, counted from 1."""
    record: Mapping[str, RawField] = attrs.Factory(dict)
    problem: str | None = None


class UserFile:
    """Goes through a file once, a line at a time, however long the file is."""

    def __init__(self, file: BinaryIO, file_format: FileFormat) -> None:
        self._file = file
        self._format = file_format
        self._line = 0
        self._entry_line = 0  # where the entry began that is being read
        self._too_long: list[int] = []
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Entry]:
        """Yields the entries.

        Raises: FileError.
        """
        entries = self._csv_entries() if self._format is FileFormat.CSV else self._json_entries()
        for entry in entries:
            yield from self._long_lines()
            yield entry
        yield from self._long_lines()

    def _json_entries(self) -> Iterator[Entry]:
        for line in self._lines():
            try:
                if line.strip():
                    yield Entry(self._line, parse_object(line))
            except ValueError:
                yield Entry(self._line, problem="This is no JSON object.")

    def _csv_entries(self) -> Iterator[Entry]:
        # A byte that is no UTF-8 becomes an unpaired surrogate, which the core refuses in the field it is in.
        rows = csv.reader((line.decode("utf-8", "surrogateescape") for line in self._lines()), strict=True)
        names = self._header(rows)
        while True:
            self._entry_line = 0
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Entry(self._entry_line, problem=f"This is no CSV: {error}.")
                continue
            if len(row) > len(names):
                yield Entry(self._entry_line, problem="This has more fields than the header.")
            elif row:
                yield Entry(self._entry_line, dict(zip(names, row, strict=False)))

    def _header(self, rows: Iterator[list[str]]) -> list[str]:
        try:
            names = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise FileError(f"the first line is no header of a CSV file ({error})") from error
        if missing := [name for name in REQUIRED if name not in names]:
            raise FileError(f"the header must name the columns; it lacks {', '.join(missing)}")
        if len(set(names)) != len(names):
            raise FileError("the header names a column twice")
        return names

    def _lines(self) -> Iterator[bytes]:
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            self._line += 1
            self.bytes_read += len(line)
            if len(line) <= MAX_LINE_BYTES:
                self._entry_line = self._entry_line or self._line
                yield line.removeprefix(BOM_UTF8) if self._line == 1 else line
                continue
            self._too_long.append(self._line)
            while not line.endswith(b"\n") and (line := self._file.readline(MAX_LINE_BYTES)):
                self.bytes_read += len(line)

    def _long_lines(self) -> Iterator[Entry]:
        while self._too_long:
            yield Entry(self._too_long.pop(0), problem=f"This is longer than {MAX_LINE_BYTES:,} bytes.")


def format_of(name: str, beginning: bytes) -> FileFormat:
    """Returns the format of a file by its name, or else by how it begins."""
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return FileFormat.CSV
    is_json = ending in ("ndjson", "jsonl", "json") or beginning.removeprefix(BOM_UTF8).lstrip().startswith(b"{")
    return FileFormat.NDJSON if is_json else FileFormat.CSV
