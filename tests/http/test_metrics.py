"""GET /metrics: in Prometheus's format, true after a few requests, and about nobody."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import attrs
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import Client, Limits, OverloadedError, Password, RateLimit, Role, Status, UnavailableError
from leadnator_auth.domain.ports import Repositories
from leadnator_auth.entrypoints.http import create_app
from tests.http.conftest import ClientOver

EMAIL = "alice@example.com"
PASSWORD = "minimum-6-chars"
ALICE = {"name": "Alice", "email": EMAIL, "password": PASSWORD}


async def scraped(client: httpx2.AsyncClient) -> str:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def figures(text: str) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    """Returns every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(text: str, name: str, **labels: str) -> float:
    return figures(text)[f"leadnator_auth_{name}", frozenset(labels.items())]


async def log_in(client: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    return await client.post("/api/auth/login", json={"email": EMAIL, "password": password})


async def test_it_is_prometheus_text_that_nobody_stores(quick: httpx2.AsyncClient) -> None:
    answer = await quick.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = await quick.head("/metrics")
    assert (head.status_code, head.headers["Content-Type"]) == (200, answer.headers["Content-Type"])
    assert (await quick.post("/metrics")).headers["Allow"] == "GET, HEAD"


async def test_it_keeps_the_rules_of_the_format(quick: httpx2.AsyncClient) -> None:
    """What `promtool check metrics` looks at."""
    await quick.post("/api/auth/signup", json=ALICE)
    await log_in(quick)
    text = await scraped(quick)
    assert text.endswith("\n")
    lines = text.splitlines()
    for kind in ("HELP", "TYPE"):
        told = Counter(line.split()[2] for line in lines if line.startswith(f"# {kind} "))
        assert set(told.values()) == {1}
    families = list(text_string_to_metric_families(text))
    samples = [(sample.name, tuple(sorted(sample.labels.items()))) for each in families for sample in each.samples]
    assert [sample for sample, count in Counter(samples).items() if count > 1] == []
    assert sum(not line.startswith("#") for line in lines) == len(samples)
    for family in families:
        assert re.fullmatch(r"leadnator_auth_[a-z_]+", family.name)
        assert family.documentation.strip()
        assert family.type in ("counter", "gauge", "histogram")
        assert family.type != "histogram" or family.name.endswith("_seconds")
        assert {sample.name.removeprefix(family.name) for sample in family.samples} <= {
            "counter": {"_total"},
            "gauge": {""},
            "histogram": {"_bucket", "_sum", "_count"},
        }[family.type]


async def test_buckets_add_up(quick: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await quick.get("/healthz")
    text = await scraped(quick)
    of_health = {"route": "/healthz", "method": "GET", "status": "200"}
    buckets = [
        value
        for (name, labels), value in figures(text).items()
        if name == "leadnator_auth_http_request_duration_seconds_bucket" and of_health.items() <= dict(labels).items()
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    assert figure(text, "http_request_duration_seconds_count", **of_health) == 3
    assert figure(text, "http_requests_total", **of_health) == 3
    assert 0 < figure(text, "http_request_duration_seconds_sum", **of_health) < 3


async def test_requests_are_counted_by_route_method_and_status(quick: httpx2.AsyncClient) -> None:
    token = (await quick.post("/api/auth/signup", json=ALICE)).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    for session in ("s_1", "s_2"):
        await quick.delete(f"/api/auth/sessions/{session}", headers=bearer)
    await quick.get("/api/auth/me?token=SECRET", headers=bearer)
    await quick.head("/api/auth/me", headers=bearer)
    await quick.put("/api/auth/me")
    text = await scraped(quick)

    def count(route: str, method: str, status: int) -> float:
        return figure(text, "http_requests_total", route=route, method=method, status=str(status))

    assert count("/api/auth/signup", "POST", 200) == 1
    assert count("/api/auth/sessions/{id}", "DELETE", 404) == 2
    assert count("/api/auth/me", "GET", 400) == 1
    assert count("/api/auth/me", "HEAD", 200) == 1
    assert count("/api/auth/me", "PUT", 405) == 1


async def test_what_clients_make_up_makes_no_new_figures(quick: httpx2.AsyncClient) -> None:
    for number in range(20):
        await quick.get(f"/wp-admin/{number}")
        await quick.request(f"METHOD{number}", "/healthz")
    text = await scraped(quick)
    assert figure(text, "http_requests_total", route="unmatched", method="GET", status="404") == 20
    assert figure(text, "http_requests_total", route="/healthz", method="other", status="405") == 20
    assert "wp-admin" not in text
    assert "METHOD" not in text


async def test_a_preflight_is_counted_though_it_reaches_no_route(memory: MemoryPorts) -> None:
    transport = httpx2.ASGITransport(create_app(memory, cors_origins=["https://app.example.com"]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
        assert (await client.options("/api/auth/login", headers=headers)).status_code == 200
        text = await scraped(client)
    assert figure(text, "http_requests_total", route="unmatched", method="OPTIONS", status="200") == 1


async def test_outcomes_are_told_before_there_are_any(quick: httpx2.AsyncClient) -> None:
    """So that the first failure is a rise from 0, which Prometheus can see."""
    text = await scraped(quick)
    for outcome in (
        "ok",
        "invalid_credentials",
        "account_suspended",
        "too_many_requests",
        "overloaded",
        "unavailable",
        "missing_fields",
    ):
        assert figure(text, "logins_total", outcome=outcome) == 0
    assert figure(text, "signups_total", outcome="email_taken") == 0
    assert figure(text, "reset_requests_total", outcome="ok") == 0
    assert figure(text, "password_resets_total", outcome="invalid_reset_token") == 0
    assert figure(text, "password_changes_total", outcome="invalid_credentials") == 0


async def test_log_ins_are_counted_by_how_they_end(client_over: ClientOver, memory: MemoryPorts) -> None:
    limits = Limits(log_in=RateLimit("login", 2, timedelta(minutes=1)), log_in_account=None, log_in_client=None)
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, limits=limits))
    client = client_over(ports)
    await client.post("/api/auth/signup", json=ALICE)
    await log_in(client)
    await log_in(client)
    await client.post("/api/auth/login", json={})
    users = memory.unit_of_work.tables.users
    (user,) = users.values()
    users[user.id] = attrs.evolve(user, status=Status.SUSPENDED)
    await log_in(client)
    users[user.id] = user
    for _ in range(3):
        await log_in(client, "wrong-password")
    text = await scraped(client)
    counted = {
        outcome: figure(text, "logins_total", outcome=outcome)
        for outcome in (
            "ok",
            "missing_fields",
            "account_suspended",
            "invalid_credentials",
            "too_many_requests",
            "overloaded",
        )
    }
    assert counted == {
        "ok": 2,
        "missing_fields": 1,
        "account_suspended": 1,
        "invalid_credentials": 2,
        "too_many_requests": 1,
        "overloaded": 0,
    }


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(OverloadedError(), "overloaded"), (UnavailableError("away"), "unavailable"), (KeyError("bug"), "internal_error")],
)
async def test_failures_of_ours_are_outcomes_too(
    client_over: ClientOver, memory: MemoryPorts, error: Exception, outcome: str
) -> None:
    class Failing(CheapHasher):
        async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
            raise error

    client = client_over(attrs.evolve(memory, hasher=Failing()))
    await log_in(client)
    assert figure(await scraped(client), "logins_total", outcome=outcome) == 1


async def test_a_log_in_whose_client_goes_away_is_aborted(memory: MemoryPorts) -> None:
    app = create_app(memory)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/api/auth/login", "query_string": b""}
    await app({**scope, "headers": [(b"content-type", b"application/json")]}, gone, send)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as client:
        text = await scraped(client)
    assert figure(text, "logins_total", outcome="aborted") == 1
    assert figure(text, "http_requests_total", route="/api/auth/login", method="POST", status="499") == 1


async def test_sign_ups_and_resets_are_counted_by_either_way_in(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    for _ in range(2):
        await quick.post("/api/auth/signup", json=ALICE)
    for email in (EMAIL, "nobody@example.com"):
        await quick.post("/api/auth/forgot-password", json={"email": email})
    await quick.post("/api/auth/reset-password", json={"token": "reset_x", "password": PASSWORD})
    await quick.post("/reset-password", data={"token": "reset_x", "password": PASSWORD})
    await quick.post("/reset-password", data={"token": "reset_x", "password": ""})
    text = await scraped(quick)
    assert figure(text, "signups_total", outcome="ok") == 1
    assert figure(text, "signups_total", outcome="email_taken") == 1
    assert figure(text, "reset_requests_total", outcome="ok") == 2
    assert figure(text, "password_resets_total", outcome="invalid_reset_token") == 2
    assert figure(text, "password_resets_total", outcome="missing_fields") == 1


async def test_the_mail_queue_is_told_as_it_is_now(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    assert figure(await scraped(quick), "mail_queue_oldest_seconds") == 0
    await quick.post("/api/auth/forgot-password", json={"email": EMAIL})
    memory.clock.advance(minutes=2)
    text = await scraped(quick)
    states = {state: figure(text, "mail_queue_mails", state=state) for state in ("queued", "retrying", "sent", "dead")}
    assert states == {"queued": 1, "retrying": 0, "sent": 0, "dead": 0}
    assert figure(text, "mail_queue_oldest_seconds") == 120
    assert figure(text, "database_up") == 1


async def test_it_answers_while_the_database_is_away(client_over: ClientOver, memory: MemoryPorts) -> None:
    class Away(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise UnavailableError("away")

    client = client_over(attrs.evolve(memory, unit_of_work=Away(tables=memory.unit_of_work.tables)))
    text = await scraped(client)
    assert figure(text, "database_up") == 0
    assert "mail_queue" not in text


async def test_nothing_in_it_is_about_a_user(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    answer = (await quick.post("/api/auth/signup", json=ALICE)).json()
    (user,) = memory.unit_of_work.tables.users.values()
    memory.unit_of_work.tables.users[user.id] = attrs.evolve(user, role=Role.ADMIN)
    bearer = {"Authorization": f"Bearer {answer['token']}"}
    await quick.get(f"/api/admin/users/{user.id}", headers=bearer)
    await quick.get(f"/api/auth/me?token={answer['token']}")
    await quick.post("/api/auth/forgot-password", json={"email": EMAIL})
    text = await scraped(quick)
    for personal in (EMAIL, "Alice", user.id, answer["token"], "192.0.2.1"):
        assert personal not in text
