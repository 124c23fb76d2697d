"""Webhooks over HTTP, on every store: from the first call to what a receiver gets, and what is refused."""

import asyncio
import re
from collections import Counter
from typing import Any

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports, deliver_due_events
from leadnator_auth.domain.values.master_keys import MasterKeys
from tests.http.admins import Caller, Json, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver

HOOKS = "/api/admin/webhooks"
URL = "https://crm.example.com/hooks"
MEMBERS = ["id", "url", "types", "description", "enabled", "created_at"]
DELIVERY_MEMBERS = {
    "id",
    "event_id",
    "type",
    "state",
    "attempts",
    "created_at",
    "next_attempt_at",
    "finished_at",
    "last_error",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CALLS = [
    ("GET", "", None),
    ("POST", "", {"url": URL}),
    ("GET", "/{id}", None),
    ("PATCH", "/{id}", {"enabled": True}),
    ("PATCH", "/{id}", {"unknown": True}),
    ("DELETE", "/{id}", None),
    ("POST", "/{id}/rotate-secret", None),
    ("GET", "/{id}/deliveries", None),
    ("GET", "/{id}/deliveries?limit=101", None),
    ("POST", "/{id}/deliveries/d_1/retry", None),
    ("POST", "/{id}/test", None),
]
every_call = pytest.mark.parametrize(("method", "path", "body"), CALLS)


@pytest.fixture
async def root(http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts) -> Caller:
    """An admin, who became one a second ago."""
    caller = await an_admin(http, ports)
    memory.clock.advance(seconds=1)
    return caller


async def made(root: Caller, **body: Json) -> dict[str, Any]:
    answer = await root.send("POST", HOOKS, json={"url": URL, **body})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def deliveries(root: Caller, webhook_id: str, **query: Json) -> list[dict[str, Any]]:
    answer = await root.get(f"webhooks/{webhook_id}/deliveries", **query)
    assert (answer.status_code, answer.json().keys()) == (200, {"deliveries", "next_cursor"}), answer.text
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


async def test_the_whole_life_of_a_webhook(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, root: Caller
) -> None:
    answer = await made(root, types=["user.created"], description="CRM")
    webhook, secret = answer["webhook"], answer["secret"]
    assert answer.keys() == {"webhook", "secret"}
    assert list(webhook) == MEMBERS
    assert (webhook["url"], webhook["types"], webhook["description"]) == (URL, ["user.created"], "CRM")
    assert webhook["enabled"] is True
    assert RFC3339.fullmatch(webhook["created_at"])
    one = f"{HOOKS}/{webhook['id']}"
    assert (await root.send("GET", one)).json() == {"webhook": webhook}
    assert (await root.send("GET", HOOKS)).json() == {"webhooks": [webhook]}

    alice = await signed_up(http, "alice")
    memory.webhooks.status = 500
    await deliver_due_events(ports=ports)
    (waiting,) = await deliveries(root, webhook["id"])
    assert waiting.keys() == DELIVERY_MEMBERS
    assert (waiting["type"], waiting["state"], waiting["attempts"]) == ("user.created", "queued", 1)
    assert RFC3339.fullmatch(waiting["next_attempt_at"])
    assert waiting["finished_at"] is None
    assert "500" in waiting["last_error"]

    memory.webhooks.status = 200
    memory.clock.advance(seconds=30)
    await deliver_due_events(ports=ports)
    first, second = memory.webhooks.received
    assert first.id == second.id == waiting["event_id"]
    assert second.data == {"event_id": waiting["event_id"], "user_id": alice.id, "actor": alice.id}
    assert second.is_signed_with(secret)
    (sent,) = await deliveries(root, webhook["id"])
    assert (sent["id"], sent["state"], sent["attempts"]) == (waiting["id"], "sent", 2)
    assert (sent["next_attempt_at"], sent["last_error"]) == (None, None)
    assert RFC3339.fullmatch(sent["finished_at"])

    rotated = (await root.send("POST", f"{one}/rotate-secret")).json()
    assert (rotated["webhook"], rotated.keys()) == (webhook, {"webhook", "secret"})
    test = (await root.send("POST", f"{one}/test")).json()["delivery"]
    assert (test["type"], test["state"], test["attempts"]) == ("webhook.test", "queued", 0)
    await deliver_due_events(ports=ports)
    assert [memory.webhooks.received[-1].is_signed_with(each) for each in (secret, rotated["secret"])] == [True, True]

    memory.webhooks.status = 410
    again = (await root.send("POST", f"{one}/deliveries/{sent['id']}/retry")).json()["delivery"]
    assert (again["id"], again["state"], again["finished_at"]) == (sent["id"], "queued", None)
    await deliver_due_events(ports=ports)
    assert (await root.send("GET", one)).json()["webhook"]["enabled"] is False
    patched = await root.send("PATCH", one, json={"enabled": True, "types": [], "url": f"{URL}/2"})
    assert patched.json()["webhook"] == webhook | {"types": [], "url": f"{URL}/2"}
    memory.webhooks.status = 200
    await deliver_due_events(ports=ports)
    assert [(each.url, each.id) for each in memory.webhooks.received][-1] == (f"{URL}/2", waiting["event_id"])

    assert (await root.send("DELETE", one)).json() == {"ok": True}
    assert (await root.send("GET", HOOKS)).json() == {"webhooks": []}
    assert (await root.send("GET", f"{one}/deliveries")).status_code == 404
    await signed_up(http, "bob")
    memory.webhooks.received.clear()
    await deliver_due_events(ports=ports)
    assert memory.webhooks.received == []


@every_call
async def test_only_an_admin_may(
    http: httpx2.AsyncClient, root: Caller, check_problem: CheckProblem, method: str, path: str, body: Json
) -> None:
    webhook = (await made(root))["webhook"]
    alice = await signed_up(http, "alice")
    url = HOOKS + path.replace("{id}", webhook["id"])
    check_problem(await alice.send(method, url, json=body), 403, "forbidden")
    check_problem(await http.request(method, url, json=body), 401, "missing_token")
    assert (await root.send("GET", HOOKS)).json() == {"webhooks": [webhook]}


@every_call
async def test_a_capability_that_is_off_is_not_found(
    memory: MemoryPorts, client_over: ClientOver, check_problem: CheckProblem, method: str, path: str, body: Json
) -> None:
    webhook = (await made(await an_admin(client_over(memory), memory)))["webhook"]
    for number, off in enumerate(
        (
            attrs.evolve(memory, master_keys=MasterKeys()),
            Ports(**attrs.asdict(memory, recurse=False) | {"webhooks": None}),
        )
    ):
        root = await an_admin(client_over(off), off, f"root{number}")
        url = HOOKS + path.replace("{id}", webhook["id"])
        check_problem(await root.send(method, url, json=body), 404, "not_found")
        check_problem(await root.send(method, url, content=b"nonsense"), 404, "not_found")
        check_problem(await client_over(off).request(method, url), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({}, "missing_fields", {"url"}),
        ({"url": ""}, "missing_fields", {"url"}),
        ({"url": "http://crm.example.com/"}, "invalid_fields", {"url"}),
        ({"url": "ftp://crm.example.com/"}, "invalid_fields", {"url"}),
        ({"url": "https://me:secret@crm.example.com/"}, "invalid_fields", {"url"}),
        ({"url": "https://crm.example.com/#x"}, "invalid_fields", {"url"}),
        ({"url": "https:///hooks"}, "invalid_fields", {"url"}),
        ({"url": f"{URL}/{'x' * 2048}"}, "invalid_fields", {"url"}),
        ({"url": [URL]}, "invalid_fields", {"url"}),
        ({"url": URL, "types": ["user.created", "user.exploded"]}, "invalid_fields", {"types"}),
        ({"url": URL, "types": "user.created"}, "invalid_fields", {"types"}),
        ({"url": URL, "description": "a\u0000b"}, "invalid_fields", {"description"}),
        ({"url": "x", "types": [1], "description": 5}, "invalid_fields", {"url", "types", "description"}),
    ],
)
async def test_what_a_webhook_cannot_be_is_told_field_by_field(
    root: Caller, check_problem: CheckProblem, body: Json, code: str, fields: set[str]
) -> None:
    answer = await root.send("POST", HOOKS, json=body)
    check_problem(answer, 400, code)
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert "me:secret" not in answer.text
    webhook = (await made(root))["webhook"]
    answer = await root.send("PATCH", f"{HOOKS}/{webhook['id']}", json=body or {"url": None})
    check_problem(answer, 400, code)
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert (await root.send("GET", HOOKS)).json() == {"webhooks": [webhook]}


async def test_a_patch_has_no_other_members(root: Caller, check_problem: CheckProblem) -> None:
    webhook = (await made(root, ignored=1))["webhook"]
    body = {"id": "wh_1", "secret": "whsec_x", "created_at": "2000-01-01T00:00:00Z", "failures": 0, "enabled": False}
    answer = await root.send("PATCH", f"{HOOKS}/{webhook['id']}", json=body)
    check_problem(answer, 400, "invalid_fields")
    assert {error["field"] for error in answer.json()["errors"]} == body.keys() - {"enabled"}
    wrong: list[Json] = ["false", 0, 1, [], {}]
    for enabled in wrong:
        answer = await root.send("PATCH", f"{HOOKS}/{webhook['id']}", json={"enabled": enabled})
        check_problem(answer, 400, "invalid_fields")


async def test_the_twenty_first_is_refused(root: Caller, check_problem: CheckProblem) -> None:
    for _ in range(20):
        webhook = (await made(root))["webhook"]
    check_problem(await root.send("POST", HOOKS, json={"url": URL}), 409, "too_many_webhooks")
    assert len((await root.send("GET", HOOKS)).json()["webhooks"]) == 20
    await root.send("DELETE", f"{HOOKS}/{webhook['id']}")
    await made(root)


async def test_of_thirty_at_once_twenty_are_made(root: Caller) -> None:
    answers = await asyncio.gather(*(root.send("POST", HOOKS, json={"url": URL}) for _ in range(30)))
    assert Counter(answer.status_code for answer in answers) == {200: 20, 409: 10}


@pytest.mark.parametrize("webhook_id", ["wh_none", "u_1", "%00", "%ED%A0%80", "py:tests.subscriber", "x" * 3000])
async def test_unknown_ids_are_not_found(root: Caller, check_problem: CheckProblem, webhook_id: str) -> None:
    for method, path, body in CALLS[2:]:
        answer = await root.send(method, HOOKS + path.replace("{id}", webhook_id), json=body)
        assert answer.status_code in (400, 404), answer.text
        if "unknown" not in (body or {}) and "limit" not in path:
            check_problem(answer, 404, "not_found")
    webhook = (await made(root))["webhook"]
    answer = await root.send("POST", f"{HOOKS}/{webhook['id']}/deliveries/{webhook_id}/retry")
    check_problem(answer, 404, "not_found")


async def test_deliveries_go_page_by_page(root: Caller, memory: MemoryPorts) -> None:
    webhook = (await made(root))["webhook"]
    ids = []
    for number in range(5):
        memory.clock.advance(seconds=number % 2)
        answer = await root.send("POST", f"{HOOKS}/{webhook['id']}/test")
        ids.append(answer.json()["delivery"]["id"])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await root.get(f"webhooks/{webhook['id']}/deliveries", limit=2, **cursor)).json()
        seen += [delivery["id"] for delivery in page["deliveries"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(ids)
    for query in ("limit=0", "limit=101", "cursor=x", "cursor=%ff", "limit=%00", "limit=1&limit=2"):
        answer = await root.send("GET", f"{HOOKS}/{webhook['id']}/deliveries?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_no_secret_is_logged_or_told_again(root: Caller, logs: list[EventDict]) -> None:
    answer = await made(root)
    secret, one = answer["secret"].removeprefix("whsec_"), f"{HOOKS}/{answer['webhook']['id']}"
    rotated = (await root.send("POST", f"{one}/rotate-secret")).json()["secret"].removeprefix("whsec_")
    answers = [
        await root.send("GET", HOOKS),
        await root.send("GET", one),
        await root.send("PATCH", one, json={"description": "x"}),
        await root.send("POST", f"{one}/test"),
        await root.send("GET", f"{one}/deliveries"),
    ]
    for each in (secret, rotated):
        assert each not in "".join(answer.text for answer in answers)
        assert each not in repr(logs)
    told = [entry["event"] for entry in logs if entry["event"].startswith("webhook_")]
    assert told == ["webhook_added", "webhook_secret_rotated", "webhook_changed"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", {"GET", "HEAD", "POST"}),
        ("/wh_1", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("/wh_1/rotate-secret", {"POST"}),
        ("/wh_1/deliveries", {"GET", "HEAD"}),
        ("/wh_1/deliveries/d_1/retry", {"POST"}),
        ("/wh_1/test", {"POST"}),
    ],
)
async def test_only_declared_methods_work(quick: httpx2.AsyncClient, path: str, allowed: set[str]) -> None:
    for method in ("GET", "POST", "PUT", "OPTIONS", "PATCH", "DELETE"):
        answer = await quick.request(method, HOOKS + path)
        assert (answer.status_code == 405) == (method not in allowed)
        if method not in allowed:
            assert set(answer.headers["Allow"].split(", ")) == allowed
    assert (await quick.get(HOOKS + path + "/")).status_code == 404
