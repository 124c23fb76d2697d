"""Every refusal by its status, code and title, and what all answers have in common."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Status, deliver_due_mails

Check = Callable[[httpx2.Response, int, str], None]
Request = dict[str, Any]  # the arguments of AsyncClient.request

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}
NO_SUCH_LINK = {"token": "reset_" + "A" * 43, "password": "second-password"}
ALLOWED = {
    "/api/auth/signup": {"POST"},
    "/api/auth/login": {"POST"},
    "/api/auth/me": {"GET", "HEAD"},
    "/api/auth/forgot-password": {"POST"},
    "/api/auth/reset-password": {"POST"},
    "/api/auth/logout": {"POST"},
    "/api/auth/sessions": {"GET", "HEAD"},
    "/api/auth/sessions/s_1": {"DELETE"},
    "/api/auth/change-password": {"POST"},
    "/api/auth/media-token": {"POST"},
    "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"},
    "/docs": {"GET", "HEAD"},
    "/": {"GET", "HEAD"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"]


def post(path: str, body: object = None, **more: object) -> Request:
    return {"method": "POST", "url": f"/api/auth/{path}", "json": body, **more}


def me(**more: object) -> Request:
    return {"method": "GET", "url": "/api/auth/me", **more}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


ERRORS: list[tuple[Request, int, str, str | None]] = [
    (post("signup", {}), 400, "missing_fields", "Missing fields"),
    (post("login", {"email": None, "password": ""}), 400, "missing_fields", "Missing fields"),
    (post("forgot-password", {"email": " "}), 400, "missing_fields", "Missing fields"),
    (post("reset-password", {}), 400, "missing_fields", "Missing fields"),
    (post("signup", ALICE | {"email": "nonsense"}), 400, "invalid_fields", "Invalid fields"),
    (post("signup", ALICE | {"name": "x" * 201}), 400, "invalid_fields", "Invalid fields"),
    (post("signup", ALICE | {"name": "A\x1b[31mlice"}), 400, "invalid_fields", "Invalid fields"),
    (post("signup", ALICE | {"name": "A\r\nBcc: x"}), 400, "invalid_fields", "Invalid fields"),
    (post("forgot-password", {"email": 5}), 400, "invalid_fields", "Invalid fields"),
    (post("login", []), 400, "invalid_json", "Malformed JSON"),
    (me(headers=bearer("a.b.c"), params={"token": "a.b.c"}), 400, "invalid_request", "Invalid request"),
    (post("reset-password", NO_SUCH_LINK), 400, "invalid_reset_token", "Invalid or expired reset token"),
    (post("login", RIGHT | {"password": "wrong-password"}), 401, "invalid_credentials", "Invalid credentials"),
    (post("login", RIGHT | {"email": "no@example.com"}), 401, "invalid_credentials", "Invalid credentials"),
    (me(), 401, "missing_token", "Authentication required"),
    (me(headers=bearer("a.b.c")), 401, "invalid_token", "Invalid token"),
    ({"method": "GET", "url": "/nothing"}, 404, "not_found", None),
    ({"method": "PUT", "url": "/api/auth/me"}, 405, "method_not_allowed", None),
    (post("signup", ALICE), 409, "email_taken", "Email already in use"),
    (post("signup", ALICE | {"x": "x" * 65536}), 413, "payload_too_large", None),
    (post("login", RIGHT, headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type", None),
]


@pytest.fixture
async def token(quick: httpx2.AsyncClient) -> str:
    """The token of Alice, who has signed up."""
    answer = await quick.post("/api/auth/signup", json=ALICE)
    return str(answer.json()["token"])


@pytest.mark.parametrize(
    ("request_", "status", "code", "title"), ERRORS, ids=lambda v: str(v.get("url")) if isinstance(v, dict) else None
)
@pytest.mark.usefixtures("token")
async def test_each_refusal_is_a_problem_with_its_status_code_and_title(
    quick: httpx2.AsyncClient, check_problem: Check, request_: Request, status: int, code: str, title: str | None
) -> None:
    answer = await quick.request(**request_)
    check_problem(answer, status, code)
    assert title in (None, answer.json()["title"])
    assert answer.json()["title"]


async def test_a_suspended_account_is_a_problem(
    quick: httpx2.AsyncClient, memory: MemoryPorts, token: str, check_problem: Check
) -> None:
    tables = memory.unit_of_work.tables
    tables.users = {key: attrs.evolve(user, status=Status.SUSPENDED) for key, user in tables.users.items()}
    answer = await quick.post("/api/auth/login", json=RIGHT)
    check_problem(answer, 403, "account_suspended")
    assert answer.json()["title"] == "Account suspended"
    check_problem(await quick.get("/api/auth/me", headers=bearer(token)), 401, "invalid_token")


async def test_the_codes_have_their_own_places_on_the_reference_page(quick: httpx2.AsyncClient) -> None:
    types = {code: (await quick.request(**request)).json()["type"] for request, _, code, _ in ERRORS[:2] + ERRORS[9:18]}
    assert len(set(types.values())) == len(types) > 5
    assert all(kind.startswith("/docs") for kind in types.values())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": 5, "password": "abc"}, "missing_fields"),
        ({"name": " ", "email": "a@b@c", "password": ["secret"]}, "missing_fields"),
        ({"name": "x" * 201, "email": "nonsense", "password": "abc"}, "invalid_fields"),
        ({"name": "\ud800", "email": "\0@x.test", "password": "x" * 1025}, "invalid_fields"),
    ],
    ids=["missing, wrong type, too short", "blank, two @, list", "all wrong", "characters and length"],
)
async def test_all_bad_fields_are_told_at_once(
    quick: httpx2.AsyncClient, check_problem: Check, body: object, code: str
) -> None:
    content = json.dumps(body)  # escapes what UTF-8 cannot hold
    answer = await quick.post("/api/auth/signup", content=content, headers={"Content-Type": "application/json"})
    check_problem(answer, 400, code)
    errors = answer.json()["errors"]
    assert sorted(error["field"] for error in errors) == ["email", "name", "password"]
    assert all(error.keys() == {"field", "code", "message"} and all(error.values()) for error in errors)


async def test_a_bad_character_in_an_ignored_member_hides_no_other_field_error(quick: httpx2.AsyncClient) -> None:
    """Either the whole body is malformed, or every bad field is told."""
    answer = await quick.post("/api/auth/signup", json={"name": "Alice", "password": "abc", "note": "\0"})
    told = {error["field"] for error in answer.json().get("errors", [])}
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_json" or told >= {"email", "password"}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (me(), None),
        (me(headers={"Authorization": "Basic YTpi"}), None),
        (me(params={"token": ""}), None),
        (post("login", RIGHT), None),
        (me(headers=bearer("a.b.c")), "invalid_token"),
        (me(headers=bearer("two tokens")), "invalid_token"),
        (me(params={"token": "a.b.c"}), "invalid_token"),
        (me(headers=bearer("a.b.c"), params={"token": "a.b.c"}), "invalid_request"),
    ],
    ids=["nothing", "Basic", "empty query", "wrong password", "bad", "two words", "bad query", "header and query"],
)
async def test_the_challenge_names_an_error_only_when_a_token_was_sent(
    quick: httpx2.AsyncClient, request_: Request, error: str | None
) -> None:
    challenge = (await quick.request(**request_)).headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="')
    if error is None:
        assert "error" not in challenge
    else:
        assert f'error="{error}", error_description="' in challenge
        assert "a.b.c" not in challenge


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", METHODS)
async def test_only_declared_methods_work(
    quick: httpx2.AsyncClient, check_problem: Check, method: str, path: str
) -> None:
    answer = await quick.request(method, path, headers={"X-HTTP-Method-Override": "GET"})
    if method in ALLOWED[path]:
        assert answer.status_code != 405
        return
    assert set(answer.headers["Allow"].split(", ")) == ALLOWED[path]
    if method != "HEAD":
        check_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    ["/api/auth", "/api/auth/login/x", "/api/auth/LOGIN", "//api/auth/login", "/api/auth//me", "/favicon.ico"]
    + [path + "/" for path in ALLOWED if path != "/"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_path_that_is_not_there_is_never_a_redirect(
    quick: httpx2.AsyncClient, check_problem: Check, method: str, path: str
) -> None:
    url = f"http://auth.test{path}?token=SECRET"
    answer = await quick.request(method, url, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    check_problem(answer, 404, "not_found")
    assert "location" not in answer.headers
    assert "evil" not in answer.text
    assert "SECRET" not in answer.text


@pytest.mark.parametrize("path", [path for path, methods in ALLOWED.items() if "GET" in methods])
async def test_head_is_get_without_the_body(quick: httpx2.AsyncClient, token: str, path: str) -> None:
    get, head = [await quick.request(method, path, headers=bearer(token)) for method in ("GET", "HEAD")]
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    own = {"x-request-id": "-"}
    assert {**get.headers, **own} == {**head.headers, **own}
    for answer in (get, head):
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers.get("Server", "") == ""


async def test_each_answer_has_a_request_id_of_its_own(quick: httpx2.AsyncClient) -> None:
    paths = ["/healthz", "/nothing", "/api/auth/me", "/api/auth/login"] * 3
    assert len({(await quick.get(path)).headers["X-Request-Id"] for path in paths}) == len(paths)


async def test_good_answers_have_safe_headers_too(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    answers = [await quick.post("/api/auth/signup", json=ALICE), await quick.post("/api/auth/login", json=RIGHT)]
    answers.append(await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]}))
    await deliver_due_mails(ports=memory)
    link = {"token": memory.mailer.reset_links[0].secret, "password": "second-password"}
    answers.append(await quick.post("/api/auth/reset-password", json=link))
    for answer in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/api/auth/me%0A", "/api/auth/login%0A", "/healthz%0A", "/reset-password%0A"])
async def test_a_line_end_after_a_path_makes_it_another_one(http: httpx2.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
