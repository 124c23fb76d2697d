"""The page to set a new password, as a program sees it; tests/extra/browser has the people's view."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    Client,
    Limits,
    OverloadedError,
    Password,
    PasswordPolicy,
    Policy,
    RateLimit,
    TooManyRequestsError,
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


async def set_password(http: httpx2.AsyncClient, secret: str, password: str = "new-secret") -> str:
    """Sets a new password by the form, as a browser does, and returns the path that it ends up at."""
    answer = await http.post("/reset-password", data={"token": secret, "password": password})
    assert (answer.status_code, answer.content) == (303, b"")
    place = urljoin("/reset-password", answer.headers["Location"])
    for _ in range(2):
        page = await http.get(place)
        assert (page.status_code, title(page)) == (200, "Your password was changed")
    return place


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_leaves_the_link_as_it_was(
    http: httpx2.AsyncClient, secret: str, method: str
) -> None:
    for _ in range(3):
        page = await http.request(method, "/reset-password", params={"token": secret})
        assert page.status_code == 200
    await set_password(http, secret)


async def test_the_form_carries_the_secret_and_works_once(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    page = await http.get("/reset-password", params={"token": secret})
    assert title(page) == "Set a new password"
    assert f'name="token" value="{secret}"' in page.text
    place = await set_password(http, secret, "new sécret")
    assert secret not in place
    await log_in("alice@example.com", "new sécret", ports=memory)


async def test_what_is_sent_twice_is_answered_as_what_was_sent_once(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    """A double click, or a form sent again because the answer got lost."""
    await set_password(http, secret)
    events = dict(memory.unit_of_work.tables.events)
    await set_password(http, secret)
    await set_password(http, f" {secret}\n")
    assert memory.unit_of_work.tables.events == events, "it was done once"


async def test_two_clicks_at_once_both_see_that_it_worked(memory: MemoryPorts, secret: str) -> None:
    both_hash = asyncio.Barrier(2)

    class Waiting(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            await both_hash.wait()
            return await super().hash(password, client)

    async with browser(attrs.evolve(memory, hasher=Waiting())) as client:
        await asyncio.gather(*(set_password(client, secret) for _ in range(2)))
    await log_in("alice@example.com", "new-secret", ports=memory)


async def test_another_password_with_a_used_link_is_not_taken_and_not_said_to_be(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    """As by the back button."""
    await set_password(http, secret)
    for password in ("other-secret", "short", "", "secret"):
        page = await http.post("/reset-password", data={"token": secret, "password": password})
        assert (page.status_code, title(page)) == (400, "Your password was already changed")
        assert "<form" not in page.text
    await log_in("alice@example.com", "new-secret", ports=memory)


async def test_the_used_link_says_that_it_did_its_work(http: httpx2.AsyncClient, secret: str) -> None:
    await set_password(http, secret)
    page = await http.get("/reset-password", params={"token": secret})
    assert (page.status_code, title(page)) == (200, "Your password was already changed")
    assert "alice@example.com" not in page.text
    assert "<form" not in page.text


async def test_a_used_link_is_no_way_to_guess_on(memory: MemoryPorts, secret: str) -> None:
    limits = Limits(log_in=RateLimit("login", 2, timedelta(minutes=1)), reset=None)
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, limits=limits))
    async with browser(ports) as client:
        await set_password(client, secret)
        guesses = [{"token": secret, "password": f"guess-{number}"} for number in range(3)]
        for guess in [*guesses, {"token": secret, "password": "new-secret"}]:
            page = await client.post("/reset-password", data=guess)
            assert (page.status_code, title(page)) == (400, "Your password was already changed")
    with pytest.raises(TooManyRequestsError):
        await log_in("alice@example.com", "new-secret", Client("127.0.0.1"), ports=ports)


async def test_what_was_done_is_forgotten_with_the_lifetime_of_the_link(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    await set_password(http, secret)
    memory.clock.advance(hours=1)
    page = await http.post("/reset-password", data={"token": secret, "password": "new-secret"})
    assert (page.status_code, title(page)) == (400, "Your password was already changed")


@pytest.mark.parametrize("mark", [" ", "%20", "%0A", "%0D%0A", "+", "%09", "%C2%A0", "%E2%80%8B", "%EF%BB%BF"])
async def test_what_copying_adds_to_the_secret_is_dropped(http: httpx2.AsyncClient, secret: str, mark: str) -> None:
    for token in (f"{secret}{mark}", f"{mark}{secret}", f"{mark}{secret}{mark}{mark}"):
        page = await http.get(f"/reset-password?token={token}")
        assert (page.status_code, title(page)) == (200, "Set a new password")
        assert f'name="token" value="{secret}"' in page.text


@pytest.mark.parametrize("query", ["?token=&token={}", "?token={}&token=", "?token={}&done", "?token=%20&token={}"])
async def test_an_empty_secret_counts_as_none(http: httpx2.AsyncClient, secret: str, query: str) -> None:
    page = await http.get("/reset-password" + query.replace("{}", secret))
    assert (page.status_code, title(page)) == (200, "Set a new password")


@pytest.mark.parametrize("query", ["?token={}&token={}", "?token={}&token=x", "?token={}x", "?token={}%20x"])
async def test_two_secrets_or_half_a_one_are_none(http: httpx2.AsyncClient, secret: str, query: str) -> None:
    page = await http.get("/reset-password" + query.replace("{}", secret))
    assert (page.status_code, title(page)) == (400, "This link does not work")
    assert "alice@example.com" not in page.text


async def test_password_managers_get_the_name_that_belongs_to_the_link(http: httpx2.AsyncClient, secret: str) -> None:
    forms = [
        await http.get("/reset-password", params={"token": secret}),
        await http.post("/reset-password", data={"token": secret, "password": "short"}),
    ]
    for page in forms:
        (field,) = re.findall(r"<input[^>]*autocomplete=\"username\"[^>]*>", page.text)
        assert 'value="alice@example.com"' in field
        assert 'autocomplete="new-password"' in page.text


async def test_nobody_learns_an_address_without_a_good_secret(
    memory: MemoryPorts, http: httpx2.AsyncClient, secret: str
) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    other = memory.mailer.reset_links[-1].secret
    await set_password(http, other)
    memory.clock.advance(minutes=1)
    for token in (secret, other, secret[:-1] + "x", "reset_x"):
        pages = [
            await http.get("/reset-password", params={"token": token}),
            *[
                await http.post("/reset-password", data={"token": token, "password": password})
                for password in ("short", "another-secret")
            ],
        ]
        assert not [page for page in pages if "alice" in page.text or "username" in page.text]


async def test_a_hostile_address_is_text_in_the_page(memory: MemoryPorts) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    users = memory.unit_of_work.tables.users
    for user_id, user in users.items():
        users[user_id] = attrs.evolve(user, email=attrs.evolve(user.email, typed='"><script>x</script>@a.b'))
    async with browser(memory) as client:
        page = await client.get("/reset-password", params={"token": memory.mailer.reset_links[0].secret})
    assert "&lt;script&gt;x" in page.text
    assert "<script>x" not in page.text


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
    await set_password(http, secret)


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
    assert (await http.post("/reset-password", content=body.encode(), headers=FORM)).status_code == 303


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
        await http.get("/reset-password?done"),
        await http.get("/"),
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
