"""Lists for administrators over HTTP: search, pages, and queries of the hostile kind."""

from typing import Any

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports
from leadnator_auth.domain.entities.event import HAPPENINGS
from tests.http.admins import Caller, an_admin, signed_up

LISTS = ["users", "events"]


@pytest.fixture
async def root(http: httpx2.AsyncClient, ports: Ports) -> Caller:
    """An admin."""
    return await an_admin(http, ports)


async def names(root: Caller, **query: Any) -> list[str]:
    answer = await root.get("users", **query)
    assert answer.status_code == 200, answer.text
    return [user["name"] for user in answer.json()["users"]]


async def test_users_are_listed_newest_first_page_by_page(
    http: httpx2.AsyncClient, memory: MemoryPorts, root: Caller
) -> None:
    for number in range(24):
        memory.clock.advance(seconds=1)
        await signed_up(http, f"user{number}")
    answer = (await root.get("users")).json()
    assert answer.keys() == {"users", "next_cursor"}
    assert len(answer["users"]) == 20
    seen = [user["name"] for user in answer["users"]]
    memory.clock.advance(seconds=1)
    await signed_up(http, "late")
    answer = (await root.get("users", cursor=answer["next_cursor"])).json()
    assert answer["next_cursor"] is None
    seen += [user["name"] for user in answer["users"]]
    assert seen == [f"user{number}" for number in reversed(range(24))] + ["root"]
    assert await names(root, limit=1) == ["late"]
    assert len(await names(root, limit=100)) == 26


async def test_a_search_finds_a_part_of_the_name_or_the_address_or_an_id(
    http: httpx2.AsyncClient, root: Caller
) -> None:
    alice = await signed_up(http, "alice_1")
    await signed_up(http, "bob")
    assert await names(root, query="ALICE") == ["alice_1"]
    assert await names(root, query="_") == ["alice_1"]
    assert await names(root, query="BOB@exam") == ["bob"]
    assert await names(root, query=alice.id) == ["alice_1"]
    assert await names(root, query="%") == []
    assert len(await names(root, query="")) == 3
    assert len(await names(root, query="@example.com", sort="name", limit="3")) == 3


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={limit}" for limit in ("0", "101", "-1", "", "x", "1.5", "1e1", "٣", "%2B5", "007", "9" * 5000)),
        *(f"cursor={cursor}" for cursor in ("", "x", "AAAA", "%00", "%ff", "x" * 5000, "' OR 1=1 --")),
        "limit=5&limit=5",
        "cursor=x&cursor=x",
    ],
)
async def test_a_query_that_means_nothing_is_refused(root: Caller, path: str, query: str) -> None:
    answer = await root.send("GET", f"/api/admin/{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "query",
    [
        *(
            f"{search}={unfit}"
            for search in ("users?query", "events?user_id", "events?type", "users?cursor")
            for unfit in ("%00", "a%00", "%ff", "%ED%A0%80", "a%80b", "%C3", "%C0%AF", "%F4%90%80%80")
        ),
        "users?query=a&query=a",
        "users?query=a&%71uery=a",
        f"users?query={'x' * 255}",
        "events?user_id=a&user_id=b",
    ],
)
async def test_so_is_a_search_for_what_nobody_can_be_called(root: Caller, query: str) -> None:
    answer = await root.send("GET", f"/api/admin/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "query",
    ["'; DROP TABLE users; --", "%25%25", "\\", "☕" * 200, "\x1b[31m", "{}", ":at", "$1", "?", "%ED%A0%80", "é" * 254],
)
async def test_a_search_for_anything_else_just_finds_nobody(root: Caller, query: str) -> None:
    assert await names(root, query=query) == []
    assert (await root.get("events", user_id=query)).json() == {"events": [], "next_cursor": None}


async def test_nothing_happened_to_a_user_whose_id_cannot_be(root: Caller) -> None:
    for user in ("", "%EF%BF%BD", "%C3%BC", "u%20"):
        answer = await root.send("GET", f"/api/admin/events?user_id={user}")
        assert (answer.status_code, answer.json()["events"]) == (200, [])


async def test_what_is_not_asked_for_may_be_anything(root: Caller) -> None:
    for path in LISTS:
        assert (await root.send("GET", f"/api/admin/{path}?other=%ff&%00=1&limit=5")).status_code == 200


async def test_events_go_page_by_page(http: httpx2.AsyncClient, memory: MemoryPorts, root: Caller) -> None:
    alice = await signed_up(http, "alice")
    for number in range(5):
        memory.clock.advance(seconds=1)
        await root.patch(alice.id, {"plan": f"Plan {number}"})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = (await root.get("events", user_id=alice.id, type="user.updated", limit=2, **cursor)).json()
        seen += [event["data"]["plan"] for event in answer["events"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == [f"Plan {number}" for number in reversed(range(5))]


async def test_a_cursor_of_events_goes_on_where_it_was_whatever_happens_meanwhile(
    http: httpx2.AsyncClient, memory: MemoryPorts, root: Caller
) -> None:
    """Most of it happens at one instant, where only ids tell events apart."""
    alice = await signed_up(http, "alice")
    for number in range(5):
        await root.patch(alice.id, {"plan": f"Plan {number}"})
    wanted = {"user_id": alice.id, "type": "user.updated"}
    at_first = (await root.get("events", **wanted)).json()["events"]
    seen: list[dict[str, Any]] = []
    cursor: str | None = None
    for number in range(100):
        page = (await root.get("events", limit=1, **wanted, **({"cursor": cursor} if cursor else {}))).json()
        seen += page["events"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        memory.clock.advance(seconds=number % 2)
        if number < 6:
            await root.patch(alice.id, {"plan": f"Later {number}"})
    ids = [event["id"] for event in seen]
    assert len(ids) == len(set(ids))
    assert [event for event in seen if event in at_first] == at_first
    assert [(event["at"], event["id"]) for event in seen] == sorted(
        ((event["at"], event["id"]) for event in seen), reverse=True
    )


@pytest.mark.parametrize(
    "event_type",
    ["", "x", "user_changed", "USER.CREATED", "user.created ", "%00", "user.created,user.updated", "webhook.test"],
)
async def test_a_type_of_event_that_there_is_not_is_refused(root: Caller, event_type: str) -> None:
    answer = await root.send("GET", f"/api/admin/events?type={event_type}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    answer = await root.send("GET", f"/api/admin/events?type=user.created&type={event_type}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_every_type_of_event_is_one_to_ask_for(root: Caller) -> None:
    for event_type in HAPPENINGS:
        answer = (await root.get("events", type=event_type.value)).json()
        assert {event["type"] for event in answer["events"]} <= {event_type.value}
