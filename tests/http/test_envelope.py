"""The envelope of every request: its line in the log, and what goes through untouched."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.middleware import envelope
from leadnator_auth.entrypoints.http.middleware.envelope import Envelope

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "headers": []}


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def sent_by(app: ASGIApp, scope: Scope = SCOPE, receive: Receive = never) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(dict(scope), receive, send)
    return sent


def request_in(logs: list[EventDict]) -> EventDict:
    (entry,) = [entry for entry in logs if entry["event"] == "request"]
    return entry


async def test_a_request_is_logged_with_what_helps_to_find_it(
    memory: MemoryPorts, logs: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([1.0, 1.25])
    monkeypatch.setattr(envelope, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    sent = await sent_by(create_app(memory), SCOPE | {"client": ("192.0.2.1", 40000)})
    entry = request_in(logs)
    headers = dict(sent[0]["headers"])
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/healthz", 200)
    assert (entry["ms"], entry["client"]) == (250.0, "192.0.2.1")
    assert entry["request_id"] == headers[b"x-request-id"].decode()
    assert len(entry["request_id"]) >= 16


@pytest.mark.parametrize("status", [HTTPStatus.NO_CONTENT, HTTPStatus.SEE_OTHER, HTTPStatus.NOT_FOUND])
async def test_a_status_is_logged_as_a_number(status: HTTPStatus, logs: list[EventDict]) -> None:
    """A line of text has what `repr` says."""

    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=status)(scope, receive, send)

    sent = await sent_by(Envelope(answers))
    assert [repr(each) for each in (request_in(logs)["status"], sent[0]["status"])] == [str(status.value)] * 2


async def test_a_client_without_an_address_is_served_too(memory: MemoryPorts, logs: list[EventDict]) -> None:
    """As behind a proxy that speaks over a Unix socket."""
    body = b'{"name":"Alice","email":"alice@example.com","password":"secret"}'
    scope = SCOPE | {"method": "POST", "path": "/api/auth/signup", "headers": [(b"content-type", b"application/json")]}

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    for client in ({}, {"client": None}):
        memory.unit_of_work.tables.users.clear()
        assert (await sent_by(create_app(memory), scope | client, receive))[0]["status"] == 200
    assert {session.client.ip for session in memory.unit_of_work.tables.sessions.values()} == {""}
    assert {entry["client"] for entry in logs if entry["event"] == "request"} == {None}


async def test_a_long_path_does_not_fill_the_log(memory: MemoryPorts, logs: list[EventDict]) -> None:
    await sent_by(create_app(memory), SCOPE | {"path": "/" + "x" * 60_000})
    assert request_in(logs)["path"] == "/" + "x" * 199


async def test_a_client_that_hangs_up_is_no_fault_of_ours(memory: MemoryPorts, logs: list[EventDict]) -> None:
    async def hung_up() -> Message:
        return {"type": "http.disconnect"}

    scope = SCOPE | {"method": "POST", "path": "/api/auth/login", "headers": [(b"content-type", b"application/json")]}
    assert await sent_by(create_app(memory), scope, hung_up) == []
    assert [entry["event"] for entry in logs] == ["request"]
    assert request_in(logs)["status"] == 499


async def test_a_request_that_is_cut_short_is_logged_as_unanswered(logs: list[EventDict]) -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    asking = asyncio.create_task(sent_by(Envelope(waits)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert request_in(logs)["status"] == 499


async def test_a_fault_in_the_middle_of_an_answer_does_not_begin_another(logs: list[EventDict]) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    sent = await sent_by(Envelope(breaks))
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert "internal_error" in [entry["event"] for entry in logs]


async def test_the_application_is_told_of_start_and_end(memory: MemoryPorts) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        events.append("start")
        yield
        events.append("end")

    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Message:
        return {"type": next(messages)}

    sent = await sent_by(create_app(memory, lifespan=lifespan), {"type": "lifespan"}, receive)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert events == ["start", "end"]


@pytest.mark.parametrize("has_begun", [True, False])
async def test_a_cancelled_lifespan_ends_in_good_order(memory: MemoryPorts, has_begun: bool) -> None:
    """As a server does that was told twice to end. Cancelled before it began, there is nothing to end."""
    events: list[str] = []
    waits = asyncio.Event()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        events.append("start")
        yield
        await asyncio.sleep(0)
        events.append("end")

    messages = iter(["lifespan.startup"] if has_begun else [])

    async def receive() -> Message:
        for kind in messages:
            return {"type": kind}
        waits.set()
        return await never()

    living = asyncio.create_task(sent_by(create_app(memory, lifespan=lifespan), {"type": "lifespan"}, receive))
    await waits.wait()
    living.cancel()
    if has_begun:
        sent = [message["type"] for message in await living]
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert events == ["start", "end"]
    else:
        with pytest.raises(asyncio.CancelledError):
            await living
        assert events == []


async def test_ids_of_requests_do_not_repeat(quick: httpx2.AsyncClient) -> None:
    ids = {(await quick.get("/healthz")).headers["X-Request-Id"] for _ in range(300)}
    assert len(ids) == 300


async def test_ids_of_requests_tell_nothing_of_one_another(quick: httpx2.AsyncClient) -> None:
    """Random bits differ in half of them: a counter, a clock or the name of a process would leave some as they were."""
    ids = [(await quick.get("/healthz")).headers["X-Request-Id"] for _ in range(300)]
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    for place in range(16):
        assert len({each[place] for each in ids}) > 8
    changed = [(int(one, 16) ^ int(other, 16)).bit_count() for one, other in pairwise(ids)]
    assert min(changed) > 5
    assert 24 < sum(changed) / len(changed) < 40
