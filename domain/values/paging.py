"""Pages of a list that may grow meanwhile: each begins after the last entry of the page before, whatever was added."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import attrs

from leadnator_auth.domain.errors import InvalidPageError
from leadnator_auth.domain.values.text import is_storable

MAX_PAGE_LENGTH = 100
DEFAULT_PAGE_LENGTH = 20
MAX_CURSOR_LENGTH = 200

Entry = TypeVar("Entry")


@attrs.frozen
class Position:
    """A place in a list that is ordered by time, newest first, and by id where the time is the same."""

    at: datetime
    id: str

    @property
    def cursor(self) -> str:
        """The place as text for a caller to send back: opaque, but no secret."""
        return urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode().rstrip("=")


@attrs.frozen
class Page(Generic[Entry]):
    """A part of a list, and where the next one begins, if there is one."""

    entries: tuple[Entry, ...]
    next_cursor: str | None


@attrs.frozen
class PageRequest:
    """Which part of a list is asked for."""

    limit: int
    after: Position | None

    @property
    def limit_with_next(self) -> int:
        """How many entries to look for: one more than asked for, to know whether there is another page."""
        return self.limit + 1

    def page(self, found: Sequence[Entry], position_of: Callable[[Entry], Position]) -> Page[Entry]:
        """Returns the page of entries that were found."""
        entries = tuple(found[: self.limit])
        return Page(entries, position_of(entries[-1]).cursor if len(found) > self.limit else None)


def requested_page(limit: int, cursor: str | None) -> PageRequest:
    """Returns which part is asked for; without a cursor, the first.

    Raises: InvalidPageError when the limit is not between 1 and 100, or the cursor is not one of ours.
    """
    if not 1 <= limit <= MAX_PAGE_LENGTH:
        raise InvalidPageError("limit")
    return PageRequest(limit, None if cursor is None else _position_of(cursor))


def _position_of(cursor: str) -> Position:
    try:
        at, _, entry_id = urlsafe_b64decode(cursor[:MAX_CURSOR_LENGTH] + "==").decode().partition(" ")
        position = Position(datetime.fromisoformat(at), entry_id)
    except ValueError:
        raise InvalidPageError("cursor") from None
    # Decoding skips what is not base64, and ISO 8601 has many ways to write a time: only our way is a cursor.
    is_ours = position.cursor == cursor and position.at.utcoffset() == timedelta(0) and is_storable(entry_id)
    if not is_ours:
        raise InvalidPageError("cursor")
    return position
