"""The page to prove an address, as a program sees it; tests/extra/browser has the people's view."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from urllib.parse import urljoin

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import (
    EmailAddress,
    UnavailableError,
    deliver_due_mails,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories
from tests.http.conftest import ClientOver

ASKED, DONE, USED = (
    "Verify your e-mail address",
    "Your e-mail address is verified",
    "Your e-mail address is already verified",
)
VOID = "This link does not work"


@pytest.fixture
def memory() -> MemoryPorts:
    """A world with what is set by default: who signs up is mailed a link."""
    return memory_ports()


@pytest.fixture
async def secret(memory: MemoryPorts) -> str:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.verification_links[0].secret


def title(page: httpx2.Response) -> str:
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    return found[1]


def is_verified(memory: MemoryPorts) -> bool:
    return any(user.is_email_verified for user in memory.unit_of_work.tables.users.values())


async def press(http: httpx2.AsyncClient, secret: str) -> None:
    """Presses the button, as a browser does, and comes to a page that may be loaded again."""
    answer = await http.post("/verify-email", data={"token": secret})
    assert (answer.status_code, answer.content) == (303, b"")
    place = urljoin("/verify-email", answer.headers["Location"])
    assert secret not in place
    for _ in range(2):
        page = await http.get(place)
        assert (page.status_code, title(page)) == (200, DONE)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whoever_opens_the_link_verifies_nothing(
    memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str, method: str
) -> None:
    """As a scanner of mails does."""
    for _ in range(3):
        page = await quick.request(method, "/verify-email", params={"token": secret})
        assert page.status_code == 200
    assert not is_verified(memory)
    await press(quick, secret)
    assert is_verified(memory)


async def test_the_page_says_what_is_asked_and_carries_the_secret(quick: httpx2.AsyncClient, secret: str) -> None:
    page = await quick.get("/verify-email", params={"token": f" {secret}\n"})
    assert title(page) == ASKED
    assert f'name="token" value="{secret}"' in page.text
    assert "alice@example.com" in page.text
    assert "<script" not in page.text


async def test_no_session_is_opened(memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str) -> None:
    sessions = memory.unit_of_work.tables.sessions
    answer = await quick.post("/verify-email", data={"token": secret})
    assert "set-cookie" not in answer.headers
    assert memory.unit_of_work.tables.sessions == sessions


async def test_a_double_click_is_answered_as_one(memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str) -> None:
    await asyncio.gather(*(press(quick, secret) for _ in range(4)))
    types = [event.type.value for event in memory.unit_of_work.tables.events.values()]
    assert types.count("user.email_verified") == 1


async def test_a_link_is_called_used_as_soon_as_the_address_is_proved(
    memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str
) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)
    page = await quick.get("/verify-email", params={"token": secret})
    assert (page.status_code, title(page)) == (200, USED)
    assert "<form" not in page.text
    assert "alice@example.com" not in page.text
    await press(quick, secret)


async def test_an_old_link_neither_verifies_nor_shows_a_new_address(
    memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str
) -> None:
    users = memory.unit_of_work.tables.users
    (user,) = users.values()
    users[user.id] = attrs.evolve(user, email=EmailAddress("al@example.org", "al@example.org"))
    pages = [
        await quick.get("/verify-email", params={"token": secret}),
        await quick.post("/verify-email", data={"token": secret}),
    ]
    for page in pages:
        assert (page.status_code, title(page)) == (400, VOID)
        assert "example.org" not in page.text
    assert not is_verified(memory)


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=verify_x", "?token=%00", "?token=a&token=b", "?token=<script>"]
)
async def test_a_link_that_never_was_says_so(quick: httpx2.AsyncClient, query: str) -> None:
    page = await quick.get(f"/verify-email{query}")
    assert (page.status_code, title(page)) == (400, VOID)
    assert "<script>" not in page.text


async def test_an_expired_link_says_so(memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str) -> None:
    memory.clock.advance(days=1)
    pages = [
        await quick.get("/verify-email", params={"token": secret}),
        await quick.post("/verify-email", data={"token": secret}),
    ]
    assert [(page.status_code, title(page)) for page in pages] == [(400, VOID)] * 2


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"token=a&token=b", 400), (b"token={}&token={}", 400), (b"token=%ff", 400), (b"&" * 60_000, 400)],
)
async def test_a_crooked_form_changes_nothing(
    memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    page = await quick.post("/verify-email", content=body.replace(b"{}", secret.encode()), headers=headers)
    assert page.status_code == status
    assert not is_verified(memory)


async def test_the_pages_lead_nowhere_else_and_tell_nobody_where_one_comes_from(
    quick: httpx2.AsyncClient, secret: str
) -> None:
    pages = [
        await quick.get("/verify-email", params={"token": secret}),
        await quick.post("/verify-email", data={"token": secret}),
        await quick.get("/verify-email?done"),
    ]
    for page in pages:
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page.headers["Cache-Control"]
        assert page.headers["X-Frame-Options"] == "DENY"


async def test_while_the_database_is_away_the_link_stays_good(
    memory: MemoryPorts, client_over: ClientOver, secret: str
) -> None:
    class Away(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise UnavailableError("away")

    away = client_over(attrs.evolve(memory, unit_of_work=Away()))
    page = await away.get("/verify-email", params={"token": secret})
    assert (page.status_code, title(page)) == (503, "Please try again")
    page = await away.post("/verify-email", data={"token": secret})
    assert (page.status_code, title(page)) == (503, ASKED)
    assert f'name="token" value="{secret}"' in page.text
    await press(client_over(memory), secret)


async def test_it_is_right_below_any_prefix(quick: httpx2.AsyncClient, secret: str) -> None:
    page = await quick.get("/verify-email", params={"token": secret})
    assert 'action="verify-email"' in page.text
    assert 'href="assets/page.css"' in page.text
