"""What a way of hashing passwords is: how its hashes are told from others, and how a password is held against one."""

import re
from collections.abc import Callable
from importlib.util import find_spec

import attrs

Check = Callable[[bytes], bool]
"""Returns whether a hash was made of a password; may take as long as a log-in may."""


class HashRefusedError(Exception):
    """A hash is of a known kind and yet not taken; the message says why, in a sentence."""


@attrs.frozen
class ForeignHash:
    """A hash that another system made, and that passwords can be verified against."""

    text: str = attrs.field(repr=False)
    check: Check = attrs.field(repr=False)
    cost: int = 0
    """The cost of bcrypt, where it is made with that."""
    limit: int | None = None
    """Bytes of a password that it was made of; None for all of them."""

    def matches(self, password: bytes) -> bool:
        """Returns whether it was made of this password.

        Raises: ImportError when what it takes is not installed.
        """
        return self.check(password)

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class Scheme:
    """A row of the table: one way to write hashes."""

    name: str
    """What people call it, who are told why a hash of it is refused."""
    begins: re.Pattern[str]
    """What only its hashes begin with, whole or not."""
    pattern: re.Pattern[str]
    """All of a hash, in the one spelling that its own system writes."""
    read: Callable[[re.Match[str]], ForeignHash]
    """Returns what the pattern found; raises HashRefusedError when it is too costly, or not canonical."""


def scheme(name: str, begins: str, pattern: str, read: Callable[[re.Match[str]], ForeignHash]) -> Scheme:
    """Returns the row of these expressions."""
    return Scheme(name, re.compile(begins, re.ASCII), re.compile(pattern, re.ASCII), read)


def check_most(what: str, value: int, most: int) -> None:
    """Makes sure that a hash costs no more than a log-in may.

    Raises: HashRefusedError.
    """
    if value > most:
        raise HashRefusedError(f"It has {value:,} {what}, and the limit is {most:,}.")


def check_installed(module: str, extra: str) -> None:
    """Makes sure, without importing it, that a module is there which not every installation has.

    Raises: HashRefusedError.
    """
    try:
        is_there = find_spec(module) is not None
    except ValueError:  # somebody keeps it from being imported
        is_there = False
    if not is_there:
        raise HashRefusedError(f"It takes the extra [{extra}]: pip install 'leadnator-auth[{extra}]'.")
