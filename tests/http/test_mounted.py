"""Mounted in a host application, everything says where it really is, and nothing is open that was not wanted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import attrs
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import (
    Identity,
    SessionId,
    deliver_due_mails,
    request_password_reset,
    sign_up,
)
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.telemetry.metrics import Metrics
from tests.http.reference_page import ReferencePage
from tests.http.test_pages import links_of

Host = Callable[[ASGIApp], ASGIApp]


def at(path: str) -> Host:
    """Returns a host that mounts an application at a path."""

    def mounting(app: ASGIApp) -> ASGIApp:
        return Starlette(routes=[Route("/docs", lambda request: PlainTextResponse("the host's")), Mount(path, app)])

    return mounting


def rewriting(app: ASGIApp, rewrite: Callable[[Scope], dict[str, str]]) -> ASGIApp:
    """Returns an application as a server or a framework calls it that tells paths in its own way."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, **rewrite(scope)}, receive, send)

    return call


def declared(app: ASGIApp) -> ASGIApp:
    """As uvicorn with --root-path /accounts behind a proxy that strips it; the proxy is in it."""
    return rewriting(app, lambda scope: {"root_path": "/accounts", "path": scope["path"]})


def declared_by_the_host(app: ASGIApp) -> ASGIApp:
    """As FastAPI(root_path="/v1"), which leaves the path as its proxy stripped it, with us mounted in it."""
    host = Starlette(routes=[Mount("/accounts", app)])
    return rewriting(host, lambda scope: {"root_path": "/v1", "path": scope["path"].removeprefix("/v1")})


def stripped_in_silence(app: ASGIApp) -> ASGIApp:
    """As a dispatcher that tells us no more than what comes after the prefix."""
    return rewriting(app, lambda scope: {"path": scope["path"].removeprefix("/accounts")})


def not_stripped(app: ASGIApp) -> ASGIApp:
    return app


MOUNTED: dict[str, tuple[str, str, Host]] = {
    "Mount": ("/accounts", "", at("/accounts")),
    "Mount, with the prefix told, too": ("/accounts", "/accounts", at("/accounts")),
    "a nested Mount": ("/v1/accounts", "", lambda app: Starlette(routes=[Mount("/v1", Mount("/accounts", app))])),
    "Mount at /api": ("/api", "", at("/api")),
    "Mount at /docs/a": ("/docs/a", "", at("/docs/a")),
    "a declared root path": ("/accounts", "", declared),
    "a root path of the host": ("/v1/accounts", "", declared_by_the_host),
    "a prefix that is not stripped": ("/accounts", "/accounts", not_stripped),
    "a prefix that is stripped": ("/accounts", "/accounts/", stripped_in_silence),
    "a path with odd characters": ("/a%20b%22%3E", "", at('/a b">')),
}
everywhere = pytest.mark.parametrize("how", MOUNTED)


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://host.test") as client:
        yield client


@everywhere
async def test_every_call_is_found_once_below_it(memory: MemoryPorts, how: str) -> None:
    base, prefix, host = MOUNTED[how]
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    headers = {"Authorization": f"Bearer {alice.token}"}
    async with client_of(host(create_app(memory, prefix=prefix))) as client:
        assert (await client.get(f"{base}/api/auth/me", headers=headers)).status_code == 200
        ended = await client.delete(f"{base}/api/auth/sessions/s_none", headers=headers)
        assert (ended.status_code, ended.json()["code"]) == (404, "not_found")
        assert (await client.put(f"{base}/api/auth/me")).status_code == 405
        # Of what is stripped in silence, nobody knows how often it was there.
        doubled = [] if host is stripped_in_silence else [f"{base}{base}/api/auth/me"]
        for wrong in (f"{base}/auth/me", f"{base}/api/auth/me/", *doubled):
            assert (await client.get(wrong, headers=headers)).status_code == 404


@everywhere
async def test_documents_and_problems_say_where_they_are(memory: MemoryPorts, how: str) -> None:
    base, prefix, host = MOUNTED[how]
    async with client_of(host(create_app(memory, prefix=prefix))) as client:
        document = (await client.get(f"{base}/openapi.json")).json()
        assert document["servers"] == [{"url": base}]
        assert "/api/auth/me" in document["paths"], "the URL of the server is put before it"
        examples = document["components"]["examples"]
        for path, code in (("/api/auth/me", "missing_token"), ("/nothing", "not_found")):
            problem = (await client.get(base + path)).json()
            assert problem["type"] == f"{base}/docs#{code}" == examples[code]["value"]["type"]
        page = ReferencePage((await client.get(f"{base}/docs")).text)
        assert page.snippet("get_me", "curl").startswith(f"curl 'http://127.0.0.1:8000{base}/api/auth/me'")
        for link in page.links:
            if not link.startswith("#"):
                assert (await client.get(urljoin(f"{base}/docs", link))).status_code == 200


@everywhere
async def test_the_pages_lead_nowhere_else(memory: MemoryPorts, how: str) -> None:
    base, prefix, host = MOUNTED[how]
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    secret = memory.mailer.reset_links[0].secret
    async with client_of(host(create_app(memory, prefix=prefix))) as client:
        url = f"http://host.test{base}/reset-password"
        form = await client.get(url, params={"token": secret})
        assert 'action="reset-password"' in form.text
        done = await client.post(url, data={"token": secret, "password": "new-secret"})
        place = urljoin(url, done.headers["Location"])
        assert place == f"{url}?done"
        for page in (form, await client.get(place), await client.get(f"{base}/")):
            assert page.status_code == 200
            for link in links_of(page):
                assert (await client.get(urljoin(str(page.url), link))).status_code == 200


@everywhere
async def test_metrics_are_open_below_a_host_only_if_they_are_wanted(memory: MemoryPorts, how: str) -> None:
    base, prefix, host = MOUNTED[how]
    for metrics, status in ((None, 404), (False, 404), (True, 200), (Metrics(), 200)):
        async with client_of(host(create_app(memory, prefix=prefix, metrics=metrics))) as client:
            answer = await client.get(f"{base}/metrics")
            assert answer.status_code == status
            document = (await client.get(f"{base}/openapi.json")).json()
            assert ("/metrics" in document["paths"]) == (status == 200)
            assert ('id="get_metrics"' in (await client.get(f"{base}/docs")).text) == (status == 200)
            posted = await client.post(f"{base}/metrics")
            assert posted.status_code == (405 if status == 200 else 404)


@pytest.mark.parametrize(("metrics", "status"), [(None, 200), (True, 200), (False, 404)])
async def test_at_the_root_metrics_are_open_unless_they_are_not_wanted(
    memory: MemoryPorts, metrics: bool | None, status: int
) -> None:
    async with client_of(create_app(memory, metrics=metrics)) as client:
        assert (await client.get("/metrics")).status_code == status
        assert ("/metrics" in (await client.get("/openapi.json")).json()["paths"]) == (status == 200)


async def test_a_public_url_that_is_told_is_told_on(memory: MemoryPorts) -> None:
    url = "https://example.com/accounts"
    async with client_of(at("/accounts")(create_app(memory, public_url=url))) as client:
        assert (await client.get("/accounts/openapi.json")).json()["servers"] == [{"url": url}]
        assert (await client.get("/accounts/api/auth/me")).json()["type"] == "/accounts/docs#missing_token"


async def test_one_application_may_be_mounted_twice(memory: MemoryPorts) -> None:
    app = create_app(memory)
    async with client_of(Starlette(routes=[Mount("/a", app), Mount("/b", app), Mount("/", app)])) as client:
        for base in ("/a", "/b", "", "/a"):
            assert (await client.get(f"{base}/api/auth/me")).json()["type"] == f"{base}/docs#missing_token"
            assert (await client.get(f"{base}/openapi.json")).json()["servers"] == [{"url": base or "/"}]
            assert (await client.get(f"{base}/metrics")).status_code == (404 if base else 200)


async def test_a_fault_says_where_it_is_explained_too(memory: MemoryPorts) -> None:
    class Broken(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            raise RuntimeError("a fault")

    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    app = create_app(
        attrs.evolve(memory, identities=Broken(memory.unit_of_work)), cors_origins=["https://app.example.com"]
    )
    async with client_of(at("/accounts")(app)) as client:
        answer = await client.get("/accounts/api/auth/me", headers={"Authorization": f"Bearer {alice.token}"})
        assert (answer.status_code, answer.json()["type"]) == (500, "/accounts/docs#internal_error")
        preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        refused = await client.options("/accounts/api/auth/me", headers=preflight)
        assert (refused.status_code, refused.json()["type"]) == (400, "/accounts/docs#invalid_request")


@pytest.mark.parametrize("prefix", ["accounts", "https://example.com/accounts"])
def test_a_prefix_begins_with_a_slash(memory: MemoryPorts, prefix: str) -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        create_app(memory, prefix=prefix)


NO_PATHS = ["//", "/a//b", "/a?b=c", "/a#b", "/a%20b", "/../a", "/a/.", "/a\\b", "/a\nb"]


@pytest.mark.parametrize("prefix", NO_PATHS)
def test_a_prefix_that_no_path_begins_with_is_refused(memory: MemoryPorts, prefix: str) -> None:
    with pytest.raises(ValueError, match="a path that is not encoded") as refused:
        create_app(memory, prefix=prefix)
    assert repr(prefix) in str(refused.value)


@pytest.mark.parametrize("prefix", ["/", "/a", "/a/", "/a/b.c/d", "/k\u00e4se", "/a b"])
async def test_a_prefix_that_paths_begin_with_is_taken(memory: MemoryPorts, prefix: str) -> None:
    async with client_of(create_app(memory, prefix=prefix)) as client:
        assert (await client.get(f"{prefix.rstrip('/')}/healthz")).status_code == 200
