"""Reads accounts from the export of another system: CSV with a header, or JSON objects, one a line (NDJSON)."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import BinaryIO

import attrs

from leadnator_auth.domain.use_cases.import_users import IMPORTED_FIELDS
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.cli.csv_header import read_header
from leadnator_auth.entrypoints.cli.csv_rows import CsvRows, unguarded
from leadnator_auth.entrypoints.cli.user_lines import MAX_LINE_BYTES, FileError, Line, Lines
from leadnator_auth.entrypoints.http.reading.strict_json import parse_object

__all__ = ["Entry", "FileError", "FileFormat", "Layout", "UserFile", "format_of"]

MAX_IGNORED = 20
_OBJECTS = frozenset({"user_metadata", "app_metadata"})


class FileFormat(StrEnum):
    """How a file says it."""

    CSV = "csv"
    NDJSON = "ndjson"


@attrs.frozen
class Layout:
    """How a file says what, where that is not as it usually is."""

    columns: Mapping[str, str] = attrs.Factory(dict)
    """The names that some fields have there."""
    delimiter: str | None = None
    """What is between the cells of CSV; None for what the header shows."""
    multiline: bool = False
    """Whether a cell in quotes may go over several lines."""


@attrs.frozen
class Entry:
    """One entry of a file: what it says, or what is wrong with the line itself."""

    line: int
    """Where it begins, counted from 1."""
    record: Mapping[str, RawField] = attrs.Factory(dict)
    problem: str | None = None
    lines: int = 1

    @property
    def next_line(self) -> int:
        """Where the next one may begin."""
        return self.line + self.lines


class UserFile:
    """Goes through a file once, a line at a time, however long the file is.

    Each line is a header, blank, or of exactly one entry.
    """

    def __init__(self, file: BinaryIO, file_format: FileFormat, layout: Layout = Layout()) -> None:
        self._lines = Lines(file)
        self._format = file_format
        self._layout = layout
        self._rows = CsvRows(self._lines, multiline=layout.multiline)
        self._blank_lines = 0
        self.ignored: dict[str, None] = {}
        """The first names of what is not read, in their order."""

    @property
    def bytes_read(self) -> int:
        """How much of the file was read."""
        return self._lines.bytes_read

    @property
    def lines_read(self) -> int:
        """How many lines were read."""
        return self._lines.count

    @property
    def blank_lines(self) -> int:
        """How many of them hold nothing."""
        return self._blank_lines + self._rows.blank_lines

    def __iter__(self) -> Iterator[Entry]:
        """Yields the entries.

        Raises: FileError.
        """
        return self._csv_entries() if self._format is FileFormat.CSV else self._json_entries()

    def _json_entries(self) -> Iterator[Entry]:
        names = {self._layout.columns.get(field, field): field for field in IMPORTED_FIELDS}
        for line in self._lines:
            if not line.content.strip():
                self._blank_lines += 1
                continue
            try:
                members = _members(line)
            except ValueError as error:
                yield Entry(line.number, problem=str(error))
                continue
            self._ignore(name for name in members if name not in names)
            yield Entry(line.number, {names[name]: value for name, value in members.items() if name in names})

    def _csv_entries(self) -> Iterator[Entry]:
        header = read_header(self._rows.first_line(), self._layout.columns, self._layout.delimiter)
        self._ignore(iter(header.ignored))
        for row in self._rows.rows(header.delimiter, len(header.fields)):
            cells = zip(header.fields, row.cells, strict=not row.problem)
            record = {field: _value_of(field, unguarded(cell)) for field, cell in cells if field}
            yield Entry(row.line, record, row.problem, row.lines)

    def _ignore(self, names: Iterator[str]) -> None:
        for name in names:
            if len(self.ignored) < MAX_IGNORED:
                self.ignored[name] = None


def format_of(name: str, beginning: bytes) -> FileFormat:
    """Returns the format of a file by its name, or else by how it begins."""
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return FileFormat.CSV
    is_json = ending in ("ndjson", "jsonl", "json") or _shown(beginning).lstrip().startswith("{")
    return FileFormat.NDJSON if is_json else FileFormat.CSV


def _shown(beginning: bytes) -> str:
    is_utf16 = beginning.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return beginning.removeprefix(BOM_UTF8).decode("utf-16" if is_utf16 else "utf-8", "replace")


def _value_of(field: str, cell: str) -> RawField:
    """Returns what a cell says: text, but for objects, which are JSON there."""
    if not (cell and field in _OBJECTS):
        return cell
    with suppress(ValueError):
        return parse_object(cell.encode())
    return cell


def _members(line: Line) -> Mapping[str, object]:
    """Returns what is in a line.

    Raises: ValueError, whose text says what is wrong with it in a sentence.
    """
    if line.is_too_long:
        raise ValueError(f"This is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        return parse_object(line.content)
    except UnicodeDecodeError:
        raise ValueError("This is no UTF-8.") from None
    except ValueError as error:
        raise ValueError(f"This is no JSON object: {str(error)[:100]}.") from None
