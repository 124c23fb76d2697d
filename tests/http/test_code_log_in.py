"""Log-in by mailed code over HTTP, over every store."""

import asyncio
from collections import Counter

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailVerification, Ports, deliver_due_mails
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver

EMAIL = "alice@example.com"


def with_codes(ports: Ports) -> Ports:
    return attrs.evolve(ports, policy=attrs.evolve(ports.policy, email_code_login=True))


@pytest.fixture
def mailing(ports: Ports) -> Ports:
    """A world over each store, in which log-in by code is on."""
    return with_codes(ports)


@pytest.fixture
def http(client_over: ClientOver, mailing: Ports) -> httpx2.AsyncClient:
    return client_over(mailing)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


async def asked(http: httpx2.AsyncClient, email: str = EMAIL) -> str:
    """Returns a new challenge."""
    answer = await http.post("/api/auth/login/code", json={"email": email})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["challenge"])


async def mailed_code(ports: Ports, memory: MemoryPorts) -> str:
    await deliver_due_mails(ports=ports)
    return memory.mailer.login_codes[-1].secret


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def confirm(http: httpx2.AsyncClient, challenge: object, code: object) -> httpx2.Response:
    return await http.post("/api/auth/login/code/confirm", json={"challenge": challenge, "code": code})


async def test_the_answer_is_that_of_a_log_in(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    answer = await http.post("/api/auth/login/code", json={"email": f" {EMAIL.upper()} "})
    assert answer.json().keys() == {"challenge", "expires_at"}
    assert answer.json()["expires_at"] == "2026-01-01T00:10:00Z"
    challenge, code = answer.json()["challenge"], await mailed_code(mailing, memory)
    answer = await confirm(http, challenge, code)
    log_in = (await http.post("/api/auth/login", json={"email": EMAIL, "password": "secret"})).json()
    assert (answer.status_code, answer.json()["user"]) == (200, log_in["user"])
    assert answer.json().keys() == {"token", "user"}
    by_code = Caller(http, alice.id, answer.json()["token"])
    assert (await by_code.send("GET", "/api/auth/me")).status_code == 200
    sessions = (await by_code.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert [each["is_current"] for each in sessions].count(True) == 1
    check_problem(await confirm(http, challenge, code), 401, "invalid_code")


async def test_of_sixteen_right_answers_at_once_one_gets_in(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    challenge, code = await asked(http), await mailed_code(mailing, memory)
    answers = await asyncio.gather(*(confirm(http, challenge, code) for _ in range(16)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 15}
    sessions = (await alice.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert len(sessions) == 2


async def test_of_sixteen_wrong_answers_at_once_five_count_and_those_of_another_challenge_do_not(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    other, other_code = await asked(http), await mailed_code(mailing, memory)
    challenge, code = await asked(http), await mailed_code(mailing, memory)
    answers = await asyncio.gather(*(confirm(http, challenge, wrong(code)) for _ in range(16)))
    for answer in answers:
        check_problem(answer, 401, "invalid_code")
    check_problem(await confirm(http, challenge, code), 401, "invalid_code")
    assert (await confirm(http, other, other_code)).status_code == 200


async def test_four_wrong_answers_at_once_leave_one(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    challenge, code = await asked(http), await mailed_code(mailing, memory)
    await asyncio.gather(*(confirm(http, challenge, wrong(code)) for _ in range(4)))
    assert (await confirm(http, challenge, code)).status_code == 200


async def test_a_code_proves_the_address_where_that_is_required(
    client_over: ClientOver, mailing: Ports, memory: MemoryPorts
) -> None:
    policy = attrs.evolve(mailing.policy, email_verification=EmailVerification.REQUIRED)
    strict = attrs.evolve(mailing, policy=policy)
    http = client_over(strict)
    alice = await signed_up(http, "alice")
    assert (await alice.send("GET", "/api/auth/me")).status_code == 403
    challenge, code = await asked(http), await mailed_code(strict, memory)
    assert (await confirm(http, challenge, code)).status_code == 200
    assert (await alice.send("GET", "/api/auth/me")).status_code == 200


async def test_what_happened_is_told_as_of_any_log_in(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, logs: list[EventDict]
) -> None:
    root = await an_admin(http, mailing)
    challenge, code = await asked(http), await mailed_code(mailing, memory)
    await confirm(http, challenge, wrong(code))
    await confirm(http, challenge, code)
    events = (await root.get("events", user_id=alice.id, limit=2)).json()["events"]
    assert {event["type"] for event in events} == {"session.started", "user.email_verified"}
    told = {entry["event"]: entry for entry in logs}
    assert told["code_refused"]["user"] == alice.id
    assert told["code_requested"]["client"] == "192.0.2.1"
    assert code not in str(logs)
    assert challenge not in str(logs)


async def test_suspended_and_removed_accounts_let_nobody_in(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    root = await an_admin(http, mailing)
    challenge, code = await asked(http), await mailed_code(mailing, memory)
    await root.patch(alice.id, {"status": "suspended"})
    check_problem(await confirm(http, challenge, wrong(code)), 401, "invalid_code")
    check_problem(await confirm(http, challenge, code), 403, "account_suspended")
    await root.delete(alice.id)
    check_problem(await confirm(http, challenge, code), 401, "invalid_code")


async def test_where_it_is_off_nothing_is_there(
    client_over: ClientOver, ports: Ports, check_problem: CheckProblem
) -> None:
    http = client_over(ports)
    for call in ("login/code", "login/code/confirm"):
        for content in (b"{}", b"nonsense", b'{"email":"alice@example.com","challenge":"code_x","code":"1"}'):
            answer = await http.post(f"/api/auth/{call}", content=content)
            check_problem(answer, 404, "not_found")


async def shape_of_answers(http: httpx2.AsyncClient, email: str, statements: list[str]) -> object:
    """Returns what a stranger sees of asking and of guessing wrong six times, and what the database is asked."""
    statements.clear()
    answer = await http.post("/api/auth/login/code", json={"email": email})
    headers = {name for name in answer.headers if name != "x-request-id"}
    challenge = answer.json()["challenge"]
    seen: list[object] = [answer.status_code, len(answer.content), answer.json()["expires_at"], headers]
    for _ in range(6):
        answer = await confirm(http, challenge, "nonsense")
        seen += [answer.status_code, answer.content, {**answer.headers, "x-request-id": None}]
    return seen, list(statements)


async def test_nobody_can_tell_whether_there_is_an_account(
    http: httpx2.AsyncClient,
    mailing: Ports,
    memory: MemoryPorts,
    alice: Caller,
    statements: list[str],
) -> None:
    await deliver_due_mails(ports=mailing)
    known = await shape_of_answers(http, EMAIL, statements)
    unknown = await shape_of_answers(http, "nobody@example.com", statements)
    root = await an_admin(http, mailing)
    await root.patch(alice.id, {"status": "suspended"})
    suspended = await shape_of_answers(http, EMAIL, statements)
    assert known == unknown == suspended
    await deliver_due_mails(ports=mailing)
    assert memory.mailer.login_codes == []


async def test_a_wrong_code_for_a_mailed_one_costs_what_one_for_nobody_costs(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, statements: list[str]
) -> None:
    known, unknown = await asked(http), await asked(http, "nobody@example.com")
    code = await mailed_code(mailing, memory)
    seen: list[object] = []
    for challenge in (known, unknown):
        statements.clear()
        answer = await confirm(http, challenge, wrong(code))
        seen.append((answer.status_code, answer.content, list(statements)))
    assert seen[0] == seen[1]
