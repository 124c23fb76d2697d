"""What the pages for people have in common, and the one at the root."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import Site, create_app

NAME = "Acme <b>&\"' Söhne"
LOGIN_URL = "https://app.example.com/login?a=1&b=<2>"


@pytest.fixture
async def named(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application with a name and a page to log in at."""
    app = create_app(memory)
    app.state.site = Site(NAME, LOGIN_URL)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as client:
        yield client


def links_of(page: httpx2.Response) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]+)"', page.text)


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
async def test_the_page_at_the_root_says_that_it_runs_and_leads_on(quick: httpx2.AsyncClient, accept: str) -> None:
    page = await quick.get("/", headers={"Accept": accept})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "leadnator-auth" in page.text
    assert "running" in page.text
    assert {"docs", "openapi.json", "healthz", "readyz"} <= set(links_of(page))
    for link in links_of(page):
        assert (await quick.get(urljoin("/", link))).status_code == 200
    head = await quick.head("/", headers={"Accept": accept})
    assert (head.status_code, head.content) == (200, b"")
    for method in ("POST", "PUT", "OPTIONS"):
        answer = await quick.request(method, "/")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_without_docs_nothing_leads_there(memory: MemoryPorts) -> None:
    transport = httpx2.ASGITransport(create_app(memory, docs=False))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        page = await client.get("/")
        assert page.status_code == 200
        for link in links_of(page):
            assert (await client.get(urljoin("/", link))).status_code == 200
        for path in ("/docs", "/openapi.json", "/assets/reference.css", "/assets/reference.js"):
            for method in ("GET", "POST"):
                answer = await client.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/reset-password", "/reset-password?done", "/reset-password?token=reset_x"])
async def test_every_page_has_the_name_and_leads_to_the_log_in(named: httpx2.AsyncClient, path: str) -> None:
    page = await named.get(path)
    assert "<b>" not in page.text
    assert "Acme &lt;b&gt;&amp;&#34;&#39; Söhne</title>" in page.text
    assert 'href="https://app.example.com/login?a=1&amp;b=&lt;2&gt;">Log in</a>' in page.text
    assert "leadnator-auth" not in page.text


@pytest.mark.parametrize("path", ["/reset-password", "/reset-password?done", "/reset-password?token=reset_x"])
async def test_without_a_page_to_log_in_at_no_page_is_a_dead_end(quick: httpx2.AsyncClient, path: str) -> None:
    page = await quick.get(path)
    assert '<a href="./">Go to leadnator-auth</a>' in page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "login", "", " https://a.example"])
def test_a_log_in_that_is_no_page_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="login_url"):
        Site(login_url=url)
