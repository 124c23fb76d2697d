"""The call of proxies that ask whether to let a request through: 204 with who it is, or 401, and nothing else."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, unquote

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    EmailVerification,
    Policy,
    UserId,
    create_api_key_for,
    identify,
    issue_media_token,
    log_in,
)
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.server.forwarded import ForwardedClient
from tests.http.conftest import CheckProblem

FORWARD = "/api/auth/forward"
PROXY, SOMEBODY = "10.0.0.1", "192.0.2.1"
NAME = 'Zoë, "the ☕" O\'Neil; 100%'
Headers = list[tuple[str, str]]


def client(ports: MemoryPorts, peer: str) -> httpx2.AsyncClient:
    app = ForwardedClient(create_app(ports), [f"{PROXY}/32"])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app, client=(peer, 40000)), base_url="http://auth.test")


@pytest.fixture
async def proxy(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    """A proxy that is trusted."""
    async with client(memory, PROXY) as opened:
        yield opened


@pytest.fixture
async def alice(proxy: httpx2.AsyncClient) -> Any:  # JSON
    body = {"name": NAME, "email": "zoe+x@example.com", "password": "secret"}
    return (await proxy.post("/api/auth/signup", json=body)).json()


async def media_token(memory: MemoryPorts, alice: Any, path: str) -> str:
    return issue_media_token(await identify(alice["token"], ports=memory), path, ports=memory).token


def nginx(uri: str, method: str = "GET") -> Headers:
    return [("X-Original-Method", method), ("X-Original-URI", uri)]


def caddy(uri: str, method: str = "GET") -> Headers:
    return [("X-Forwarded-Method", method), ("X-Forwarded-Uri", uri)]


async def test_who_is_let_through_is_told_in_headers(
    proxy: httpx2.AsyncClient, memory: MemoryPorts, alice: Any
) -> None:
    answer = await proxy.get(FORWARD, headers={"Authorization": f"Bearer {alice['token']}"})
    assert (answer.status_code, answer.content) == (204, b"")
    told = {name: value for name, value in answer.headers.items() if name.startswith("x-auth-")}
    assert all(value.isascii() and not set(value) & set(" ,;\"'") for value in told.values())
    session = (await identify(alice["token"], ports=memory)).session.id
    assert {name: unquote(value) for name, value in told.items()} == {
        "x-auth-user": alice["user"]["id"],
        "x-auth-email": "zoe+x@example.com",
        "x-auth-name": NAME,
        "x-auth-role": "user",
        "x-auth-plan": "Starter",
        "x-auth-session": session,
    }
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_plain_address_stays_readable(proxy: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    body = {"name": "Bob", "email": "bob@example.com", "password": "secret"}
    token = (await proxy.post("/api/auth/signup", json=body)).json()["token"]
    answer = await proxy.head(FORWARD, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["X-Auth-Email"]) == (204, "bob@example.com")


@pytest.mark.parametrize("sent", [nginx, caddy])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_token_in_the_query_counts_on_get_and_head(
    proxy: httpx2.AsyncClient, alice: Any, sent: Callable[..., Headers], method: str
) -> None:
    for uri in ("/a?token={}", "/?x=1&token={}&y", "/a/../b?token={}", "/%2e%2e?token={}", "//a?token={}&token="):
        answer = await proxy.get(FORWARD, headers=sent(uri.format(alice["token"]), method))
        assert answer.status_code == 204, uri


@pytest.mark.parametrize("sent", [nginx, caddy])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "get", "GET ,POST", "", "PROPFIND"])
async def test_and_on_no_other_method(
    proxy: httpx2.AsyncClient, alice: Any, sent: Callable[..., Headers], method: str
) -> None:
    answer = await proxy.get(FORWARD, headers=sent(f"/a?token={alice['token']}", method))
    assert answer.status_code == 401


BELOW = ["/media/42", "/media/42/", "/media/42/a.png", "/media/42/%C3%BC.png?x=1&", "/%6dedia/42/x"]
ELSEWHERE = [
    "/media/421",
    "/media",
    "/",
    "/media/42/../43",
    "/media/42/%2e%2e/43",
    "/media/42%2F..%2F43",
    "/media/42/%252e%252e/43",
    "/media/42/..%5c43",
    "/media/42\\..\\43",
    "/media//42",
    "//media/42",
    "/media/42;x",
    "/media/42%3Bx",
    "/media/42%00",
    "/media/42/%ff",
    "/media/42%0A",
    "/media/42#",
    "/MEDIA/42",
    "http://files.test/media/42",
    "media/42",
    "*",
]


@pytest.mark.parametrize("sent", [nginx, caddy])
async def test_a_media_token_is_good_below_its_path(
    proxy: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, sent: Callable[..., Headers]
) -> None:
    token = await media_token(memory, alice, "/media/42")
    for uri in BELOW:
        answer = await proxy.get(FORWARD, headers=sent(f"{uri}{'&' if '?' in uri else '?'}token={token}"))
        assert answer.status_code == 204, uri
    for uri in ELSEWHERE:
        answer = await proxy.get(FORWARD, headers=sent(f"{uri}?token={token}"))
        assert answer.status_code == 401, uri


async def test_a_media_token_is_for_that_alone_and_dies_with_its_session(
    proxy: httpx2.AsyncClient, memory: MemoryPorts, alice: Any
) -> None:
    token = await media_token(memory, alice, "/media/42")
    assert (await proxy.get(FORWARD, params={"token": token})).status_code == 401
    assert (await proxy.get(FORWARD, headers={"Authorization": f"Bearer {token}"})).status_code == 401
    bearer = [("Authorization", f"Bearer {token}")]
    assert (await proxy.get(FORWARD, headers=[*nginx("/media/42"), *bearer])).status_code == 401
    assert (await proxy.get(FORWARD, headers=nginx(f"/media/42?token={token}", "POST"))).status_code == 401
    await proxy.post("/api/auth/logout", headers={"Authorization": f"Bearer {alice['token']}"})
    assert (await proxy.get(FORWARD, headers=nginx(f"/media/42?token={token}"))).status_code == 401


TOKEN = "{token}"
DISAGREEING: list[Headers] = [
    [*nginx(f"/a?token={TOKEN}"), ("X-Forwarded-Method", "POST")],
    [*nginx(f"/a?token={TOKEN}", "POST"), ("X-Forwarded-Method", "GET")],
    [*nginx(f"/a?token={TOKEN}"), ("X-Forwarded-Uri", "/b")],
    [*nginx("/a"), *caddy(f"/a?token={TOKEN}")],
    [*nginx("/a"), ("X-Forwarded-Uri", "")],
    [*nginx(f"/a?token={TOKEN}"), ("X-Original-URI", "/b")],
    [*nginx(f"/a?token={TOKEN}"), ("X-Original-Method", "HEAD")],
    [*nginx("/a"), ("X-Original-Method", "")],
    [*caddy("/a"), ("X-Forwarded-Uri", "/A")],
]


@pytest.mark.parametrize("headers", DISAGREEING, ids=str)
async def test_headers_that_disagree_let_nobody_through(
    proxy: httpx2.AsyncClient, alice: Any, headers: Headers
) -> None:
    filled = [(name, value.replace(TOKEN, alice["token"])) for name, value in headers]
    assert (await proxy.get(FORWARD, headers=filled)).status_code == 401
    bearer = ("Authorization", f"Bearer {alice['token']}")
    assert (await proxy.get(FORWARD, headers=[*filled, bearer])).status_code == 401


async def test_headers_that_agree_are_one(proxy: httpx2.AsyncClient, alice: Any) -> None:
    uri = f"/a?token={alice['token']}"
    for headers in ([*nginx(uri), *caddy(uri)], nginx(uri) * 2, [*nginx(uri), ("X-Forwarded-Method", "GET")]):
        assert (await proxy.get(FORWARD, headers=headers)).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Original-URI", f"/a?token={TOKEN}")],
        [("X-Original-URI", f"/a?token={TOKEN}"), ("X-Forwarded-Method", "GET")],
        [("X-Forwarded-Uri", f"/a?token={TOKEN}"), ("X-Original-Method", "GET")],
        [("X-Original-Method", "GET"), ("X-Original-URI", "")],
        [("X-Original-Method", ""), ("X-Original-URI", f"/a?token={TOKEN}")],
        nginx(""),
        nginx("?"),
        nginx("/?token="),
        nginx("/?token=%00"),
        nginx("/?TOKEN={token}"),
        nginx("/?token=ü"),
        nginx("/?token=%E2%98%95"),
        nginx("/?" + "&" * 5000),
        nginx("/?token=" + "x" * 9000),
        nginx(f"/a?token={TOKEN}&token=x"),
        nginx(f"/a?token={TOKEN}&token={TOKEN}"),
        nginx(f"/a%3Ftoken={TOKEN}"),
        nginx(f"/a#?token={TOKEN}#"),
    ],
    ids=lambda headers: str(headers)[:80],
)
async def test_what_says_nothing_lets_nobody_through(proxy: httpx2.AsyncClient, alice: Any, headers: Headers) -> None:
    filled = [(name, value.replace(TOKEN, alice["token"]).encode()) for name, value in headers]
    assert (await proxy.get(FORWARD, headers=[(name.encode(), value) for name, value in filled])).status_code == 401


async def test_only_a_trusted_proxy_says_what_it_was_asked_for(memory: MemoryPorts, alice: Any) -> None:
    async with client(memory, SOMEBODY) as somebody:
        uri = f"/a?token={alice['token']}"
        assert (await somebody.get(FORWARD, headers=nginx(uri))).status_code == 401
        forged = [*nginx(uri), ("X-Forwarded-For", PROXY)]
        assert (await somebody.get(FORWARD, headers=forged)).status_code == 401
        bearer = ("Authorization", f"Bearer {alice['token']}")
        assert (await somebody.get(FORWARD, headers=[*nginx("/a"), *caddy("/b"), bearer])).status_code == 204


async def test_a_client_of_a_trusted_proxy_is_none(proxy: httpx2.AsyncClient, alice: Any) -> None:
    """The proxy is who sends the headers, whomever it names as its client."""
    headers = [*nginx(f"/a?token={alice['token']}"), ("X-Forwarded-For", SOMEBODY)]
    assert (await proxy.get(FORWARD, headers=headers)).status_code == 204


CREDENTIALS: list[Headers] = [
    [],
    [("Authorization", "")],
    [("Authorization", "Bearer")],
    [("Authorization", "Bearer ")],
    [("Authorization", "Basic YTpi")],
    [("Authorization", "Bearer nonsense")],
    [("Authorization", f"Bearer {TOKEN}, Bearer {TOKEN}")],
    [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")],
    [("Authorization", f"Bearer {TOKEN}"), *nginx(f"/a?token={TOKEN}")],
    [("Authorization", "Basic YTpi"), *nginx(f"/a?token={TOKEN}")],
    [("Authorization", ""), *nginx(f"/a?token={TOKEN}")],
    [("Authorization", "Bearer \xff\xfe")],
    [("Content-Type", "a"), ("Content-Type", "b"), ("Authorization", f"Bearer {TOKEN}")],
]


@pytest.mark.parametrize("headers", CREDENTIALS, ids=str)
async def test_whatever_is_wrong_is_401_and_never_400(
    proxy: httpx2.AsyncClient, alice: Any, check_problem: CheckProblem, headers: Headers
) -> None:
    filled = [(name.encode(), value.replace(TOKEN, alice["token"]).encode("latin-1")) for name, value in headers]
    for method in ("GET", "HEAD"):
        answer = await proxy.request(method, FORWARD, headers=filled)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert not [name for name in answer.headers if name.startswith("x-auth-")]
    assert (await proxy.get(f"{FORWARD}?token=a&token=b")).status_code == 401
    both = {"Authorization": f"Bearer {alice['token']}"}
    assert (await proxy.get(f"{FORWARD}?token={alice['token']}", headers=both)).status_code == 401
    answer = await proxy.get(f"{FORWARD}?token=another", headers=nginx(f"/a?token={alice['token']}"))
    check_problem(answer, 401, "invalid_token")


async def test_its_own_query_counts_as_on_every_call(proxy: httpx2.AsyncClient, alice: Any) -> None:
    assert (await proxy.get(f"{FORWARD}?token={alice['token']}")).status_code == 204


async def test_its_own_query_may_be_a_copy_and_says_nothing_then(
    proxy: httpx2.AsyncClient, memory: MemoryPorts, alice: Any
) -> None:
    """Caddy sends the query that it was asked with along, whatever the method was."""
    copied = f"/a?token={alice['token']}"
    own = f"{FORWARD}?token={alice['token']}"
    assert (await proxy.get(own, headers=caddy(copied))).status_code == 204
    assert (await proxy.get(own, headers=caddy(copied, "POST"))).status_code == 401
    assert (await proxy.get(own, headers=caddy("/a"))).status_code == 401
    assert (await proxy.get(own, headers=[("X-Forwarded-Uri", copied)])).status_code == 401
    async with client(memory, SOMEBODY) as somebody:
        assert (await somebody.get(own, headers=caddy(copied))).status_code == 401, "the proxy is to be named"


async def test_an_api_key_and_an_unproved_address_are_401(memory: MemoryPorts, alice: Any) -> None:
    key = await create_api_key_for(UserId(alice["user"]["id"]), "mine", ports=memory)
    required = attrs.evolve(memory, policy=Policy(email_verification=EmailVerification.REQUIRED))
    async with client(memory, PROXY) as proxy, client(required, PROXY) as strict:
        answer = await proxy.get(FORWARD, headers={"Authorization": f"Bearer {key.secret}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        answer = await strict.get(FORWARD, headers={"Authorization": f"Bearer {alice['token']}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_session_that_ended_is_let_through_no_more(
    proxy: httpx2.AsyncClient, memory: MemoryPorts, alice: Any
) -> None:
    other = await log_in("zoe+x@example.com", "secret", ports=memory)
    for headers in ([("Authorization", f"Bearer {other.token}")], nginx(f"/a?token={quote(other.token)}")):
        assert (await proxy.get(FORWARD, headers=headers)).status_code == 204
    await proxy.post("/api/auth/logout?scope=others", headers={"Authorization": f"Bearer {alice['token']}"})
    for headers in ([("Authorization", f"Bearer {other.token}")], nginx(f"/a?token={quote(other.token)}")):
        assert (await proxy.get(FORWARD, headers=headers)).status_code == 401
