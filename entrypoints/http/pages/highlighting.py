"""Tells the parts of a snippet apart, for the style sheet to give them colours."""

import re
from collections.abc import Iterator

JSON = re.compile(
    r"""(?P<name>"(?:[^"\\]|\\.)*"(?=:))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<value>true|false|null|-?\d[\d.]*)"""
)
SHELL = re.compile(r"""(?P<variable>\$[A-Z_]+|^[A-Z_]+(?==))|(?P<text>'[^']*')|(?P<name>(?<=\s)-\w+)""", re.MULTILINE)
FIGURES = re.compile(r"""(?P<text>"[^"]*")|(?P<name>\w+(?==))|(?P<value>(?<=[ ])[\d.]+$)""", re.MULTILINE)


def parts_of(text: str, language: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Returns the whole text in parts, each with its kind, "" for what has none."""
    end = 0
    for match in language.finditer(text):
        yield "", text[end : match.start()]
        yield match.lastgroup or "", match[0]
        end = match.end()
    yield "", text[end:]
