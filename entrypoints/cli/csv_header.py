"""The first line of CSV: how the cells are told apart, and which of them is what."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from leadnator_auth.domain.use_cases.import_users import IMPORTED_FIELDS, REQUIRED_FIELDS
from leadnator_auth.entrypoints.cli.csv_rows import cells_of
from leadnator_auth.entrypoints.cli.user_lines import FileError, Line

_PACKED = (b"\x1f\x8b", b"PK\x03\x04")
"""How gzip and zip begin."""

DELIMITERS = (",", ";", "\t", "|")


@attrs.frozen
class Header:
    """What the columns are."""

    delimiter: str
    fields: tuple[str | None, ...]
    """The field in each column; None for one that is not read."""
    ignored: tuple[str, ...]
    """The names of the columns that are not read."""


def read_header(line: Line | None, columns: Mapping[str, str], delimiter: str | None) -> Header:
    """Returns what the columns are; `columns` has other names for fields, and letter case does not matter.

    Raises: FileError.
    """
    wanted = {field: columns.get(field, field) for field in IMPORTED_FIELDS}
    names_by, error = _names(line, [delimiter] if delimiter else DELIMITERS) if line else ({",": []}, None)
    known = {name.casefold() for name in wanted.values()}
    found = {each: len(known.intersection(map(str.casefold, names))) for each, names in names_by.items()}
    best = max(found, key=found.__getitem__)
    if error and found[best] < len(REQUIRED_FIELDS):
        raise FileError(f"the first line is no header of a CSV file ({error})")
    return _header(best, names_by[best], wanted, [*REQUIRED_FIELDS, *columns])


def _names(line: Line, delimiters: Sequence[str]) -> tuple[dict[str, list[str]], csv.Error | None]:
    """Returns the names that each delimiter makes of the line, and why another one makes none."""
    if line.content.startswith(_PACKED):
        raise FileError("the file is compressed, as .gz, .zip and .xlsx are: unpack it, or save it as CSV")
    if b"\0" in line.content:
        raise FileError("the first line holds NUL; UTF-16 is read where it begins with a byte-order mark")
    if b"\r" in line.content.rstrip(b"\r\n"):
        raise FileError("the first line holds CR in its middle: save the file with lines that end in LF or CRLF")
    if line.is_too_long:
        raise FileError("the first line is too long to be a header")
    names: dict[str, list[str]] = {}
    reasons: list[csv.Error] = []
    for delimiter in delimiters:
        try:
            names[delimiter] = [name.strip() for name in cells_of(line, delimiter)]
        except csv.Error as error:
            reasons.append(error)
    return names or {",": []}, reasons[0] if reasons else None


def _header(delimiter: str, names: list[str], wanted: Mapping[str, str], needed: list[str]) -> Header:
    if twice := [name for name, count in Counter(names).items() if count > 1 and name]:
        raise FileError(f"the header names a column twice: {_shown(twice)}")
    places = {field: _place(name, names) for field, name in wanted.items()}
    if missing := [wanted[field] for field in dict.fromkeys(needed) if places[field] is None]:
        raise FileError(f"the header must name the columns; it lacks {_shown(missing)}; --columns takes other names")
    fields = {place: field for field, place in places.items() if place is not None}
    if len(fields) < sum(place is not None for place in places.values()):
        raise FileError("one column cannot be two fields")
    ignored = tuple(name for place, name in enumerate(names) if place not in fields and name)
    return Header(delimiter, tuple(fields.get(place) for place in range(len(names))), ignored)


def _place(name: str, names: list[str]) -> int | None:
    if name in names:
        return names.index(name)
    alike = [place for place, each in enumerate(names) if each.casefold() == name.casefold()]
    if len(alike) > 1:
        raise FileError(f"the header names a column twice: {_shown([names[place] for place in alike])}")
    return alike[0] if alike else None


def _shown(names: list[str]) -> str:
    return ", ".join(name if name.isprintable() else ascii(name) for name in names)[:200]
