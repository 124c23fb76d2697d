"""Lists of passwords that many people have: the one that is built in, and an operator's own."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from leadnator_auth.domain.values.password import comparable

__all__ = ["BlocklistError", "common_passwords", "passwords_in"]

COMMON = Path(__file__).with_name("common.txt")
"""ORIGIN.md beside it says where it comes from."""
MAX_FILE_BYTES = 16 * 2**20
"""More than the million most used passwords take; in memory it is a dozen times as much."""


class BlocklistError(Exception):
    """A list cannot be used; the message says why in a few words."""


@cache
def common_passwords() -> frozenset[str]:
    """Returns the 3,000 most used passwords of 6 or more characters, in the form in which they are compared."""
    return frozenset(COMMON.read_text("utf-8").split("\n")) - {""}


def passwords_in(file: Path) -> frozenset[str]:
    """Returns the passwords in a file, one a line, in the form in which they are compared; empty lines are none.

    Raises: BlocklistError.
    """
    return frozenset(_compared(_lines(_content(file))))


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BlocklistError(f"it cannot be read: {error.strerror or type(error).__name__}") from error
    if len(content) > MAX_FILE_BYTES:
        raise BlocklistError(f"it has more than {MAX_FILE_BYTES // 2**20} MiB")
    return content


def _lines(content: bytes) -> list[str]:
    try:
        return content.decode("utf-8-sig").split("\n")  # some editors begin a file with a byte-order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BlocklistError(f"its line {line:,} is not UTF-8") from error


def _compared(lines: Iterable[str]) -> Iterable[str]:
    return (comparable(password) for line in lines if (password := line.removesuffix("\r")))
