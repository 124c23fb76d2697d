"""What ended sessions, for services that verify access tokens by themselves: the feed of revocations."""

import re
from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.event import EventType, PlacedEvent
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.errors import InvalidPageError
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.ids import SessionId

MAX_REVOCATIONS = 1000
"""In one page; one that has fewer is the last for now."""
MAX_PLACED = 250
"""Events that get their position in one transaction."""
START = "start"
"""The cursor of who knows nothing yet: all ends of sessions come whose tokens might still be good."""

_CURSOR = re.compile("0|[1-9a-f][0-9a-f]{0,15}", re.ASCII)
_MOST_A_SESSION_EVER_LIVED = timedelta(days=31)
"""Sessions live as long as the setting said when they began, which may have been more than it says now."""
_LATE_COMMIT = timedelta(hours=1)
"""An event is committed within this time after it happened, whatever the clocks of the servers say."""


@attrs.frozen
class Revocation:
    """A session that ended before its tokens expired."""

    session_id: SessionId
    until: datetime
    """When the last of its tokens expires; a verifier that lets clocks differ adds what it allows."""


@attrs.frozen
class RevocationPage:
    """A part of the feed."""

    revocations: tuple[Revocation, ...]
    position: int
    """Where the next part begins."""

    @property
    def cursor(self) -> str:
        """The position as text for a caller to send back."""
        return f"{self.position:x}"


@attrs.frozen
class FeedProgress:
    """How far the feed has come."""

    position: int
    has_revocations: bool
    """Whether sessions ended since."""
    has_more: bool
    """Whether there are events that have no position yet."""


async def read_revocations(cursor: str | None, *, ports: Ports) -> RevocationPage:
    """Returns what ended sessions since the cursor; without one, where it begins now.

    All that was committed before is in it, whether or not a dispatcher has been there: what has no position yet gets
    it first.

    Raises: InvalidPageError when the cursor is none that was given out.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        if not await repositories.events.has_unplaced():
            return await _page(cursor, repositories, ports)
    while await run_in_transaction(ports.unit_of_work, _place) == MAX_PLACED:
        pass
    async with ports.unit_of_work.snapshot() as repositories:
        return await _page(cursor, repositories, ports)


async def _page(cursor: str | None, repositories: Repositories, ports: Ports) -> RevocationPage:
    last = await repositories.events.last_position()
    if cursor is None:
        return RevocationPage((), last)
    begin = await _begin(cursor, last, repositories, ports)
    found = await repositories.events.after(begin, MAX_REVOCATIONS, EventType.SESSION_ENDED)
    end = found[-1].position if len(found) == MAX_REVOCATIONS else last
    return RevocationPage(tuple(_revocation(each, ports) for each in found), end)


async def _place(transaction: Transaction) -> int:
    return await transaction.events.place(MAX_PLACED)


async def advance_feed(since: int, *, ports: Ports) -> FeedProgress:
    """Gives events that were committed their positions, as the dispatcher does, and returns how far the feed has come.

    While there is nothing to do, no writer's lock is taken.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        if not await repositories.events.has_unplaced():
            return await _progress(since, repositories, has_more=False)

    async def place(transaction: Transaction) -> FeedProgress:
        placed = await _place(transaction)
        return await _progress(since, transaction, has_more=placed == MAX_PLACED)

    return await run_in_transaction(ports.unit_of_work, place)


async def _progress(since: int, repositories: Repositories, *, has_more: bool) -> FeedProgress:
    last = await repositories.events.last_position()
    is_news = last > since and bool(await repositories.events.after(since, 1, EventType.SESSION_ENDED))
    return FeedProgress(last, is_news, has_more)


async def _begin(cursor: str, last: int, repositories: Repositories, ports: Ports) -> int:
    if cursor == START:
        reach = max(ports.policy.session_lifetime, _MOST_A_SESSION_EVER_LIVED) + CLOCK_LEEWAY + _LATE_COMMIT
        return await repositories.events.position_before(ports.clock.now() - reach)
    if not _CURSOR.fullmatch(cursor) or (position := int(cursor, 16)) > last:
        raise InvalidPageError("cursor")
    return position


def _revocation(placed: PlacedEvent, ports: Ports) -> Revocation:
    event = placed.event
    expires_at = event.data.get("expires_at")
    # Before there were feeds, events did not say it.
    until = datetime.fromisoformat(expires_at) if expires_at else event.at + ports.policy.session_lifetime
    return Revocation(SessionId(event.data["session_id"] or ""), until)
