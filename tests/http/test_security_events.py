"""Security events in the log: who, from where, and what; one event each, and no secret."""

from typing import Any

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.domain import Policy, Status, deliver_due_mails
from leadnator_auth.entrypoints.telemetry.event_log import log_events

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}
WRONG = RIGHT | {"password": "wrong-password"}


@pytest.fixture(autouse=True)
def logging_events(memory: MemoryPorts) -> None:
    """Has events logged as they are kept, which is up to who composes the ports."""
    memory.unit_of_work.on_commit = log_events


@pytest.fixture
async def alice(quick: httpx2.AsyncClient, logs: list[EventDict]) -> Any:  # JSON
    """What signing up answered; what it logged is forgotten."""
    answer = await quick.post("/api/auth/signup", json=ALICE)
    logs.clear()
    return answer.json()


def told(logs: list[EventDict]) -> list[EventDict]:
    """Returns the events that are not of the access log, without what is different each time."""
    events = [event for event in logs if event["event"] != "request"]
    assert all(event.pop("request_id") for event in events)
    for event in events:
        event.pop("event_id", None)
    assert {event.pop("client") for event in events} <= {"192.0.2.1"}
    logs.clear()
    return events


def bearer(alice: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {alice['token']}"}


def session_of(memory: MemoryPorts) -> str:
    return list(memory.unit_of_work.tables.sessions)[-1]


def happened(event: str, user: str, **data: str) -> EventDict:
    """Returns what the log says of an event that the owner of an account did."""
    return {"event": event, "log_level": "info", "user": user, "actor": user, **data}


def ended(user: str, session: str, reason: str) -> EventDict:
    """Returns what the log says of a session that ended, of the time at which all log-ins of these tests are made."""
    expires_at = (FakeClock().now() + Policy().session_lifetime).isoformat().replace("+00:00", "Z")
    return happened("session.ended", user, session_id=session, reason=reason, expires_at=expires_at)


async def test_signing_up_is_told(quick: httpx2.AsyncClient, memory: MemoryPorts, logs: list[EventDict]) -> None:
    answer = await quick.post("/api/auth/signup", json=ALICE)
    user = answer.json()["user"]["id"]
    assert told(logs) == [
        happened("user.created", user),
        happened("session.started", user, session_id=session_of(memory), amr="pwd"),
    ]
    await quick.post("/api/auth/signup", json=ALICE)
    assert told(logs) == [{"event": "taken_email_refused", "log_level": "warning"}]


async def test_log_ins_are_told_good_and_bad(
    quick: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, logs: list[EventDict]
) -> None:
    user = alice["user"]["id"]
    await quick.post("/api/auth/login", json=RIGHT)
    assert told(logs) == [happened("session.started", user, session_id=session_of(memory), amr="pwd")]
    await quick.post("/api/auth/login", json=WRONG)
    assert told(logs) == [{"event": "credentials_refused", "log_level": "warning", "user": user}]
    await quick.post("/api/auth/login", json=WRONG | {"email": "nobody@example.com"})
    assert told(logs) == [{"event": "credentials_refused", "log_level": "warning"}]
    (kept,) = memory.unit_of_work.tables.users.values()
    memory.unit_of_work.tables.users[kept.id] = attrs.evolve(kept, status=Status.SUSPENDED)
    await quick.post("/api/auth/login", json=RIGHT)
    assert [event["event"] for event in told(logs)] == ["suspended_account_refused"]


async def test_who_is_throttled_is_told_with_the_limit(quick: httpx2.AsyncClient, logs: list[EventDict]) -> None:
    for _ in range(11):
        await quick.post("/api/auth/login", json=WRONG)
    assert told(logs)[-1] == {"event": "throttled", "log_level": "warning", "reason": "login"}


async def test_a_reset_is_told_asked_for_used_and_refused(
    quick: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, logs: list[EventDict]
) -> None:
    await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    assert told(logs) == [{"event": "link_requested", "log_level": "info"}]
    await deliver_due_mails(ports=memory)
    link = {"token": memory.mailer.reset_links[0].secret, "password": "second-password"}
    user, session = alice["user"]["id"], session_of(memory)
    await quick.post("/api/auth/reset-password", json=link)
    assert told(logs) == [
        happened("user.email_verified", user),
        ended(user, session, "password.reset"),
        happened("password.reset", user),
    ]
    await quick.post("/api/auth/reset-password", json=link)
    assert told(logs) == [{"event": "link_refused", "log_level": "warning"}]
    await quick.post("/reset-password", data=link)
    assert told(logs) == [{"event": "link_refused", "log_level": "warning"}]


async def test_a_reset_by_the_page_is_told(
    quick: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, logs: list[EventDict]
) -> None:
    await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    await deliver_due_mails(ports=memory)
    logs.clear()
    await quick.post("/reset-password", data={"token": memory.mailer.reset_links[0].secret, "password": "new-password"})
    assert told(logs)[-1] == happened("password.reset", alice["user"]["id"])


async def test_the_ends_of_sessions_are_told(
    quick: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, logs: list[EventDict]
) -> None:
    user, mine = alice["user"]["id"], session_of(memory)
    await quick.post("/api/auth/login", json=RIGHT)
    other = session_of(memory)
    logs.clear()
    await quick.delete(f"/api/auth/sessions/{other}", headers=bearer(alice))
    assert told(logs) == [ended(user, other, "logged_out")]
    body = {"current_password": ALICE["password"], "password": "second-password"}
    await quick.post("/api/auth/change-password", json=body, headers=bearer(alice))
    assert told(logs) == [happened("password.changed", user)]
    await quick.post("/api/auth/logout?scope=global", headers=bearer(alice))
    assert told(logs) == [ended(user, mine, "logged_out")]


async def test_a_token_that_is_refused_is_told_with_the_reason(
    quick: httpx2.AsyncClient, alice: Any, logs: list[EventDict]
) -> None:
    await quick.get("/api/auth/me", headers={"Authorization": "Bearer nonsense"})
    assert told(logs) == [{"event": "token_refused", "log_level": "warning", "reason": "not issued here"}]
    await quick.post("/api/auth/logout", headers=bearer(alice))
    logs.clear()
    await quick.get("/api/auth/me", headers=bearer(alice))
    assert told(logs) == [{"event": "token_refused", "log_level": "warning", "reason": "session ended"}]
    await quick.get("/api/auth/me")
    assert told(logs) == []


async def test_nothing_secret_is_told(
    quick: httpx2.AsyncClient, memory: MemoryPorts, alice: Any, logs: list[EventDict]
) -> None:
    await quick.get("/api/auth/me", params={"token": alice["token"]})
    await quick.get("/api/auth/me", params={"token": alice["token"] + "x"})
    await quick.post("/api/auth/login", json=WRONG)
    await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    everything = str(logs)
    for secret in (alice["token"], WRONG["password"], ALICE["email"]):
        assert secret not in everything
