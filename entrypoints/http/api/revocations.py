"""The call of services that verify access tokens by themselves: which sessions ended."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import OverloadedError, Scope, UnavailableError, read_revocations
from leadnator_auth.domain.use_cases.revocations import MAX_REVOCATIONS, RevocationPage
from leadnator_auth.entrypoints.background.revocation_watch import RevocationWatch
from leadnator_auth.entrypoints.http.context import ports_of, require_scope
from leadnator_auth.entrypoints.http.middleware.envelope import ENDING
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import BAD_TOKEN, Operation, Parameter
from leadnator_auth.entrypoints.http.reading.query import parameter, refusing_bad_queries
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError
from leadnator_auth.entrypoints.views import rfc3339_ceiling

MAX_WAIT_SECONDS = 25
_SECONDS = re.compile("[0-9]{1,2}", re.ASCII)


async def get_revocations(request: Request) -> Response:
    """GET /api/auth/revocations"""
    await require_scope(request, Scope.REVOCATIONS)
    cursor, wait = parameter(request, "cursor"), _wait_of(request)
    with refusing_bad_queries():
        page = await read_revocations(cursor, ports=ports_of(request))
        if wait and cursor is not None and not page.revocations:
            page = await _next_page(request, page.cursor, wait)
    revocations = [{"session_id": each.session_id, "until": rfc3339_ceiling(each.until)} for each in page.revocations]
    return JSONResponse({"revocations": revocations, "cursor": page.cursor})


def _wait_of(request: Request) -> int:
    text = parameter(request, "wait")
    if text is None:
        return 0
    if not _SECONDS.fullmatch(text) or (wait := int(text)) > MAX_WAIT_SECONDS:
        raise InvalidRequestError
    return wait


async def _next_page(request: Request, cursor: str, wait: int) -> RevocationPage:
    """Returns the first page with anything in it; or an empty one after `wait` seconds, or when the server ends."""
    watch: RevocationWatch = request.app.state.revocations
    ports = ports_of(request)
    news = watch.join(ports)  # before the feed is read: what comes while it is read is not missed
    over = asyncio.create_task(_until_over(request, wait))
    try:
        while True:
            page = await read_revocations(cursor, ports=ports)
            if page.revocations or over.done():
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

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/api/auth/revocations",
        handler=get_revocations,
        name="list_revocations",
        summary="Follow which sessions ended before their tokens expired.",
        group=GROUP,
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
                "How many seconds to wait for something to come.",
            ),
        ),
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
        refusals=(*BAD_TOKEN, OverloadedError, UnavailableError),
        needs_token=True,
        scope=Scope.REVOCATIONS,
    ),
)
