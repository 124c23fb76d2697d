"""How a command runs a use case: with the ports that the settings say, and as the operator."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from leadnator_auth.domain import Actor, Page, Ports
from leadnator_auth.domain.values.paging import MAX_PAGE_LENGTH
from leadnator_auth.entrypoints.cli.failing import refusals_in_one_line
from leadnator_auth.entrypoints.settings import Settings

OPERATOR = Actor.operator()
Result = TypeVar("Result")
Entry = TypeVar("Entry")


def run(
    act: Callable[[Ports], Awaitable[Result]], what: str | None = None, kind: str = "user", *, check_keys: bool = True
) -> Result:
    """Returns what a use case returns; `what` is what it looks for, and of which kind. `check_keys`: see `prepare`.

    Raises: SettingError, StartError, UnavailableError, SigningKeysError; click.ClickException for what it refuses.
    """

    async def acted() -> Result:
        async with ports_in_force(check_keys=check_keys) as ports:
            return await act(ports)

    with refusals_in_one_line(what, kind):
        return asyncio.run(acted())


@asynccontextmanager
async def ports_in_force(*, check_keys: bool = True) -> AsyncIterator[Ports]:
    """Opens what the settings in the environment say, the schema brought up to date first.

    Raises: SettingError, StartError.
    """
    from leadnator_auth.entrypoints.compose.ports import open_ports, prepare

    settings = Settings.read(os.environ)
    prepare(settings, check_keys=check_keys)
    async with open_ports(settings) as ports:
        yield ports


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
