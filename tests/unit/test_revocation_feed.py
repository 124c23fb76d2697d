"""The feed of revocations, page by page: what it begins with, where each page ends, and which cursors are none."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Event,
    EventType,
    Identity,
    InvalidPageError,
    log_in,
    log_out,
)
from leadnator_auth.domain.use_cases.revocations import advance_feed, read_revocations
from leadnator_auth.testing.contract.samples import a_user, an_event

MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
REACH = 31 * DAY + HOUR + timedelta(seconds=60)
"""How long a token may be good, whatever the settings were, and how late an event may be kept."""


async def ended(memory: MemoryPorts, count: int = 1, **data: str) -> list[Event]:
    """Lets sessions end of which nobody knows more than the event."""
    start = len(memory.unit_of_work.tables.events)
    events = [
        attrs.evolve(
            an_event(a_user(), number),
            type=EventType.SESSION_ENDED,
            at=memory.clock.now(),
            data={"session_id": f"s_{number}", **data},
        )
        for number in range(start, start + count)
    ]
    async with memory.unit_of_work() as transaction:
        await transaction.events.add(events)
        await transaction.commit()
    return events


async def read(memory: MemoryPorts, cursor: str | None) -> tuple[list[str], str]:
    page = await read_revocations(cursor, ports=memory)
    return [each.session_id for each in page.revocations], page.cursor


async def test_whoever_begins_now_is_told_what_ends_from_now_on(memory: MemoryPorts, identity: Identity) -> None:
    other = await log_in("alice@example.com", "secret", ports=memory)
    await log_out(Identity(other.user, other.session), ports=memory)
    told, begin = await read(memory, None)
    assert told == []
    await log_in("alice@example.com", "secret", ports=memory)
    await log_out(identity, ports=memory)
    page = await read_revocations(begin, ports=memory)
    assert [(each.session_id, each.until) for each in page.revocations] == [
        (identity.session.id, identity.session.expires_at)
    ]
    assert await read(memory, page.cursor) == ([], page.cursor)
    assert await read(memory, "start") == ([other.session.id, identity.session.id], page.cursor)


@pytest.mark.parametrize("lifetime", [7 * DAY, 90 * DAY])
async def test_whoever_knows_nothing_is_told_whose_tokens_may_still_be_good(
    memory: MemoryPorts, lifetime: timedelta
) -> None:
    memory = attrs.evolve(memory, policy=attrs.evolve(memory.policy, session_lifetime=lifetime))
    reach = max(REACH, lifetime + HOUR + timedelta(seconds=60))
    (first,) = await ended(memory)
    memory.clock.instant = first.at + reach
    assert (await read(memory, "start"))[0] == ["s_0"]
    memory.clock.instant += MOMENT
    assert (await read(memory, "start"))[0] == []


async def test_an_event_that_does_not_say_when_its_tokens_expire_is_taken_for_a_new_session(
    memory: MemoryPorts,
) -> None:
    (event,) = await ended(memory)
    (revocation,) = (await read_revocations("start", ports=memory)).revocations
    assert revocation.until == event.at + memory.policy.session_lifetime


@pytest.mark.parametrize("count", [999, 1000, 1001])
async def test_a_page_has_a_thousand(memory: MemoryPorts, count: int) -> None:
    await ended(memory, count)
    first, after = await read(memory, "0")
    second, end = await read(memory, after)
    assert [len(first), len(second)] == [min(count, 1000), max(count - 1000, 0)]
    assert first + second == [f"s_{number}" for number in range(count)]
    assert (after, end) == (f"{min(count, 1000):x}", f"{count:x}")


@pytest.mark.parametrize("cursor", ["", "-1", "01", "G", "b", "12", " 1", "1\n", "1" * 17, "end", "starts"])
async def test_what_was_never_given_out_is_no_cursor(memory: MemoryPorts, cursor: str) -> None:
    await ended(memory, 10)
    assert await read(memory, "a") == ([], "a")
    with pytest.raises(InvalidPageError):
        await read(memory, cursor)


async def test_how_far_the_feed_has_come(memory: MemoryPorts, identity: Identity) -> None:
    """With what was kept and has no position yet, a part at a time."""
    signed_up = await advance_feed(0, ports=memory)
    assert (signed_up.position > 0, signed_up.has_revocations, signed_up.has_more) == (True, False, False)
    assert await advance_feed(0, ports=memory) == signed_up
    await log_out(identity, ports=memory)
    news = await advance_feed(signed_up.position, ports=memory)
    assert (news.position - signed_up.position, news.has_revocations, news.has_more) == (1, True, False)
    assert not (await advance_feed(news.position, ports=memory)).has_revocations
    await ended(memory, 251)
    parts = [await advance_feed(news.position, ports=memory) for _ in range(2)]
    assert [(part.position - news.position, part.has_revocations, part.has_more) for part in parts] == [
        (250, True, True),
        (251, True, False),
    ]
