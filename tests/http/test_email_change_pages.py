"""The pages of a change of address, as a program sees them; tests/extra/browser has the people's view."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from urllib.parse import urljoin

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    Identity,
    UnavailableError,
    change_email,
    confirm_email,
    deliver_due_mails,
    sign_up,
    undo_email_change,
)
from leadnator_auth.domain.ports import Repositories
from tests.http.conftest import ClientOver

A, B = "alice@example.com", "al@example.org"
VOID = "This link does not work"


@attrs.frozen
class Page:
    """One of the two: where it is, its headings, and the address that the account has once its button was pressed."""

    path: str
    asked: str
    done: str
    used: str
    shows: str
    before: str


CONFIRM = Page(
    "/confirm-email",
    "Confirm your new e-mail address",
    "Your e-mail address is changed",
    "Your e-mail address is already changed",
    shows=B,
    before=A,
)
BACK = "Your account has its e-mail address again"
UNDO = Page("/undo-email-change", "Take your account back", BACK, BACK, shows=A, before=B)


@pytest.fixture(params=[CONFIRM, UNDO], ids=["confirm", "undo"])
def opened(request: pytest.FixtureRequest) -> Page:
    page: Page = request.param
    return page


@pytest.fixture
async def secret(memory: MemoryPorts, opened: Page) -> str:
    """The secret in the link that opens the page."""
    alice = await sign_up("Alice", A, "secret", ports=memory)
    await change_email(Identity(alice.user, alice.session), B, ports=memory)
    await deliver_due_mails(ports=memory)
    confirmation = memory.mailer.confirmation_links[0].secret
    if opened is CONFIRM:
        return confirmation
    await confirm_email(confirmation, ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.undo_links[0].secret


def title(page: httpx2.Response) -> str:
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    return found[1]


def address_in(memory: MemoryPorts) -> str:
    return next(iter(memory.unit_of_work.tables.users.values())).email.canonical


async def press(http: httpx2.AsyncClient, opened: Page, secret: str) -> None:
    """Presses the button, as a browser does, and comes to a page that may be loaded again."""
    answer = await http.post(opened.path, data={"token": secret})
    assert (answer.status_code, answer.content) == (303, b"")
    assert "set-cookie" not in answer.headers
    place = urljoin(opened.path, answer.headers["Location"])
    assert secret not in place
    for _ in range(2):
        page = await http.get(place)
        assert (page.status_code, title(page)) == (200, opened.done)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whoever_opens_the_link_changes_nothing(
    memory: MemoryPorts, quick: httpx2.AsyncClient, opened: Page, secret: str, method: str
) -> None:
    """As a scanner of mails does."""
    before = memory.unit_of_work.tables
    for _ in range(3):
        assert (await quick.request(method, opened.path, params={"token": secret})).status_code == 200
    assert memory.unit_of_work.tables == before
    await press(quick, opened, secret)
    assert address_in(memory) == opened.shows


async def test_no_session_is_opened(memory: MemoryPorts, quick: httpx2.AsyncClient, opened: Page, secret: str) -> None:
    before = memory.unit_of_work.tables.sessions
    await press(quick, opened, secret)
    assert memory.unit_of_work.tables.sessions.keys() <= before.keys()


async def test_the_page_says_what_is_asked_and_carries_the_secret(
    quick: httpx2.AsyncClient, opened: Page, secret: str
) -> None:
    page = await quick.get(opened.path, params={"token": f" {secret}\n"})
    assert title(page) == opened.asked
    assert f'name="token" value="{secret}"' in page.text
    assert f'action="{opened.path[1:]}"' in page.text
    assert opened.shows in page.text
    assert opened.before not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"


async def test_a_double_click_is_answered_as_one(
    memory: MemoryPorts, quick: httpx2.AsyncClient, opened: Page, secret: str
) -> None:
    await asyncio.gather(*(press(quick, opened, secret) for _ in range(4)))
    page = await quick.get(opened.path, params={"token": secret})
    assert (page.status_code, title(page)) == (200, opened.used)
    assert "<form" not in page.text
    types = [event.type.value for event in memory.unit_of_work.tables.events.values()]
    assert types.count("user.email_changed") == 1


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token=%00", "?token=a&token=b", "?token=<script>"])
async def test_a_link_that_never_was_says_so(quick: httpx2.AsyncClient, opened: Page, query: str) -> None:
    page = await quick.get(f"{opened.path}{query}")
    assert (page.status_code, title(page)) == (400, VOID)
    assert "<script>" not in page.text


async def test_an_expired_link_says_so(
    memory: MemoryPorts, quick: httpx2.AsyncClient, opened: Page, secret: str
) -> None:
    memory.clock.advance(days=7)
    pages = [
        await quick.get(opened.path, params={"token": secret}),
        await quick.post(opened.path, data={"token": secret}),
    ]
    assert [(page.status_code, title(page)) for page in pages] == [(400, VOID)] * 2
    assert address_in(memory) == opened.before


@pytest.mark.parametrize("opened", [CONFIRM], indirect=True)
async def test_a_link_whose_change_was_taken_back_says_so(
    memory: MemoryPorts, quick: httpx2.AsyncClient, secret: str, opened: Page
) -> None:
    await press(quick, opened, secret)
    await deliver_due_mails(ports=memory)
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    for page in (
        await quick.post(opened.path, data={"token": secret}),
        await quick.get(opened.path, params={"token": secret}),
    ):
        assert (page.status_code, title(page)) == (400, VOID)
        assert "example.com" not in page.text


@pytest.mark.parametrize("opened", [CONFIRM], indirect=True)
async def test_an_address_that_was_taken_meanwhile_is_told(
    memory: MemoryPorts, quick: httpx2.AsyncClient, opened: Page, secret: str
) -> None:
    await sign_up("Bob", B, "secret", ports=memory)
    page = await quick.post(opened.path, data={"token": secret})
    assert (page.status_code, title(page)) == (400, VOID)
    assert "another account has the address" in page.text


async def test_while_the_database_is_away_the_link_stays_good(
    memory: MemoryPorts, client_over: ClientOver, opened: Page, secret: str
) -> None:
    class Away(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise UnavailableError("away")

    away = client_over(attrs.evolve(memory, unit_of_work=Away()))
    page = await away.get(opened.path, params={"token": secret})
    assert (page.status_code, title(page)) == (503, "Please try again")
    page = await away.post(opened.path, data={"token": secret})
    assert (page.status_code, title(page)) == (503, opened.asked)
    await press(client_over(memory), opened, secret)
