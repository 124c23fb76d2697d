"""Lists that are longer than a page."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from leadnator_auth.domain import Page
from leadnator_auth.domain.values.paging import MAX_PAGE_LENGTH

Entry = TypeVar("Entry")


async def first_entries(page_from: Callable[[int, str | None], Awaitable[Page[Entry]]], limit: int) -> list[Entry]:
    """Returns the first entries of a list, from as many pages as it takes."""
    entries: list[Entry] = []
    cursor = None
    while len(entries) < limit:
        page = await page_from(min(limit - len(entries), MAX_PAGE_LENGTH), cursor)
        entries += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
    return entries
