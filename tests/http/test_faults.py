"""Whatever fails behind the scenes: a clean answer, an entry in the log, and no detail for the caller."""

from collections.abc import Callable
from typing import Any, NoReturn

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import ConcurrencyError, OverloadedError, Ports, UnavailableError, deliver_due_mails

Check = Callable[[httpx2.Response, int, str], None]
ClientOver = Callable[[Ports], httpx2.AsyncClient]
Request = dict[str, Any]  # the arguments of AsyncClient.request

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}
SECRETS = "SELECT password_hash FROM users -- /srv/leadnator/secret.py"
FAULTS = {
    "signup": ["unit_of_work", "hasher", "tokens", "emails", "clock", "randomness", "rate_limits"],
    "login": ["unit_of_work", "hasher", "tokens", "emails", "clock", "randomness", "rate_limits"],
    "me": ["tokens", "identities", "clock"],
    "forgot-password": ["unit_of_work", "emails", "clock", "randomness", "rate_limits"],
    "reset-password": ["unit_of_work", "hasher", "clock", "randomness", "rate_limits"],
    "readyz": ["readiness"],
}


def post(path: str, body: object = None, **more: object) -> Request:
    return {"method": "POST", "url": f"/api/auth/{path}", "json": body, **more}


def me(**more: object) -> Request:
    return {"method": "GET", "url": "/api/auth/me", **more}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@attrs.frozen
class Broken:
    """A port of which everything fails."""

    error: Exception

    def __call__(self) -> NoReturn:
        raise self.error

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def fail(*_: object, **__: object) -> NoReturn:
            raise self.error

        return fail


@pytest.fixture
async def token(quick: httpx2.AsyncClient) -> str:
    """The token of Alice, who has signed up."""
    answer = await quick.post("/api/auth/signup", json=ALICE)
    return str(answer.json()["token"])


@pytest.mark.parametrize(
    ("error", "status", "code", "title"),
    [
        (RuntimeError(SECRETS), 500, "internal_error", "Internal error"),
        (UnavailableError(SECRETS), 503, "unavailable", "Unavailable"),
        (OverloadedError(SECRETS), 503, "overloaded", "Overloaded"),
        (ConcurrencyError(SECRETS), 503, "unavailable", "Unavailable"),
    ],
    ids=["bug", "away", "full", "in each other's way"],
)
@pytest.mark.parametrize(("call", "port"), [(call, port) for call, ports in FAULTS.items() for port in ports])
async def test_a_fault_behind_the_scenes_is_told_without_its_details(
    client_over: ClientOver,
    memory: MemoryPorts,
    quick: httpx2.AsyncClient,
    token: str,
    check_problem: Check,
    logs: list[EventDict],
    call: str,
    port: str,
    error: Exception,
    status: int,
    code: str,
    title: str,
) -> None:
    await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    await deliver_due_mails(ports=memory)
    link = {"token": memory.mailer.reset_links[0].secret, "password": "second-password"}
    requests = {
        "signup": post("signup", ALICE | {"email": "bob@example.com"}),
        "login": post("login", RIGHT),
        "me": me(headers=bearer(token)),
        "forgot-password": post("forgot-password", {"email": ALICE["email"]}),
        "reset-password": post("reset-password", link),
        "readyz": {"method": "GET", "url": "/readyz"},
    }
    changes: dict[str, Any] = {port: Broken(error)}
    broken = client_over(attrs.evolve(memory, **changes))
    answer = await broken.request(**requests[call])
    check_problem(answer, status, code)
    assert answer.json()["title"] == title
    assert status == 500 or int(answer.headers["Retry-After"]) > 0
    assert any(e["event"] == code and e["request_id"] == answer.headers["X-Request-Id"] for e in logs) or status == 503
    everything = answer.text + str(answer.headers)
    assert not any(trace in everything for trace in ("SELECT", "secret.py", "Traceback", "RuntimeError"))
    requests["signup"] = post("signup", ALICE | {"email": "carol@example.com"})
    assert (await quick.request(**requests[call])).status_code == 200, "the same works when nothing is broken"


async def test_what_is_away_is_told_to_the_operator_with_its_details(
    client_over: ClientOver, memory: MemoryPorts, logs: list[EventDict]
) -> None:
    broken = client_over(attrs.evolve(memory, readiness=Broken(UnavailableError(SECRETS))))  # type: ignore[arg-type]
    answer = await broken.get("/readyz")
    (entry,) = [entry for entry in logs if entry["event"] == "unavailable"]
    assert (entry["log_level"], entry["error"]) == ("error", SECRETS)
    assert entry["request_id"] == answer.headers["X-Request-Id"]


async def test_what_is_not_ready_says_so(quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check) -> None:
    memory.readiness.is_ready = False
    check_problem(await quick.get("/readyz"), 503, "unavailable")
    assert (await quick.get("/healthz")).status_code == 200
