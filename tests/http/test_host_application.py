"""A host application with routes of its own that asks us who is there."""

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import attrs
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthenticationError, requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    AuthError,
    EmailNotVerifiedError,
    EmailVerification,
    Identity,
    Role,
    SessionId,
    SignedIn,
    Status,
    UnavailableError,
    change_user,
    create_api_key_for,
    issue_media_token,
    log_out,
    sign_up,
)
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.authentication import (
    TokenBackend,
    answer_refusal,
    authenticate,
    authenticate_any,
    authenticate_key,
)
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import RequestError


@requires("authenticated")
async def dashboard(request: Request) -> Response:
    return PlainTextResponse(f"{request.user.display_name} {request.user.identity}")


@requires(["authenticated", "verified"])
async def verified_only(request: Request) -> Response:
    return PlainTextResponse("a letter")


@requires("admin")
async def admin_only(request: Request) -> Response:
    return PlainTextResponse("the controls")


async def front_page(request: Request) -> Response:
    return PlainTextResponse("known" if request.user.is_authenticated else "welcome")


def host(ports: MemoryPorts) -> Starlette:
    async def media_file(request: Request) -> Response:
        try:
            identity = await authenticate(request, ports, media=True)
        except (AuthError, RequestError) as error:
            return problem_response(error)
        return PlainTextResponse(identity.user.name)

    async def report(request: Request) -> Response:
        try:
            caller = await authenticate_any(request, ports, "reports")
        except (AuthError, RequestError) as error:
            return problem_response(error)
        return PlainTextResponse(caller.user.name)

    async def feed(request: Request) -> Response:
        try:
            sender = await authenticate_key(request, ports, "reports")
        except (AuthError, RequestError) as error:
            return problem_response(error)
        return PlainTextResponse(f"{sender.key.name} of {sender.user.name}")

    pages = Starlette(
        routes=[
            Route("/", front_page),
            Route("/dashboard", dashboard),
            Route("/admin", admin_only),
            Route("/letter", verified_only),
        ],
        middleware=[Middleware(AuthenticationMiddleware, backend=TokenBackend(ports), on_error=answer_refusal)],
    )
    methods = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/media/{path:path}", media_file, methods=methods),
            Route("/report", report, methods=methods),
            Route("/feed", feed, methods=methods),
            Mount("/pages", pages),
            Mount("/auth", create_app(ports)),
        ]
    )


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    return await sign_up("Alice", "alice@example.com", "secret", ports=memory)


@pytest.fixture
async def browser(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(host(memory))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
        yield client


def media_token(memory: MemoryPorts, alice: SignedIn, path: str = "/media/42") -> str:
    identity = Identity(alice.user, alice.session)
    return issue_media_token(identity, path, ports=memory).token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/media/42", "/media/42/a.png"])
async def test_a_media_token_opens_its_path(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await browser.request(method, path, params={"token": media_token(memory, alice)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/media/43",
        "/media/4",
        "/media/420",
        "/media/42/%2e%2e/43",
        "/media/42%2Fa",
        "/media/42/a%2Epng",
        "/media/42%5C..%5C43",
        "/media//42",
    ],
)
async def test_a_media_token_opens_nothing_else(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient, path: str
) -> None:
    answer = await browser.get(f"{path}?token={media_token(memory, alice)}")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_media_token_is_for_reading_and_for_urls(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    token = media_token(memory, alice)
    posted = await browser.post("/media/42", params={"token": token})
    assert (posted.status_code, posted.json()["code"]) == (401, "missing_token")
    as_bearer = await browser.get("/media/42", headers=bearer(token))
    assert (as_bearer.status_code, as_bearer.json()["code"]) == (401, "invalid_token")
    both = await browser.get("/media/42", params={"token": token}, headers=bearer(alice.token))
    assert (both.status_code, both.json()["code"]) == (400, "invalid_request")


async def test_a_media_token_dies_with_its_session(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    token = media_token(memory, alice)
    await log_out(Identity(alice.user, alice.session), ports=memory)
    assert (await browser.get("/media/42", params={"token": token})).status_code == 401


async def test_an_access_token_is_taken_from_either_place_by_a_media_route(
    alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    assert (await browser.get("/media/42", params={"token": alice.token})).text == "Alice"
    assert (await browser.get("/media/42", headers=bearer(alice.token))).text == "Alice"


async def test_other_routes_do_not_look_into_the_query(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    assert (await browser.get("/pages/", params={"token": alice.token})).text == "welcome"
    in_header = await browser.get("/pages/", params={"token": "something else"}, headers=bearer(alice.token))
    assert in_header.text == "known"


async def test_a_page_for_users_knows_its_user(alice: SignedIn, browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/pages/dashboard", headers=bearer(alice.token))
    assert answer.text == f"Alice {alice.user.id}"
    assert (await browser.get("/pages/dashboard")).status_code == 403, "as Starlette's `requires` answers"
    assert (await browser.get("/pages/admin", headers=bearer(alice.token))).status_code == 403


async def test_a_bad_credential_is_answered_as_everywhere(alice: SignedIn, browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/pages/", headers=bearer(alice.token + "x"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_suspended_user_is_out_at_once(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    users = memory.unit_of_work.tables.users
    users[alice.user.id] = attrs.evolve(alice.user, status=Status.SUSPENDED)
    assert (await browser.get("/pages/", headers=bearer(alice.token))).status_code == 401


async def test_a_page_for_administrators_opens_to_them(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    memory.unit_of_work.tables.users[alice.user.id] = attrs.evolve(alice.user, role=Role.ADMIN)
    answer = await browser.get("/pages/admin", headers=bearer(alice.token))
    assert (answer.status_code, answer.text) == (200, "the controls")


async def test_two_credentials_are_refused_by_every_page(alice: SignedIn, browser: httpx2.AsyncClient) -> None:
    twice = [("Authorization", f"Bearer {alice.token}")] * 2
    answer = await browser.get("/pages/", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_database_that_is_away_does_not_make_anybody_a_stranger(memory: MemoryPorts, alice: SignedIn) -> None:
    class Away(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            raise UnavailableError("away")

    away = attrs.evolve(memory, identities=Away(memory.unit_of_work))
    transport = httpx2.ASGITransport(host(away))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
        answer = await client.get("/pages/", headers=bearer(alice.token))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_our_calls_work_below_a_prefix(alice: SignedIn, browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/auth/api/auth/me", headers=bearer(alice.token))
    assert answer.json()["user"]["name"] == "Alice"


def test_a_refusal_of_another_backend_is_answered_like_ours() -> None:
    connection = HTTPConnection({"type": "http", "headers": []})
    answer = answer_refusal(connection, AuthenticationError("no"))
    assert (answer.status_code, answer.media_type) == (401, "application/problem+json")


async def test_a_web_socket_is_turned_away_in_its_own_terms(memory: MemoryPorts) -> None:
    """A host application may be served with web sockets; none is ours."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    for path in ("/api/auth/me", "/nowhere"):
        await create_app(memory)({"type": "websocket", "path": path, "root_path": "", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close", "websocket.close"]


async def test_below_a_prefix_only_what_comes_after_it_is_looked_at(memory: MemoryPorts) -> None:
    """Mounted at /api, the path of a call is another than the one that it is served at alone."""
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    transport = httpx2.ASGITransport(Starlette(routes=[Mount("/api", create_app(memory))]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
        headers = {"Authorization": f"Bearer {alice.token}"}
        assert (await client.get("/api/auth/me", headers=headers)).status_code == 404
        assert (await client.get("/api/api/auth/me", headers=headers)).status_code == 200


async def test_a_host_asks_for_who_is_verified_by_itself(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient
) -> None:
    headers = [(b"authorization", f"Bearer {alice.token}".encode())]
    request = HTTPConnection({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})
    with pytest.raises(EmailNotVerifiedError):
        await authenticate(request, memory, verified=True)
    assert (await browser.get("/pages/letter", headers=bearer(alice.token))).status_code == 403
    await change_user(Actor.operator(), alice.user.id, {"email_verified": True}, ports=memory)
    assert (await authenticate(request, memory, verified=True)).user.id == alice.user.id
    assert (await browser.get("/pages/letter", headers=bearer(alice.token))).text == "a letter"


async def test_where_verification_is_required_hosts_withhold_too(memory: MemoryPorts, alice: SignedIn) -> None:
    strict = attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_verification=EmailVerification.REQUIRED))
    transport = httpx2.ASGITransport(host(strict))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as browser:
        pages = [
            await browser.get("/pages/dashboard", headers=bearer(alice.token)),
            await browser.get("/media/42", params={"token": media_token(memory, alice)}),
            await browser.get("/auth/api/auth/me", headers=bearer(alice.token)),
        ]
        assert [(page.status_code, page.json()["code"]) for page in pages] == [(403, "email_not_verified")] * 3
        assert (await browser.get("/pages/")).text == "welcome"


@pytest.mark.parametrize("path", ["/media/42", "/pages/", "/pages/dashboard", "/pages/admin"])
async def test_a_key_is_refused_where_no_route_lets_it_in(
    memory: MemoryPorts, alice: SignedIn, browser: httpx2.AsyncClient, path: str
) -> None:
    key = (await create_api_key_for(alice.user.id, "CI", ports=memory)).secret
    answer = await browser.get(path, headers=bearer(key))
    assert (answer.status_code, answer.json()["code"]) == (403, "session_required")
    answer = await browser.get("/media/42", params={"token": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_route_may_be_for_keys_with_a_scope_of_the_host(memory: MemoryPorts, alice: SignedIn) -> None:
    world = attrs.evolve(memory, policy=attrs.evolve(memory.policy, host_scopes=frozenset({"reports"})))
    right, other = [
        (await create_api_key_for(alice.user.id, "CI", scopes, ports=world)).secret for scopes in (["reports"], [])
    ]
    transport = httpx2.ASGITransport(host(world))
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as browser:
        answers = {
            (path, credential): await browser.post(path, headers=bearer(credential))
            for path in ("/report", "/feed")
            for credential in (alice.token, right, other, "lnk_x", "a.b.c")
        }
        told = [answer.text if answer.status_code == 200 else answer.json()["code"] for answer in answers.values()]
        assert told[:5] == ["Alice", "Alice", "insufficient_scope", "invalid_token", "invalid_token"]
        assert told[5:] == ["insufficient_scope", "CI of Alice", "insufficient_scope", "invalid_token", "invalid_token"]
        for path in ("/report", "/feed"):
            assert (await browser.get(path)).json()["code"] == "missing_token"
            assert (await browser.get(path, params={"token": right})).json()["code"] == "missing_token"
