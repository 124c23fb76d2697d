"""Rows of CSV, with every line accounted for: a quote that is not closed takes no line but its own."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

import attrs

from leadnator_auth.entrypoints.cli.user_lines import MAX_LINE_BYTES, Line

_CELL = r"(?:(?<=[;,\t|])|^)"
"""Where a cell begins, also for who splits the line at another character than it was written with."""
_FORMULA = (
    "[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
_NEEDS_GUARD = re.compile(rf"{_CELL}(?='*{_FORMULA})")
_GUARD = re.compile(rf"{_CELL}'(?='*{_FORMULA})")
_UNCLOSED = "unexpected end of data"
_STRAY = "A quote stands in the middle of a field: such a field is put in quotes, and each quote in it is doubled."


@attrs.frozen
class Row:
    """What one line says, or several; or why the one line cannot be read."""

    line: int
    """Where it begins."""
    cells: list[str] = attrs.Factory(list)
    lines: int = 1
    problem: str | None = None


class CsvRows:
    """Goes through rows once. Only where `multiline` is said, a cell in quotes may go over several lines."""

    def __init__(self, lines: Iterable[Line], *, multiline: bool) -> None:
        self._lines = iter(lines)
        self._multiline = multiline
        self._again: deque[Line] = deque()
        self._delimiter, self._width = ",", 0
        self.blank_lines = 0

    def first_line(self) -> Line | None:
        """Returns the first line that says anything, which has the names of the columns."""
        return next((line for line in iter(self._next, None) if not self._is_blank(line)), None)

    def rows(self, delimiter: str, width: int) -> Iterator[Row]:
        """Yields what follows; a line that has not `width` cells has a problem."""
        self._delimiter, self._width = delimiter, width
        for line in iter(self._next, None):
            if not self._is_blank(line):
                yield self._row(line)

    def _next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _is_blank(self, line: Line) -> bool:
        is_blank = not line.content.rstrip(b"\r\n")
        self.blank_lines += is_blank
        return is_blank

    def _row(self, first: Line) -> Row:
        taken: list[Line] = []
        if first.is_too_long:
            return Row(first.number, problem=f"This is longer than {MAX_LINE_BYTES:,} bytes.")
        try:
            cells = next(csv.reader(self._texts(first, taken), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            return self._refused(first, taken, self._told(error))
        if _has_stray_quote(cells, taken, self._delimiter):
            return self._refused(first, taken, _STRAY)
        if len(cells) != self._width:
            return self._refused(first, taken, f"This has {len(cells)} fields, and the header names {self._width}.")
        return Row(first.number, cells, len(taken))

    def _texts(self, first: Line, taken: list[Line]) -> Iterator[str]:
        """Yields the lines that one row may go over, as they are needed, and keeps them in `taken`."""
        line: Line | None = first
        room = MAX_LINE_BYTES
        while line is not None and room >= 0:
            taken.append(line)
            room -= len(line.content)
            yield line.text if self._multiline else line.text.rstrip("\r\n")
            line = self._next() if self._multiline else None
        if line is not None:
            self._again.appendleft(line)

    def _refused(self, first: Line, taken: list[Line], problem: str) -> Row:
        """Returns the first line as refused; the others get their own chance."""
        self._again.extendleft(reversed(taken[1:]))
        return Row(first.number, problem=problem)

    def _told(self, error: csv.Error) -> str:
        if _UNCLOSED not in str(error):
            return f"This is no CSV: {error}."
        if self._multiline:
            return "A quote is not closed."
        return "A quote is not closed on its line; where fields may go over several lines, say --multiline."


def cells_of(line: Line, delimiter: str) -> list[str]:
    """Returns the cells of a line by itself.

    Raises: csv.Error.
    """
    cells = next(csv.reader([line.text.rstrip("\r\n")], delimiter=delimiter, strict=True))
    if _has_stray_quote(cells, [line], delimiter):
        raise csv.Error("a quote stands in the middle of a field")
    return cells


def _has_stray_quote(cells: list[str], lines: list[Line], delimiter: str) -> bool:
    """Returns whether a cell without quotes around it has one inside (RFC 4180 section 2.5), which `csv` reads over.

    So ends a cell that went over several lines: its last line would be an account by itself.
    """
    if not any('"' in cell for cell in cells):
        return False
    cell = rf'(?:"(?:[^"]|"")*+"|[^"{re.escape(delimiter)}]*+)'
    text = "".join(line.text for line in lines).rstrip("\r\n")
    return not re.fullmatch(rf"{cell}(?:{re.escape(delimiter)}{cell})*", text)


def guarded(text: str) -> str:
    """Returns the text with an apostrophe before what a spreadsheet would compute (OWASP, "CSV Injection")."""
    return _NEEDS_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    """Returns the text of which `guarded` made this."""
    return _GUARD.sub("", text)
