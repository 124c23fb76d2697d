"""The feed of revocations over HTTP, on every store: what ends sessions is in it, once, and who waits is told."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import attrs
import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    EventType,
    LogOutScope,
    Ports,
    UserId,
    change_password,
    change_user,
    create_api_key_for,
    delete_user,
    dispatch_events,
    identify,
    log_in,
    log_out,
    request_password_reset,
    reset_password,
)
from leadnator_auth.domain.use_cases import revocations
from leadnator_auth.domain.use_cases.mail_delivery import deliver_due_mails
from leadnator_auth.domain.use_cases.revocations import MAX_PLACED
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.middleware.envelope import ENDING
from leadnator_auth.testing.contract.samples import a_user, an_event
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem

FEED = "/api/auth/revocations"


async def a_reader(http: httpx2.AsyncClient, ports: Ports, name: str = "reader") -> Caller:
    """Returns an admin's API key that may follow the feed."""
    admin = await an_admin(http, ports, name)
    made = await create_api_key_for(UserId(admin.id), "feed", ["revocations"], ports=ports)
    return attrs.evolve(admin, token=made.secret)


@pytest.fixture
async def reader(http: httpx2.AsyncClient, ports: Ports) -> Caller:
    return await a_reader(http, ports)


async def fetched(reader: Caller, cursor: str | None = None, wait: int = 0) -> Any:
    query = {"wait": wait} | ({} if cursor is None else {"cursor": cursor})
    answer = await reader.send("GET", FEED, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"revocations", "cursor"}
    return answer.json()


async def dispatched(ports: Ports) -> None:
    while (await dispatch_events(ports=ports)).has_more:
        pass


async def session_of(caller: Caller, ports: Ports) -> str:
    return (await identify(caller.token, ports=ports)).session.id


def ids(page: Any) -> list[str]:
    return [each["session_id"] for each in page["revocations"]]


async def test_without_a_cursor_it_begins_now(reader: Caller, ports: Ports, http: httpx2.AsyncClient) -> None:
    alice, bob = await signed_up(http, "alice"), await signed_up(http, "bob")
    ended = await session_of(bob, ports)
    await alice.send("POST", "/api/auth/logout")
    await dispatched(ports)
    first = await fetched(reader, wait=25)
    assert first["revocations"] == [], "and it waits for nothing"
    await bob.send("POST", "/api/auth/logout")
    await dispatched(ports)
    page = await fetched(reader, first["cursor"])
    assert ids(page) == [ended]
    again = await fetched(reader, page["cursor"])
    assert again == {"revocations": [], "cursor": page["cursor"]}


async def test_what_no_dispatcher_has_seen_yet_is_there(reader: Caller, ports: Ports, http: httpx2.AsyncClient) -> None:
    """A verifier that asks now and then knows of all that was answered before it asked."""
    await dispatched(ports)
    start = await fetched(reader)
    callers = [await signed_up(http, name) for name in ("alice", "bob")]
    ended = [await session_of(caller, ports) for caller in callers]
    await callers[0].send("POST", "/api/auth/logout")
    assert ids(await fetched(reader, start["cursor"])) == ended[:1]
    assert ids(await fetched(reader, "start"))[-1:] == ended[:1]
    await callers[1].send("POST", "/api/auth/logout")
    now = await fetched(reader)
    assert ids(await fetched(reader, now["cursor"])) == [], "what ended before is not told from now on"


async def test_who_knows_nothing_yet_begins_with_all_that_matters(
    reader: Caller, ports: Ports, memory: MemoryPorts, http: httpx2.AsyncClient
) -> None:
    ended = []
    for name in ("alice", "bob"):
        caller = await signed_up(http, name)
        ended.append(await session_of(caller, ports))
        await caller.send("POST", "/api/auth/logout")
        await dispatched(ports)
        memory.clock.advance(days=40)
    reader = await a_reader(http, ports, "another")
    carol = await signed_up(http, "carol")
    ended.append(await session_of(carol, ports))
    await carol.send("POST", "/api/auth/logout")
    await dispatched(ports)
    assert ids(await fetched(reader, "start")) == ended[2:]


async def test_until_is_when_the_last_token_expires(
    reader: Caller, ports: Ports, memory: MemoryPorts, http: httpx2.AsyncClient
) -> None:
    alice = await signed_up(http, "alice")
    expires_at = (await identify(alice.token, ports=ports)).session.expires_at
    memory.clock.advance(days=3)
    changed = attrs.evolve(ports, policy=attrs.evolve(ports.policy, session_lifetime=timedelta(hours=1)))
    await log_out(await identify(alice.token, ports=changed), ports=changed)
    await dispatched(ports)
    (revocation,) = (await fetched(reader, "start"))["revocations"]
    until = datetime.fromisoformat(revocation["until"])
    assert revocation["until"].endswith("Z")
    assert timedelta(0) <= until - expires_at < timedelta(seconds=1)


@pytest.mark.parametrize("end", ["suspension", "deletion", "password", "reset", "global", "others", "crowd"])
async def test_every_session_that_ends_with_others_is_there(
    reader: Caller, ports: Ports, memory: MemoryPorts, http: httpx2.AsyncClient, end: str
) -> None:
    alice = await signed_up(http, "alice")
    more = [await log_in("alice@example.com", "secret", ports=ports) for _ in range(3)]
    first = await session_of(alice, ports)
    sessions = [first, *(each.session.id for each in more)]
    cursor = (await fetched(reader))["cursor"]
    identity = await identify(alice.token, ports=ports)
    match end:
        case "suspension":
            await change_user(Actor.operator(), UserId(alice.id), {"status": "suspended"}, ports=ports)
        case "deletion":
            await delete_user(Actor.operator(), UserId(alice.id), ports=ports)
        case "password":
            await change_password(identity, "secret", "another", ports=ports)
            sessions.remove(first)
        case "reset":
            await request_password_reset("alice@example.com", ports=ports)
            await deliver_due_mails(ports=ports)
            await reset_password(memory.mailer.reset_links[0].secret, "another", ports=ports)
        case "global":
            await log_out(identity, LogOutScope.GLOBAL, ports=ports)
        case "others":
            await log_out(identity, LogOutScope.OTHERS, ports=ports)
            sessions.remove(first)
        case _:
            few = attrs.evolve(ports, policy=attrs.evolve(ports.policy, max_sessions=1))
            await log_in("alice@example.com", "secret", ports=few)
    await dispatched(ports)
    page = await fetched(reader, cursor)
    assert sorted(ids(page)) == sorted(sessions)


async def test_pages_are_bounded_and_nothing_is_left_out(
    reader: Caller, ports: Ports, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "MAX_REVOCATIONS", 2)
    alice = await signed_up(http, "alice")
    await asyncio.gather(*(signed_up(http, f"user-{number}") for number in range(3)))
    more = [await log_in("alice@example.com", "secret", ports=ports) for _ in range(4)]
    await log_out(await identify(alice.token, ports=ports), LogOutScope.OTHERS, ports=ports)
    await dispatched(ports)
    cursor = "start"
    pages: list[list[str]] = []
    while not pages or len(pages[-1]) == 2:
        page = await fetched(reader, cursor)
        cursor = page["cursor"]
        pages.append(ids(page))
    assert [len(page) for page in pages] == [2, 2, 0]
    assert sorted(pages[0] + pages[1]) == sorted(each.session.id for each in more)


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": cursor}
        for cursor in (
            "",
            "7fffffff",
            "00",
            "-1",
            " 1",
            "1 ",
            "1F",
            "0x1",
            "\uff11",
            "start ",
            "START",
            "g",
            "f" * 17,
            "1\0",
        )
    ]
    + [{"wait": wait} for wait in ("", "26", "-1", "1.5", "025", "1e1", "\uff12", "x")]
    + [{"cursor": ["0", "0"]}, {"wait": ["1", "1"]}],
)
async def test_what_is_no_cursor_and_no_time_is_refused(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem, query: dict[str, Any]
) -> None:
    reader = await a_reader(quick, memory)
    check_problem(await reader.send("GET", FEED, params=query), 400, "invalid_request")


async def test_who_waits_is_told_what_another_process_did(ports: Ports) -> None:
    """Nobody dispatches, and no commit is told of: the process that waits sees it by itself."""
    app = create_app(ports)
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test")
    reader = await a_reader(http, ports)
    alice = await signed_up(http, "alice")
    ended = await session_of(alice, ports)
    cursor = (await fetched(reader))["cursor"]
    waiting = [asyncio.create_task(fetched(reader, cursor, wait=25)) for _ in range(3)]
    while app.state.revocations.waiting < 3:
        await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    await alice.send("POST", "/api/auth/logout")
    pages = await asyncio.gather(*waiting)
    assert [ids(page) for page in pages] == [[ended]] * 3
    assert app.state.revocations.waiting == 0


async def test_a_commit_wakes_who_waits(memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadnator_auth.entrypoints.background.revocation_watch.POLL_SECONDS", 3600.0)
    app = create_app(memory)
    memory.unit_of_work.on_commit = app.state.revocations.notice
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as http:
        reader, alice = await a_reader(http, memory), await signed_up(http, "alice")
        ended = await session_of(alice, memory)
        cursor = (await fetched(reader))["cursor"]
        waiting = asyncio.create_task(fetched(reader, cursor, wait=25))
        while not app.state.revocations.waiting:
            await asyncio.sleep(0)
        for _ in range(20):  # its first look is over
            await asyncio.sleep(0)
        await alice.send("POST", "/api/auth/logout")
        assert ids(await waiting) == [ended]


async def test_the_end_of_the_server_ends_the_wait(memory: MemoryPorts) -> None:
    app, ending = create_app(memory), asyncio.Event()

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {ENDING: ending}}, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(served), base_url="http://auth.test") as http:
        reader = await a_reader(http, memory)
        cursor = (await fetched(reader))["cursor"]
        waiting = asyncio.create_task(fetched(reader, cursor, wait=25))
        while not app.state.revocations.waiting:
            await asyncio.sleep(0)
        ending.set()
        assert (await waiting)["revocations"] == []


async def test_too_many_do_not_wait(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.entrypoints.background.revocation_watch.MAX_WAITING", 0)
    reader = await a_reader(quick, memory)
    cursor = (await fetched(reader))["cursor"]
    answer = await reader.send("GET", FEED, params={"cursor": cursor, "wait": "5"})
    check_problem(answer, 503, "overloaded")
    assert (await fetched(reader, cursor))["revocations"] == [], "who does not wait is answered"


async def test_an_event_of_an_older_version_counts_for_as_long_as_a_session_lives(
    quick: httpx2.AsyncClient, memory: MemoryPorts
) -> None:
    reader, alice = await a_reader(quick, memory), await signed_up(quick, "alice")
    await alice.send("POST", "/api/auth/logout")
    events = memory.unit_of_work.tables.events
    key, event = list(events.items())[-1]
    events[key] = attrs.evolve(event, data={"session_id": "s_old", "reason": "logged_out"})
    await dispatched(memory)
    (revocation,) = (await fetched(reader, "start"))["revocations"]
    assert datetime.fromisoformat(revocation["until"]) >= event.at + memory.policy.session_lifetime


async def test_it_is_not_for_everybody(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    alice = await signed_up(quick, "alice")
    check_problem(await quick.get(FEED), 401, "missing_token")
    check_problem(await alice.send("GET", FEED), 403, "insufficient_scope")
    admin = await an_admin(quick, memory, "root")
    check_problem(await admin.send("GET", FEED), 403, "insufficient_scope")


async def test_however_much_no_dispatcher_has_seen_yet_all_of_it_is_there(reader: Caller, ports: Ports) -> None:
    await dispatched(ports)
    start = await fetched(reader)
    user = a_user()
    async with ports.unit_of_work() as transaction:
        await transaction.events.add(
            [
                attrs.evolve(an_event(user, n), type=EventType.SESSION_ENDED, data={"session_id": f"s_{n}"})
                for n in range(2 * MAX_PLACED + 1)
            ]
        )
        await transaction.commit()
    assert len(ids(await fetched(reader, start["cursor"]))) == 2 * MAX_PLACED + 1
