"""The call of services that verify access tokens by themselves: which sessions ended, and which keys there are."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import OverloadedError, Scope, read_revocations
from leadnator_auth.domain.use_cases.revocations import MAX_REVOCATIONS, RevocationPage
from leadnator_auth.domain.use_cases.signing_keys import published_version
from leadnator_auth.entrypoints.background.revocation_watch import RevocationWatch
from leadnator_auth.entrypoints.http.context import ports_of, require_scope
from leadnator_auth.entrypoints.http.middleware.envelope import ENDING
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.reading.query import parameter, refusing_bad_queries
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError
from leadnator_auth.entrypoints.views import rfc3339_ceiling

MAX_WAIT_SECONDS = 25
KEYS_VERSION = "X-Keys-Version"
"""Of the answer: which keys are published. Of the question: the version that its sender has heard of."""
_SECONDS = re.compile("[0-9]{1,2}", re.ASCII)


async def get_revocations(request: Request) -> Response:
    """GET /api/auth/revocations"""
    await require_scope(request, Scope.REVOCATIONS)
    cursor, wait, ports = parameter(request, "cursor"), _wait_of(request), ports_of(request)
    with refusing_bad_queries():
        page = await read_revocations(cursor, ports=ports)
        version = await published_version(ports=ports)
        if wait and cursor is not None and not page.revocations and _has_heard_of(version, request):
            page = await _next_page(request, page.cursor, wait, version)
    revocations = [{"session_id": each.session_id, "until": rfc3339_ceiling(each.until)} for each in page.revocations]
    published = ports.key_ring.version
    headers = {KEYS_VERSION: published} if published else {}
    return JSONResponse({"revocations": revocations, "cursor": page.cursor}, headers=headers)


def _has_heard_of(version: str, request: Request) -> bool:
    """Returns whether there is nothing new to tell of the keys; keys that changed between two questions are new."""
    return not version or request.headers.get(KEYS_VERSION, version) == version


def _wait_of(request: Request) -> int:
    text = parameter(request, "wait")
    if text is None:
        return 0
    if not _SECONDS.fullmatch(text) or (wait := int(text)) > MAX_WAIT_SECONDS:
        raise InvalidRequestError
    return wait


async def _next_page(request: Request, cursor: str, wait: int, version: str) -> RevocationPage:
    """Returns the first page with anything in it; or an empty one after `wait` seconds, or when the server ends.

    When another version of the keys is published, it returns an empty one at once, too.
    """
    watch: RevocationWatch = request.app.state.revocations
    ports = ports_of(request)
    news = watch.join(ports)  # before the feed is read: what comes while it is read is not missed
    over = asyncio.create_task(_until_over(request, wait))
    try:
        while True:
            page = await read_revocations(cursor, ports=ports)
            if page.revocations or over.done() or ports.key_ring.version != version:
                return page
            cursor = page.cursor
            await _either(news, over)
    finally:
        over.cancel()
        await watch.leave(news)


async def _either(news: asyncio.Event, over: "asyncio.Task[None]") -> None:
    told = asyncio.create_task(news.wait())
    try:
        await asyncio.wait((told, over), return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    news.clear()


async def _until_over(request: Request, wait: int) -> None:
    """Returns when the time is over, the client is gone, or the server ends."""
    ending: asyncio.Event | None = request.scope["state"].get(ENDING)
    tasks = [asyncio.create_task(_until_gone(request))]
    if ending is not None:
        tasks.append(asyncio.create_task(_until_set(ending)))
    try:
        await asyncio.wait(tasks, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _until_set(event: asyncio.Event) -> None:
    await event.wait()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


GROUP = "Tokens for many services"
_EXAMPLE_VERSION = "9f2b8c0d4e6a1735"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/api/auth/revocations",
        handler=get_revocations,
        name="list_revocations",
        summary="Follow which sessions ended before their tokens expired.",
        group=GROUP,
        needs_token=True,
        parameters=(
            Parameter(
                "cursor",
                "query",
                {"type": "string", "minLength": 1, "maxLength": 16},
                "start",
                "The cursor of the answer before; `start` for all whose tokens might still be good; without one, the "
                "feed begins now.",
            ),
            Parameter(
                "wait",
                "query",
                {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECONDS, "default": 0},
                "0",
                "How many seconds to wait for something to come: an end of a session, or other keys.",
            ),
            Parameter(
                KEYS_VERSION,
                "header",
                {"type": "string"},
                _EXAMPLE_VERSION,
                "That of the answer before: where another version is published by now, the answer comes at once.",
            ),
        ),
        answer_headers={
            KEYS_VERSION: {
                "description": "Where public keys are published: another text whenever others are. Who has seen a new "
                "one fetches `/.well-known/jwks.json` again.",
                "schema": {"type": "string"},
                "example": _EXAMPLE_VERSION,
            }
        },
        success=schemas.closed(
            {
                "revocations": {
                    "type": "array",
                    "maxItems": MAX_REVOCATIONS,
                    "items": schemas.closed({"session_id": {"type": "string"}, "until": schemas.INSTANT}),
                    "description": f"Fewer than {MAX_REVOCATIONS:,}: there are no more for now.",
                },
                "cursor": {"type": "string"},
            }
        ),
        example_answer={"revocations": [{"session_id": "s_123", "until": "2026-01-08T12:00:00Z"}], "cursor": "2a"},
        refusals=(OverloadedError,),
        scope=Scope.REVOCATIONS,
    ),
)
