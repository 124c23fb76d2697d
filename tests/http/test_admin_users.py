"""Administration over HTTP, on every store: what admins may do, and nobody else."""

import re

import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, Ports, UserId, change_user
from leadnator_auth.entrypoints.telemetry.event_log import log_events
from tests.http.admins import Caller, an_admin, signed_up

MEMBERS = {
    "id",
    "name",
    "email",
    "email_verified",
    "pending_email",
    "role",
    "plan",
    "status",
    "created_at",
    "user_metadata",
    "app_metadata",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CALLS = [
    ("GET", "/api/admin/users", None),
    ("GET", "/api/admin/users/{id}", None),
    ("PATCH", "/api/admin/users/{id}", {"plan": "Growth"}),
    ("PATCH", "/api/admin/users/{id}", {}),
    ("DELETE", "/api/admin/users/{id}", None),
    ("GET", "/api/admin/events", None),
]
every_call = pytest.mark.parametrize(("method", "path", "body"), CALLS)


@pytest.fixture
async def root(http: httpx2.AsyncClient, ports: Ports) -> Caller:
    """An admin."""
    return await an_admin(http, ports)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    """A user."""
    return await signed_up(http, "alice")


async def me(caller: Caller) -> httpx2.Response:
    return await caller.send("GET", "/api/auth/me")


async def test_an_admin_sees_a_user_whole(root: Caller, alice: Caller) -> None:
    answer = await root.get(f"users/{alice.id}")
    assert (answer.status_code, answer.json().keys()) == (200, {"user"})
    user = answer.json()["user"]
    assert user.keys() == MEMBERS
    assert RFC3339.fullmatch(user.pop("created_at"))
    expected = {"id": alice.id, "name": "alice", "email": "alice@example.com", "email_verified": False}
    expected |= {"pending_email": None, "user_metadata": {}, "app_metadata": {}}
    assert user == expected | {"role": "user", "plan": "Starter", "status": "active"}


async def test_each_member_of_a_patch_is_set_and_at_once_in_force(root: Caller, alice: Caller) -> None:
    answer = await root.patch(alice.id, {"role": "admin", "plan": "Growth", "name": " Alicia "})
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert user.keys() == MEMBERS
    assert (user["role"], user["plan"], user["name"], user["status"]) == ("admin", "Growth", "Alicia", "active")
    assert (await root.get(f"users/{alice.id}")).json()["user"] == user
    mine = (await me(alice)).json()["user"]
    assert (mine["role"], mine["plan"], mine["name"]) == ("admin", "Growth", "Alicia")
    assert (await alice.get("users")).status_code == 200, "she is an admin with the token she had"


async def test_what_is_absent_stays(root: Caller, alice: Caller) -> None:
    before = (await root.get(f"users/{alice.id}")).json()
    answer = await root.patch(alice.id, {})
    assert (answer.status_code, answer.json()) == (200, before)
    assert (await root.get("events", user_id=alice.id, type="user.updated")).json()["events"] == []


async def test_nothing_else_can_be_set(http: httpx2.AsyncClient, root: Caller, alice: Caller) -> None:
    before = (await root.get(f"users/{alice.id}")).json()
    body = {
        "id": "u_mine",
        "user_id": "u_mine",
        "pending_email": "mallory@example.com",
        "email_canonical": "mallory@example.com",
        "password": "hijacked",
        "password_hash": "hijacked",
        "created_at": "2000-01-01T00:00:00Z",
        "Role": "admin",
        "role ": "admin",
        "user": {"role": "admin"},
    }
    answer = await root.patch(alice.id, body | {"plan": "Growth"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert {error["field"] for error in answer.json()["errors"]} == body.keys()
    assert {error["code"] for error in answer.json()["errors"]} == {"unknown_field"}
    assert (await root.get(f"users/{alice.id}")).json() == before
    log_in = {"email": "alice@example.com", "password": "secret"}
    assert (await http.post("/api/auth/login", json=log_in)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({"name": None}, "missing_fields", ["name"]),
        ({"name": " ", "role": "", "plan": None, "status": None}, "missing_fields", ["name", "role", "plan", "status"]),
        ({"role": "root", "plan": "", "name": 5}, "missing_fields", ["name", "role", "plan"]),
        ({"role": "Admin"}, "invalid_fields", ["role"]),
        ({"role": ["admin"]}, "invalid_fields", ["role"]),
        ({"role": True, "status": 1, "plan": {}, "name": []}, "invalid_fields", ["name", "role", "plan", "status"]),
        ({"status": "deleted"}, "invalid_fields", ["status"]),
        ({"plan": "x" * 51, "name": "x" * 201}, "invalid_fields", ["name", "plan"]),
        ({"name": "a\x1b[31mb"}, "invalid_fields", ["name"]),
        ({"plan": "a\u202eb"}, "invalid_fields", ["plan"]),
        ({"plan": "a\0b"}, "invalid_fields", ["plan"]),
        ({"staus": "suspended"}, "invalid_fields", ["staus"]),
        ({"name": "Alicia", "Plan": "Growth"}, "invalid_fields", ["Plan"]),
        ({"staus": "suspended", "role": "root"}, "invalid_fields", ["staus", "role"]),
        ({"staus": "suspended", "role": None}, "missing_fields", ["staus", "role"]),
        ({"": "x", "a\ud7ff\n": "x"}, "invalid_fields", ["", "a\ud7ff\n"]),
        ({"note": "\0"}, "invalid_fields", ["note"]),
    ],
)
async def test_all_bad_members_are_told_at_once_and_nothing_is_changed(
    root: Caller, alice: Caller, body: dict[str, object], code: str, fields: list[str]
) -> None:
    before = (await root.get(f"users/{alice.id}")).json()
    answer = await root.patch(alice.id, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert (await root.get(f"users/{alice.id}")).json() == before


async def test_a_suspended_user_is_out_with_the_next_request_and_old_tokens_stay_dead(
    http: httpx2.AsyncClient, root: Caller, alice: Caller
) -> None:
    log_in = {"email": "alice@example.com", "password": "secret"}
    assert (await me(alice)).status_code == 200
    answer = await root.patch(alice.id, {"status": "suspended"})
    assert answer.json()["user"]["status"] == "suspended"
    assert (await me(alice)).json()["code"] == "invalid_token"
    assert (await http.post("/api/auth/login", json=log_in)).json()["code"] == "account_suspended"
    assert (await root.patch(alice.id, {"status": "active"})).status_code == 200
    assert (await me(alice)).status_code == 401
    assert (await http.post("/api/auth/login", json=log_in)).status_code == 200


async def test_a_deleted_user_is_gone_with_the_next_request(
    http: httpx2.AsyncClient, root: Caller, alice: Caller
) -> None:
    answer = await root.delete(alice.id)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert (await me(alice)).json()["code"] == "invalid_token"
    log_in = {"email": "alice@example.com", "password": "secret"}
    assert (await http.post("/api/auth/login", json=log_in)).json()["code"] == "invalid_credentials"
    for call in (root.get(f"users/{alice.id}"), root.delete(alice.id), root.patch(alice.id, {"plan": "x"})):
        refused = await call
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await signed_up(http, "alice")).id != alice.id


@pytest.mark.parametrize(
    "user_id", ["u_nobody", "%00", "x" * 3000, "alice@example.com", "%F0%9F%8E%89", "..%2f..", "'--"]
)
async def test_what_is_no_id_of_a_user_is_not_found(root: Caller, alice: Caller, user_id: str) -> None:
    for method, path, body in CALLS:
        if "{id}" in path:
            answer = await root.send(method, path.replace("{id}", user_id), json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@every_call
async def test_who_is_no_admin_is_forbidden_everything(
    root: Caller, alice: Caller, method: str, path: str, body: object
) -> None:
    for user_id in (alice.id, root.id, "u_nobody"):
        answer = await alice.send(method, path.replace("{id}", user_id), json=body)
        assert (answer.status_code, answer.json()["code"], answer.json()["title"]) == (403, "forbidden", "Forbidden")
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert (await me(alice)).json()["user"]["plan"] == "Starter"
    assert (await me(root)).status_code == 200


@every_call
async def test_a_token_is_needed_and_a_query_carries_it_on_get_alone(
    http: httpx2.AsyncClient, root: Caller, alice: Caller, method: str, path: str, body: object
) -> None:
    path = path.replace("{id}", alice.id)
    answer = await http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
    answer = await http.request(method, path, json=body, headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    answer = await http.request(method, path, json=body, params={"token": root.token})
    assert answer.status_code == (200 if method == "GET" else 401)


@every_call
async def test_an_admin_demoted_a_moment_ago_is_forbidden_with_the_token_they_have(
    http: httpx2.AsyncClient, ports: Ports, root: Caller, method: str, path: str, body: object
) -> None:
    other = await an_admin(http, ports, "other")
    assert (await other.get("users")).status_code == 200
    assert (await root.patch(other.id, {"role": "user"})).status_code == 200
    answer = await other.send(method, path.replace("{id}", root.id), json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await me(other)).status_code == 200


async def test_the_last_admin_stays(root: Caller, alice: Caller) -> None:
    calls = [
        root.patch(root.id, {"role": "user"}),
        root.patch(root.id, {"status": "suspended", "plan": "Growth"}),
        root.delete(root.id),
    ]
    for call in calls:
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert (await me(root)).json()["user"] == {
        "id": root.id,
        "name": "root",
        "email": "root@example.com",
        "role": "admin",
        "plan": "Starter",
    }
    assert (await root.patch(alice.id, {"role": "admin"})).status_code == 200
    assert (await root.delete(root.id)).status_code == 200
    assert (await me(root)).status_code == 401
    assert (await alice.get("users")).status_code == 200


async def test_what_happened_to_whom_is_told_newest_first(ports: Ports, root: Caller, alice: Caller) -> None:
    await root.patch(alice.id, {"plan": "Growth", "name": "Alicia"})
    await root.delete(alice.id)
    answer = await root.get("events", user_id=alice.id)
    assert answer.json().keys() == {"events", "next_cursor"}
    assert answer.json()["next_cursor"] is None
    types = [event["type"] for event in answer.json()["events"]]
    assert sorted(types) == ["session.ended", "session.started", "user.created", "user.deleted", "user.updated"]
    (updated,) = (await root.get("events", user_id=alice.id, type="user.updated")).json()["events"]
    assert RFC3339.fullmatch(updated.pop("at"))
    assert updated.pop("id").startswith("e_")
    assert updated == {
        "type": "user.updated",
        "user_id": alice.id,
        "actor": root.id,
        "data": {"fields": "name,plan", "plan": "Growth", "old_plan": "Starter"},
    }
    everything = (await root.get("events")).json()["events"]
    assert {event["actor"] for event in everything} == {root.id, alice.id, "operator"}
    assert "@" not in str(everything)
    assert "Alicia" not in str(everything)
    assert (await root.get("events", type="user_changed")).json()["code"] == "invalid_request"


@pytest.fixture
def logging_events(memory: MemoryPorts) -> None:
    """Has events logged as they are kept, in every store; before `ports` are made."""
    memory.unit_of_work.on_commit = log_events


@pytest.mark.usefixtures("logging_events", "ports")
async def test_what_was_done_and_refused_is_told_to_those_who_watch(
    root: Caller, alice: Caller, logs: list[EventDict]
) -> None:
    logs.clear()
    await alice.get("users")
    await root.patch(alice.id, {"plan": "Growth", "role": "user"})
    await root.patch(alice.id, {})
    await root.delete(root.id)
    await root.delete(alice.id)
    told = [event for event in logs if event["event"] != "request"]
    for event in told:
        assert event.pop("request_id")
        assert event.pop("client") == "192.0.2.1"
    for event in told:
        event.pop("event_id", None)
    by_root = {"log_level": "info", "user": alice.id, "actor": root.id}
    updated = {"fields": "plan", "plan": "Growth", "old_plan": "Starter"}
    assert [event for event in told if not event["event"].startswith("session.")] == [
        {"event": "administration_refused", "log_level": "warning", "user": alice.id},
        {"event": "user.updated", **by_root, **updated},
        {"event": "last_admin_kept", "log_level": "warning"},
        {"event": "user.deleted", **by_root},
    ]


async def test_what_the_operator_does_is_at_once_in_force_here(ports: Ports, root: Caller, alice: Caller) -> None:
    await change_user(Actor.operator(), UserId(alice.id), {"status": "suspended"}, ports=ports)
    assert (await me(alice)).status_code == 401
    assert (await root.get(f"users/{alice.id}")).json()["user"]["status"] == "suspended"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/admin/users", {"GET", "HEAD"}),
        ("/api/admin/users/u_1", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("/api/admin/events", {"GET", "HEAD"}),
    ],
)
async def test_only_declared_methods_work(root: Caller, path: str, allowed: set[str]) -> None:
    for method in ("POST", "PUT", "OPTIONS", "PATCH", "DELETE"):
        answer = await root.send(method, path)
        assert (answer.status_code == 405) == (method not in allowed)
        if method not in allowed:
            assert set(answer.headers["Allow"].split(", ")) == allowed
    assert (await root.send("GET", path + "/")).status_code == 404
    assert (await root.send("HEAD", path.replace("u_1", root.id))).status_code == 200
