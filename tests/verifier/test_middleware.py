"""The middleware: whoever gets to the application is known, and the others get problems."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from leadnator_auth.verifier import AsyncVerifier, Verified, Verifier, VerifierMiddleware
from tests.verifier.service import API_KEY, Service, serving


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as served:
        yield served


@pytest.fixture
def verifier(service: Service) -> Iterator[Verifier]:
    with Verifier(service.url, api_key=API_KEY) as opened:
        opened.wait_until_ready(20)
        yield opened


async def who(request: Request) -> Response:
    verified: Verified | None = request.state.verified
    return JSONResponse(verified and [verified.user_id, verified.session_id])


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.state.verified.user_id)
    await websocket.close()


def application(verifier: Verifier | AsyncVerifier, **options: bool) -> Starlette:
    routes = [Route("/", who), WebSocketRoute("/greet", greet)]
    return Starlette(routes=routes, middleware=[Middleware(VerifierMiddleware, verifier=verifier, **options)])


@pytest.fixture
async def http(verifier: Verifier) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(application(verifier))
    async with httpx2.AsyncClient(transport=transport, base_url="http://orders.test") as client:
        yield client


async def test_a_request_with_a_good_token_passes(http: httpx2.AsyncClient, service: Service) -> None:
    for scheme in ("Bearer", "bearer", "BEARER", "Bearer "):
        answer = await http.get("/", headers={"Authorization": f"{scheme} {service.key.token()}"})
        assert (answer.status_code, answer.json()) == (200, ["u_1", "s_1"])


REFUSED: list[tuple[list[tuple[str, str]], str, int, str]] = [
    ([], "", 401, "missing_token"),
    ([("Authorization", "Basic YTpi")], "", 401, "missing_token"),
    ([("Authorization", "")], "", 401, "missing_token"),
    ([], "?token={token}", 401, "missing_token"),
    ([("Authorization", "Bearer nonsense")], "", 401, "invalid_token"),
    ([("Authorization", "Bearer")], "", 401, "missing_token"),
    ([("Authorization", "Bearer ")], "", 401, "missing_token"),
    ([("Authorization", "bearer  \t")], "", 401, "missing_token"),
    ([("Authorization", "Bearer {token} {token}")], "", 401, "invalid_token"),
    ([("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")], "", 400, "invalid_request"),
]


@pytest.mark.parametrize(("headers", "query", "status", "code"), REFUSED)
async def test_others_get_a_problem(
    http: httpx2.AsyncClient, service: Service, headers: list[tuple[str, str]], query: str, status: int, code: str
) -> None:
    token = service.key.token()
    sent = [(name, value.format(token=token)) for name, value in headers]
    answer = await http.get("/" + query.format(token=token), headers=sent)
    body: Any = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert challenge.startswith("Bearer ") is (status == 401)
    assert ("error=" in challenge) is (code == "invalid_token")


async def test_while_nobody_knows_which_sessions_ended_it_is_503(service: Service) -> None:
    service.feed_status = 500
    with Verifier(service.url, api_key=API_KEY) as verifier:
        transport = httpx2.ASGITransport(application(verifier))
        async with httpx2.AsyncClient(transport=transport, base_url="http://orders.test") as http:
            answer = await http.get("/", headers={"Authorization": f"Bearer {service.key.token()}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_without_any_token_one_may_pass_where_that_is_wanted(service: Service, verifier: Verifier) -> None:
    transport = httpx2.ASGITransport(application(verifier, optional=True))
    async with httpx2.AsyncClient(transport=transport, base_url="http://orders.test") as http:
        assert (await http.get("/")).json() is None
        assert (await http.get("/", headers={"Authorization": "Bearer nonsense"})).status_code == 401
        headers = {"Authorization": f"Bearer {service.key.token()}"}
        assert (await http.get("/", headers=headers)).json() == ["u_1", "s_1"]


async def greeted(verifier: Verifier, headers: list[tuple[bytes, bytes]]) -> list[Message]:
    """Returns what is sent to somebody who opens a WebSocket."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/greet", "raw_path": b"/greet", "query_string": b"", "headers": headers}
    await application(verifier)({**scope, "subprotocols": []}, receive, send)
    return sent


async def test_websockets_are_for_who_is_known(service: Service, verifier: Verifier) -> None:
    accepted, greeting, _ = await greeted(verifier, [(b"authorization", f"Bearer {service.key.token()}".encode())])
    assert (accepted["type"], greeting["text"]) == ("websocket.accept", "u_1")
    (refused,) = await greeted(verifier, [])
    assert (refused["type"], refused["code"]) == ("websocket.close", 1008)


async def test_a_verifier_of_an_event_loop_does_as_well(service: Service) -> None:
    async with AsyncVerifier(service.url, api_key=API_KEY) as verifier:
        await verifier.wait_until_ready(20)
        transport = httpx2.ASGITransport(application(verifier))
        async with httpx2.AsyncClient(transport=transport, base_url="http://orders.test") as http:
            answer = await http.get("/", headers={"Authorization": f"Bearer {service.key.token()}"})
    assert answer.status_code == 200
