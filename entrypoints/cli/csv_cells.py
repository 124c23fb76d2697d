"""Cells of CSV that no spreadsheet takes for a formula (OWASP, "CSV Injection"), and back again without loss."""

import re

_CELL = r"(?:(?<=[;,\t|])|^)"
"""Where a cell begins, also for who splits the line at another character than it was written with."""
_FORMULA = (
    "[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
_NEEDS_GUARD = re.compile(rf"{_CELL}(?='*{_FORMULA})")
_GUARD = re.compile(rf"{_CELL}'(?='*{_FORMULA})")


def guarded(text: str) -> str:
    """Returns the text with an apostrophe before what a spreadsheet would compute."""
    return _NEEDS_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    """Returns the text of which `guarded` made this."""
    return _GUARD.sub("", text)
