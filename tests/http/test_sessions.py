"""Sessions, log-out, change of password and media tokens over HTTP, on every store."""

import re

import attrs
import httpx2
import pytest

from leadnator_auth.domain import Ports, Status, deliver_due_mails

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def sign_up(http: httpx2.AsyncClient, name: str = "alice") -> str:
    body = {"name": name, "email": f"{name}@example.com", "password": "secret"}
    answer = await http.post("/api/auth/signup", json=body, headers={"User-Agent": f"{name}'s phone"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def log_in(http: httpx2.AsyncClient, password: str = "secret") -> httpx2.Response:
    return await http.post("/api/auth/login", json={"email": "alice@example.com", "password": password})


async def status(http: httpx2.AsyncClient, token: str) -> int:
    return (await http.get("/api/auth/me", headers=bearer(token))).status_code


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [200, 401, 200]),
        ("?scope=local", [200, 401, 200]),
        ("?scope=others", [401, 200, 401]),
        ("?scope=global", [401, 401, 401]),
    ],
)
async def test_a_log_out_kills_the_tokens_of_its_scope_at_once(
    http: httpx2.AsyncClient, query: str, expected: list[int]
) -> None:
    tokens = [await sign_up(http)] + [(await log_in(http)).json()["token"] for _ in range(2)]
    answer = await http.post(f"/api/auth/logout{query}", headers=bearer(tokens[1]))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert [await status(http, token) for token in tokens] == expected


@pytest.mark.parametrize(
    "query",
    [
        "?scope=all",
        "?scope=",
        "?scope=local&scope=global",
        "?scope=LOCAL",
        "?scope=%00",
        "?scope=%ff",
        "?scope=%ED%A0%80",
    ],
)
async def test_an_unknown_scope_ends_nothing(http: httpx2.AsyncClient, query: str) -> None:
    token = await sign_up(http)
    answer = await http.post(f"/api/auth/logout{query}", headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert await status(http, token) == 200


async def test_a_user_sees_their_sessions_newest_first(http: httpx2.AsyncClient, ports: Ports) -> None:
    first = await sign_up(http)
    await sign_up(http, "bob")
    second = (await log_in(http)).json()["token"]
    answer = await http.get("/api/auth/sessions", headers=bearer(first))
    sessions = answer.json()["sessions"]
    assert answer.json().keys() == {"sessions"}
    members = {"id", "created_at", "expires_at", "ip", "user_agent", "is_current"}
    assert [session.keys() for session in sessions] == [members, members]
    assert sum(session["is_current"] for session in sessions) == 1
    mine = next(session for session in sessions if session["is_current"])
    assert (mine["ip"], mine["user_agent"]) == ("192.0.2.1", "alice's phone")
    assert RFC3339.fullmatch(mine["created_at"])
    assert RFC3339.fullmatch(mine["expires_at"])
    assert await status(http, second) == 200


async def test_a_session_is_ended_by_its_owner_alone(http: httpx2.AsyncClient) -> None:
    alice, bob = await sign_up(http), await sign_up(http, "bob")
    (session,) = (await http.get("/api/auth/sessions", headers=bearer(alice))).json()["sessions"]
    for session_id in (session["id"], "s_none", "%00", "x" * 3000):
        answer = await http.delete(f"/api/auth/sessions/{session_id}", headers=bearer(bob))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await status(http, alice) == 200
    answer = await http.delete(f"/api/auth/sessions/{session['id']}", headers=bearer(alice))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert await status(http, alice) == 401


async def test_a_changed_password_ends_other_sessions_and_is_told_by_mail(
    http: httpx2.AsyncClient, ports: Ports
) -> None:
    alice = await sign_up(http)
    other = (await log_in(http)).json()["token"]
    body = {"current_password": "secret", "password": "new-secret"}
    answer = await http.post("/api/auth/change-password", json=body, headers=bearer(alice))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert [await status(http, token) for token in (alice, other)] == [200, 401]
    assert (await log_in(http)).status_code == 401
    assert (await log_in(http, "new-secret")).status_code == 200, "in the same second, too"
    assert (await deliver_due_mails(ports=ports)).sent == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"current_password": "wrong!", "password": "new-secret"}, (401, "invalid_credentials")),
        ({"current_password": "secret", "password": "short"}, (400, "invalid_fields")),
        ({"password": "new-secret"}, (400, "missing_fields")),
        ({"current_password": "secret"}, (400, "missing_fields")),
    ],
)
async def test_a_refused_change_changes_nothing(
    http: httpx2.AsyncClient, body: dict[str, str], expected: tuple[int, str]
) -> None:
    alice = await sign_up(http)
    answer = await http.post("/api/auth/change-password", json=body, headers=bearer(alice))
    assert (answer.status_code, answer.json()["code"]) == expected
    assert (await log_in(http)).status_code == 200


async def test_a_media_token_opens_no_call_of_ours(http: httpx2.AsyncClient) -> None:
    alice = await sign_up(http)
    answer = await http.post("/api/auth/media-token", json={"path": "/api/auth"}, headers=bearer(alice))
    assert answer.json().keys() == {"token", "expires_at"}
    assert RFC3339.fullmatch(answer.json()["expires_at"])
    token = answer.json()["token"]
    assert await status(http, token) == 401
    assert (await http.get("/api/auth/me", params={"token": token})).status_code == 401
    assert (await http.get("/api/auth/sessions", params={"token": token})).status_code == 401


@pytest.mark.parametrize("path", [None, "", "media", "/", "/a/../b", 5])
async def test_a_media_token_needs_a_path(http: httpx2.AsyncClient, path: object) -> None:
    alice = await sign_up(http)
    answer = await http.post("/api/auth/media-token", json={"path": path}, headers=bearer(alice))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["path"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/logout"),
        ("GET", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions/s_1"),
        ("POST", "/api/auth/change-password"),
        ("POST", "/api/auth/media-token"),
    ],
)
async def test_nothing_of_this_goes_without_a_token(http: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
    answer = await http.request(method, path, headers=bearer("nonsense"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_suspended_user_can_do_none_of_it(http: httpx2.AsyncClient, ports: Ports) -> None:
    alice = await sign_up(http)
    async with ports.unit_of_work() as transaction:
        user = await transaction.users.by_email("alice@example.com")
        assert user is not None
        await transaction.users.save(attrs.evolve(user, status=Status.SUSPENDED))
        await transaction.commit()
    assert (await http.get("/api/auth/sessions", headers=bearer(alice))).status_code == 401
    assert (await http.post("/api/auth/logout", headers=bearer(alice))).status_code == 401
