"""The page to set a new password, as a program sees it; tests/extra/browser has the people's view."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from html.parser import HTMLParser

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    Client,
    OverloadedError,
    Password,
    PasswordPolicy,
    Policy,
    UnavailableError,
    deliver_due_mails,
    is_reset_secret_usable,
    log_in,
    request_password_reset,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories
from leadnator_auth.entrypoints.http import create_app

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def secret(memory: MemoryPorts) -> str:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[0].secret


@pytest.fixture
async def http(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(memory) as client:
        yield client


def browser(ports: MemoryPorts) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(ports)), base_url="http://auth.test")


def title(page: httpx2.Response) -> str:
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_leaves_the_link_as_it_was(
    http: httpx2.AsyncClient, secret: str, method: str
) -> None:
    for _ in range(3):
        page = await http.request(method, "/reset-password", params={"token": secret})
        assert page.status_code == 200
    page = await http.post("/reset-password", data={"token": secret, "password": "new-secret"})
    assert (page.status_code, title(page)) == (200, "Your password was changed")


async def test_the_form_carries_the_secret_and_works_once(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    page = await http.get("/reset-password", params={"token": secret})
    assert title(page) == "Set a new password"
    assert f'name="token" value="{secret}"' in page.text
    data = {"token": secret, "password": "new sécret"}
    assert (await http.post("/reset-password", data=data)).status_code == 200
    await log_in("alice@example.com", "new sécret", ports=memory)
    again = await http.post("/reset-password", data=data)
    assert (again.status_code, title(again)) == (400, "This link does not work")


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
async def test_a_refused_password_is_explained_and_may_be_another(
    http: httpx2.AsyncClient, secret: str, password: str
) -> None:
    page = await http.post("/reset-password", data={"token": secret, "password": password})
    assert (page.status_code, title(page)) == (400, "Set a new password")
    assert 'role="alert"' in page.text
    assert secret in page.text
    if password:
        assert password not in page.text
    assert (await http.post("/reset-password", data={"token": secret, "password": "new-secret"})).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=reset_x", "?token=%00", "?token=a&token=b", "?token=<script>"]
)
async def test_a_link_that_never_was_says_so(http: httpx2.AsyncClient, query: str) -> None:
    page = await http.get(f"/reset-password{query}")
    assert (page.status_code, title(page)) == (400, "This link does not work")
    assert "<script>" not in page.text


async def test_an_expired_link_says_so(memory: MemoryPorts, http: httpx2.AsyncClient, secret: str) -> None:
    memory.clock.advance(hours=1)
    page = await http.get("/reset-password", params={"token": secret})
    assert (page.status_code, title(page)) == (400, "This link does not work")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"password=new-secret",
        b"token=%22%3E%3Cscript%3E&password=new-secret",
        b"token=%ff&password=new-secret",
        b"token=\xff",
        b"&" * 60_000,
        b"a=1&" * 30,
        b"token=a&token=b&password=new-secret",
    ],
)
async def test_a_crooked_form_changes_nothing_and_shows_nothing_of_itself(
    http: httpx2.AsyncClient, secret: str, body: bytes
) -> None:
    page = await http.post("/reset-password", content=body, headers=FORM)
    assert page.status_code == 400
    assert "<script>" not in page.text


async def assert_nothing_changed(memory: MemoryPorts, secret: str) -> None:
    await log_in("alice@example.com", "secret", ports=memory)
    assert await is_reset_secret_usable(secret, ports=memory)


@pytest.mark.parametrize(
    "body",
    [
        b"token={}&token={}&password=new-secret",
        b"token=&token={}&password=new-secret",
        b"token={}&password=new-secret&password=other-secret",
        b"token={}&password=new-s\xc3\xa9cret",
        b"token={}&password=new-s%ffcret",
        b"token={}&password=new-secret" + b"&a=1" * 19,
    ],
    ids=["token twice", "token blank and given", "two passwords", "raw UTF-8", "no UTF-8", "21 fields"],
)
async def test_a_form_that_can_be_read_in_two_ways_changes_nothing(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str, body: bytes
) -> None:
    page = await http.post("/reset-password", content=body.replace(b"{}", secret.encode()), headers=FORM)
    assert page.status_code == 400
    await assert_nothing_changed(memory, secret)


async def test_a_form_may_have_a_few_more_fields(http: httpx2.AsyncClient, secret: str) -> None:
    body = f"token={secret}&password=new-secret" + "&a=1" * 18
    assert (await http.post("/reset-password", content=body.encode(), headers=FORM)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"token=%00&password=new-secret", b"password=short", b"token=x&token=y&password=short"]
)
async def test_without_a_good_secret_no_form_is_offered(http: httpx2.AsyncClient, body: bytes) -> None:
    page = await http.post("/reset-password", content=body, headers=FORM)
    assert (page.status_code, title(page)) == (400, "This link does not work")


async def test_only_what_is_wrong_with_the_password_is_explained(http: httpx2.AsyncClient) -> None:
    page = await http.post("/reset-password", content=b"token=%00&password=short", headers=FORM)
    assert "Use at least 6 characters." in page.text
    assert "not allowed" not in page.text


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", None])
async def test_only_a_form_is_taken(http: httpx2.AsyncClient, secret: str, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    page = await http.post("/reset-password", content=f"token={secret}&password=new-secret".encode(), headers=headers)
    assert page.status_code == 415


async def test_a_hostile_secret_is_text_in_the_page(memory: MemoryPorts, http: httpx2.AsyncClient) -> None:
    page = await http.post("/reset-password", data={"token": '"><img src=x onerror=alert(1)>', "password": "short"})
    attributes: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag != "img"
            attributes.extend(name for name, _ in attrs)

    Reader().feed(page.text)
    assert "onerror" not in attributes


async def test_nothing_may_be_loaded_from_or_sent_to_anybody_else(http: httpx2.AsyncClient, secret: str) -> None:
    pages = [
        await http.get("/reset-password", params={"token": secret}),
        await http.get("/reset-password"),
        await http.post("/reset-password", data={"token": secret, "password": "new-secret"}),
    ]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "base-uri 'none'" in policy
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"https?://|//", page.text)


async def test_style_and_script_are_served_from_here_and_may_be_kept(http: httpx2.AsyncClient, secret: str) -> None:
    page = await http.get("/reset-password", params={"token": secret})
    files = re.findall(r'(?:href|src)="(assets/[^"]+)"', page.text)
    assert len(files) == 2
    for file in files:
        answer = await http.get(f"/{file}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await http.get("/assets/other.css")).status_code == 404


@pytest.mark.parametrize("failure", [OverloadedError, UnavailableError])
async def test_trouble_of_ours_keeps_the_form(memory: MemoryPorts, secret: str, failure: type[Exception]) -> None:
    class Failing(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            raise failure

    async with browser(attrs.evolve(memory, hasher=Failing())) as client:
        page = await client.post("/reset-password", data={"token": secret, "password": "new-secret"})
    assert (page.status_code, title(page)) == (503, "Set a new password")
    assert page.headers["Retry-After"]
    assert secret in page.text
    assert "try again" in page.text


async def test_a_database_that_is_away_does_not_call_a_good_link_bad(memory: MemoryPorts, secret: str) -> None:
    class Away(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise UnavailableError("away")

    async with browser(attrs.evolve(memory, unit_of_work=Away())) as client:
        page = await client.get("/reset-password", params={"token": secret})
    assert (page.status_code, title(page)) == (503, "Please try again")
    assert page.headers["Retry-After"]


async def test_the_least_length_on_the_page_is_the_one_in_force(http: httpx2.AsyncClient, secret: str) -> None:
    page = await http.get("/reset-password", params={"token": secret})
    assert "At least 6 characters" in page.text
    assert 'data-min-length="6"' in page.text


@pytest.mark.parametrize(
    ("path", "allowed"), [("/reset-password", "GET, HEAD, POST"), ("/assets/page.css", "GET, HEAD")]
)
async def test_only_what_a_browser_does_is_allowed(http: httpx2.AsyncClient, path: str, allowed: str) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


async def test_the_least_length_of_the_operator_is_told_and_held_to(memory: MemoryPorts, secret: str) -> None:
    async with browser(attrs.evolve(memory, policy=Policy(password=PasswordPolicy(min_length=12)))) as client:
        form = await client.get("/reset-password", params={"token": secret})
        refused = await client.post("/reset-password", data={"token": secret, "password": "x" * 11})
    for page in (form, refused):
        assert "At least 12 characters" in page.text
        assert 'data-min-length="12"' in page.text
    assert refused.status_code == 400
