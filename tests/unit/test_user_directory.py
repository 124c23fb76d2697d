"""Listing accounts and what was done to them, in memory; the search itself is in the contract suite."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Event,
    ForbiddenError,
    Identity,
    InvalidPageError,
    Page,
    SignedIn,
    User,
    change_user,
    delete_user,
    list_events,
    list_users,
    sign_up,
)

OPERATOR = Actor.operator()


async def listed(memory: MemoryPorts, query: str = "", limit: int = 20, cursor: str | None = None) -> Page[User]:
    return await list_users(OPERATOR, query, limit, cursor, ports=memory)


async def happened(
    memory: MemoryPorts, user_id: str | None = None, cursor: str | None = None, event_type: str | None = None
) -> Page[Event]:
    return await list_events(OPERATOR, user_id, event_type, 2, cursor, ports=memory)


@pytest.fixture
async def crowd(memory: MemoryPorts) -> list[User]:
    """Thirty users, newest first."""
    users = []
    for number in range(30):
        signed_in = await sign_up(f"User {number}", f"user{number}@example.com", "secret", ports=memory)
        users.append(signed_in.user)
        memory.clock.advance(seconds=1)
    return users[::-1]


async def test_users_are_listed_page_by_page(memory: MemoryPorts, crowd: list[User]) -> None:
    first = await listed(memory)
    assert list(first.entries) == crowd[:20]
    assert first.next_cursor is not None
    second = await listed(memory, cursor=first.next_cursor)
    assert (list(second.entries), second.next_cursor) == (crowd[20:], None)
    everybody = await listed(memory, limit=100)
    assert (list(everybody.entries), everybody.next_cursor) == (crowd, None)
    assert (await listed(memory, limit=30)).next_cursor is None


async def test_a_search_lists_who_is_found(memory: MemoryPorts, crowd: list[User]) -> None:
    assert list((await listed(memory, "USER 7")).entries) == [crowd[22]]
    assert list((await listed(memory, crowd[3].id)).entries) == [crowd[3]]
    assert (await listed(memory, "nobody")) == Page((), None)


@pytest.mark.parametrize("query", ["\0", "a\0", "\ud800", "x" * 255])
async def test_what_nobody_can_be_called_cannot_be_searched_for(memory: MemoryPorts, query: str) -> None:
    with pytest.raises(InvalidPageError):
        await listed(memory, query)


async def test_bad_limits_and_cursors_are_refused(memory: MemoryPorts) -> None:
    for limit, cursor in ((0, None), (101, None), (20, "x")):
        with pytest.raises(InvalidPageError):
            await list_users(OPERATOR, "", limit, cursor, ports=memory)
        with pytest.raises(InvalidPageError):
            await list_events(OPERATOR, None, None, limit, cursor, ports=memory)


async def test_only_admins_may_look(memory: MemoryPorts, alice: SignedIn) -> None:
    actor = Actor.through(Identity(alice.user, alice.session))
    with pytest.raises(ForbiddenError):
        await list_users(actor, "", 0, "x", ports=memory)
    with pytest.raises(ForbiddenError):
        await list_events(actor, "\0", "x", 0, "x", ports=memory)


async def test_what_was_done_is_listed_newest_first_for_one_or_for_all(memory: MemoryPorts, crowd: list[User]) -> None:
    one, other = crowd[:2]
    for number, user in enumerate((one, other, one)):
        memory.clock.advance(seconds=1)
        await change_user(OPERATOR, user.id, {"plan": f"Plan {number}"}, ports=memory)
    memory.clock.advance(seconds=1)
    await delete_user(OPERATOR, one.id, ports=memory)

    first = await happened(memory)
    second = await happened(memory, cursor=first.next_cursor)
    events = [*first.entries, *second.entries]
    assert [event.type.value for event in events] == ["user.deleted", "session.ended", *["user.updated"] * 2]
    assert [event.user_id for event in events] == [one.id, one.id, one.id, other.id]
    assert second.next_cursor is not None
    assert (await happened(memory, other.id)).entries[0].type.value == "user.updated"
    updates = await happened(memory, one.id, event_type="user.updated")
    assert [event.data["plan"] for event in updates.entries] == ["Plan 2", "Plan 0"]
    assert (await happened(memory, "u_nobody")) == Page((), None)
    with pytest.raises(InvalidPageError):
        await happened(memory, event_type="user_changed")
    for unfit in ("\0", "u_\0", "\ud800"):
        with pytest.raises(InvalidPageError):
            await happened(memory, unfit)
