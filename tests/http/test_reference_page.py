"""The reference page, as a program sees it; tests/extra/browser has the people's view, tests/e2e runs what is on it."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qsl

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.pages.curl import VARIABLE
from leadnator_auth.entrypoints.http.pages.reference import render_reference
from leadnator_auth.entrypoints.http.problems import PROBLEMS
from leadnator_auth.entrypoints.http.reading.body import FORM
from tests.http.reference_page import ReferencePage

PUBLIC_URL = "https://auth.example.com/base"
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")


@pytest.fixture
async def client(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(memory, public_url=PUBLIC_URL))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as opened:
        yield opened


@pytest.fixture(scope="module")
def page() -> ReferencePage:
    return ReferencePage(render_reference(PUBLIC_URL))


async def test_it_is_the_same_page_for_everybody(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    other = await client.get("/docs?token=SECRET", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert other.content == page.content
    assert PUBLIC_URL in page.text


async def test_nothing_may_be_loaded_from_anybody_else(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    page = ReferencePage(answer.text)
    assert not [name for name in page.attributes if name == "style" or name.startswith("on")]
    assert "style" not in page.tags
    assert not [link for link in page.links if link.startswith(("http", "//", "data:"))]
    assert page.tags.count("script") == 1


async def test_every_link_leads_somewhere(client: httpx2.AsyncClient) -> None:
    page = ReferencePage((await client.get("/docs")).text)
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    for link in page.links:
        path, _, anchor = link.partition("#")
        if path:
            assert (await client.get(f"/{path}")).status_code == 200
        else:
            assert anchor in page.ids


@every_operation
def test_every_operation_is_told_whole(page: ReferencePage, operation: Operation) -> None:
    assert operation.name in page.ids
    assert f"#{operation.name}" in page.links
    answer = page.snippet(operation.name, "Response 200 OK") if operation.status == 200 else None
    if answer is None:
        assert f"<code>{operation.status.value} {operation.status.phrase}</code>" in render_reference(PUBLIC_URL)
    elif operation.media_type == "text/plain":
        assert answer == operation.example_answer.rstrip()
    else:
        assert json.loads(answer) == operation.example_answer
    if operation.example_body is not None:
        body = page.snippet(operation.name, "Request body")
        sent = dict(parse_qsl(body)) if operation.body_type == FORM else json.loads(body)
        assert sent == operation.example_body
    command = page.snippet(operation.name, "curl")
    assert PUBLIC_URL in command
    credential = "$API_KEY" if operation.scope else "$TOKEN"
    assert (f"Bearer {credential}" in command) is operation.needs_token


@every_operation
def test_every_field_and_error_of_an_operation_is_told(operation: Operation) -> None:
    html = render_reference(PUBLIC_URL)
    (article,) = re.findall(rf'<article id="{operation.name}".*?</article>', html, re.DOTALL)
    for name in [*(operation.body or ()), *(parameter.name for parameter in operation.parameters)]:
        assert f'<th scope="row"><code>{name}</code></th>' in article
    for refusal in operation.refusals:
        assert f'href="#{refusal.code}"' in article
    assert ("Auth required" in article) is operation.needs_token
    assert operation.summary in unescape(article)


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.code)
def test_every_problem_points_to_a_place_on_the_page(page: ReferencePage, kind: type) -> None:
    assert kind.code in page.ids  # type: ignore[attr-defined]  # each kind of refusal has a code


def test_the_constraints_are_in_words() -> None:
    html = render_reference(PUBLIC_URL)
    for words in ("1 to 200 characters", "6 to 1,024 characters", "At most 254 characters", "Not empty."):
        assert words in html
    assert "One of local, others, global. By default local." in html


def test_every_variable_of_a_snippet_is_explained(page: ReferencePage) -> None:
    used = {name for each in page.snippets if each.caption == "curl" for name in VARIABLE.findall(each.text)}
    set_there = {each.text.partition("=")[0] for each in page.snippets if each.place == "examples"}
    assert used == set_there
    assert used >= {"TOKEN", "SESSION_ID", "RESET_TOKEN"}


@pytest.mark.parametrize("url", ["https://a.example/it's", 'https://a.example/$(x)"`'])
def test_a_public_url_cannot_break_out_of_its_quotes(url: str) -> None:
    page = ReferencePage(render_reference(url))
    assert page.snippet("get_me", "curl").startswith("curl '" + url.replace("'", "'\\''") + "/api/auth/me'")
    session = page.snippet("end_session", "curl")
    assert session.startswith('curl "' + re.sub(r'(["$`])', r"\\\1", url) + '/api/auth/sessions/$SESSION_ID"')
