"""Where figures are kept: a row of numbers for each metric and combination of its labels."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import attrs

Key = tuple[str, ...]
"""The name of a metric and the values of its labels."""


class Row(Protocol):
    """Numbers that are changed in place."""

    def __getitem__(self, index: int) -> float:
        """Returns one of them."""

    def __setitem__(self, index: int, value: float) -> None:
        """Changes one of them."""


@attrs.frozen
class Found:
    """A row as somebody else sees it."""

    key: Key
    numbers: Sequence[float]
    is_live: bool
    """Whether the process that wrote it still runs."""


class Rows(Protocol):
    """Keeps rows."""

    @property
    def are_shared(self) -> bool:
        """Whether other processes read them."""

    def row(self, key: Key, width: int) -> Row:
        """Returns the row of this process with this key; a new one has zeros. Not for a hot path."""

    def all(self) -> Iterable[Found]:
        """Returns the rows of all processes that serve together, of those that are no more, too."""

    def close(self) -> None:
        """Tells the others that this process serves no more."""


class MemoryRows:
    """Rows of the only process there is."""

    are_shared = False

    def __init__(self) -> None:
        self._rows: dict[Key, list[float]] = {}

    def row(self, key: Key, width: int) -> Row:
        return self._rows.setdefault(key, [0.0] * width)

    def all(self) -> Iterable[Found]:
        return [Found(key, tuple(numbers), is_live=True) for key, numbers in self._rows.items()]

    def close(self) -> None:
        """Does nothing: there is nobody to tell."""
