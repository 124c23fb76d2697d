"""What rows mean, kept with their values: making it out costs as much as reading them, and hardly any ever changes."""

from collections.abc import Callable, Sequence
from typing import Any

from leadnator_auth.adapters.sql.backend import Made

MAX_KEPT = 4096
"""How many rows are kept at most."""


class KeptRows:
    """Rows that were read, by statement and key, each with what was made of it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Any, Any]] = {}  # of whatever types they are

    def made(self, statement: str, key: str, values: Sequence[Any], make: Callable[[Sequence[Any]], Made]) -> Made:
        """Returns what `make` makes of the values of a row that was just read. A statement has one `make`."""
        kept: tuple[Any, Made] | None = self._kept.get((statement, key))
        if kept is not None and kept[0] == values:
            return kept[1]
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        made = make(values)
        self._kept[statement, key] = values, made
        return made
