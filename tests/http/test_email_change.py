"""Changing an address over HTTP, over every store, and taking it back."""

import asyncio

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailVerification, Ports, SignUpPolicy, deliver_due_mails
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver

CHANGE, CONFIRM, UNDO = (f"/api/auth/{name}" for name in ("change-email", "confirm-email", "undo-email-change"))
A, B = "alice@example.com", "al@example.org"


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


async def ask(caller: Caller, email: str = B) -> None:
    answer = await caller.send("POST", CHANGE, json={"email": email})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


async def asked(caller: Caller, ports: Ports, memory: MemoryPorts, email: str = B) -> str:
    await ask(caller, email)
    await deliver_due_mails(ports=ports)
    return memory.mailer.confirmation_links[-1].secret


async def use(http: httpx2.AsyncClient, path: str, secret: object) -> httpx2.Response:
    return await http.post(path, json={"token": secret})


async def moved(caller: Caller, ports: Ports, memory: MemoryPorts, email: str = B) -> str:
    """Gives the caller's account another address and returns the secret that undoes it."""
    secret = await asked(caller, ports, memory, email)
    answer = await use(caller.http, CONFIRM, secret)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    await deliver_due_mails(ports=ports)
    return memory.mailer.undo_links[-1].secret


async def account_of(caller: Caller) -> dict[str, object]:
    return dict((await caller.send("GET", "/api/auth/account")).json()["account"])


async def log_in(http: httpx2.AsyncClient, email: str, password: str = "secret") -> int:
    answer = await http.post("/api/auth/login", json={"email": email, "password": password})
    return answer.status_code


async def test_an_address_is_asked_for_confirmed_and_taken_back(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    await ask(alice, "Al@Example.org")
    waiting = await account_of(alice)
    assert (waiting["email"], waiting["pending_email"], waiting["email_verified"]) == (A, "Al@Example.org", False)
    undo = await moved(alice, ports, memory)
    changed = await account_of(alice)
    assert (changed["email"], changed["pending_email"], changed["email_verified"]) == (B, None, True)
    assert [await log_in(http, email) for email in (A, B)] == [401, 200]
    check_problem(await use(http, CONFIRM, memory.mailer.confirmation_links[-1].secret), 400, "invalid_email_token")

    body = {"name": "Mallory", "email": A, "password": "secret"}
    check_problem(await http.post("/api/auth/signup", json=body), 409, "email_taken")
    answer = await use(http, UNDO, undo)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    check_problem(await use(http, UNDO, undo), 400, "invalid_email_token")
    check_problem(await alice.send("GET", "/api/auth/me"), 401, "invalid_token")
    assert [await log_in(http, email) for email in (A, B)] == [401, 401]
    await deliver_due_mails(ports=ports)
    body = {"token": memory.mailer.reset_links[-1].secret, "password": "new-secret"}
    assert (await http.post("/api/auth/reset-password", json=body)).status_code == 200
    assert await log_in(http, A, "new-secret") == 200
    root = await an_admin(http, ports)
    events = (await root.get("events", user_id=alice.id)).json()["events"]
    told = {event["type"]: event["data"] for event in events if "email_change" in event["type"]}
    assert told == {"user.email_changed": {}, "user.email_change_undone": {}}


async def test_of_sixteen_at_once_one_confirms_and_one_undoes(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    secret = await asked(alice, ports, memory)
    answers = await asyncio.gather(*(use(http, CONFIRM, secret) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    await deliver_due_mails(ports=ports)
    (undo,) = [mail.secret for mail in memory.mailer.undo_links]
    answers = await asyncio.gather(*(use(http, UNDO, undo) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15


async def test_of_twenty_confirmations_of_one_address_by_two_accounts_one_counts(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    bob = await signed_up(http, "bob")
    secrets = [await asked(caller, ports, memory) for caller in (alice, bob)]
    answers = await asyncio.gather(*(use(http, CONFIRM, secret) for secret in secrets * 10))
    statuses = sorted(answer.status_code for answer in answers)
    assert (statuses[0], len(statuses), set(statuses[1:])) == (200, 20, {400, 409})


async def test_a_confirmation_against_an_undo_leaves_the_old_address(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    undo = await moved(alice, ports, memory)
    secret = await asked(alice, ports, memory, "ally@example.net")
    calls = [use(http, CONFIRM, secret), use(http, UNDO, undo), use(http, CONFIRM, secret)]
    statuses = [answer.status_code for answer in await asyncio.gather(*calls)]
    assert statuses[1] == 200
    root = await an_admin(http, ports)
    assert (await root.get(f"users/{alice.id}")).json()["user"]["email"] == A


async def test_who_signs_up_meanwhile_gets_no_address_that_somebody_leaves(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    secret = await asked(alice, ports, memory)
    body = {"name": "Mallory", "email": A, "password": "secret"}
    calls = [http.post("/api/auth/signup", json=body) for _ in range(4)]
    answers = await asyncio.gather(*calls[:2], use(http, CONFIRM, secret), *calls[2:])
    assert [answer.status_code for answer in answers] == [409, 409, 200, 409, 409]


async def test_the_answer_is_the_same_for_taken_reserved_and_free_addresses(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    bob, carol = await signed_up(http, "bob"), await signed_up(http, "carol")
    await moved(carol, ports, memory)
    for email in ("bob@example.com", "carol@example.com", "free@example.com", B):
        answer = await alice.send("POST", CHANGE, json={"email": email})
        assert (answer.status_code, answer.content) == (200, b'{"ok":true}')
        assert (await account_of(alice))["pending_email"] == email
        await deliver_due_mails(ports=ports)
    assert [mail.to.canonical for mail in memory.mailer.confirmation_links] == [B, "free@example.com"]
    assert (await account_of(bob))["pending_email"] is None


async def test_what_was_free_when_it_was_asked_for_may_be_taken_by_then(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    secret = await asked(alice, ports, memory, "bob@example.com")
    await signed_up(http, "bob")
    check_problem(await use(http, CONFIRM, secret), 409, "email_taken")
    assert (await account_of(alice))["email"] == A


async def test_no_more_than_five_mails_leave_in_an_hour(ports: Ports, memory: MemoryPorts, alice: Caller) -> None:
    for number in range(8):
        await ask(alice, f"al{number}@example.org")
        await deliver_due_mails(ports=ports)
    assert len(memory.mailer.confirmation_links) == 5


async def test_it_takes_a_recent_log_in_or_step_up(
    memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    memory.clock.advance(minutes=10)
    answer = await alice.send("POST", CHANGE, json={"email": B})
    check_problem(answer, 401, "step_up_required")
    assert 'max_age="600"' in answer.headers["WWW-Authenticate"]
    await alice.send("POST", "/api/auth/step-up", json={"current_password": "secret"})
    await ask(alice)


async def test_who_has_yet_to_verify_may_name_another_address(
    client_over: ClientOver, ports: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    required = attrs.evolve(ports.policy, email_verification=EmailVerification.REQUIRED)
    strict = attrs.evolve(ports, policy=required)
    alice = await signed_up(client_over(strict), "alice")
    check_problem(await alice.send("GET", "/api/auth/me"), 403, "email_not_verified")
    await moved(alice, strict, memory)
    assert (await alice.send("GET", "/api/auth/me")).status_code == 200


async def test_a_foreign_domain_is_refused_where_sign_up_is_for_some(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    some = attrs.evolve(memory.policy, sign_up=SignUpPolicy(frozenset({"example.com"})))
    alice = await signed_up(client_over(attrs.evolve(memory, policy=some)), "alice")
    check_problem(await alice.send("POST", CHANGE, json={"email": B}), 403, "signup_closed")
    await ask(alice, "al@example.com")


@pytest.mark.parametrize("email", ["", None, 5, "x", "a@b.co, c@d.co", "\0@example.com", "x" * 300 + "@example.com"])
async def test_what_is_no_address_is_refused(quick: httpx2.AsyncClient, email: object) -> None:
    alice = await signed_up(quick, "alice")
    answer = await alice.send("POST", CHANGE, json={"email": email})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "email"


@pytest.mark.parametrize("path", [CONFIRM, UNDO])
@pytest.mark.parametrize(
    "secret", ["", None, 5, ["x"], "email_x", "undo_x", "email_" + "A" * 43, "undo_" + "A" * 43, "\0"]
)
async def test_what_is_no_token_is_refused(quick: httpx2.AsyncClient, path: str, secret: object) -> None:
    answer = await use(quick, path, secret)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("missing_fields", "invalid_fields", "invalid_email_token")


async def test_an_admin_sets_an_address(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    await http.post("/api/auth/forgot-password", json={"email": A})
    await deliver_due_mails(ports=ports)
    root = await an_admin(http, ports)
    answer = await root.patch(alice.id, {"email": "Al@Example.org", "email_verified": True})
    assert answer.status_code == 200
    assert (answer.json()["user"]["email"], answer.json()["user"]["email_verified"]) == ("Al@Example.org", True)
    body = {"token": memory.mailer.reset_links[0].secret, "password": "new-secret"}
    check_problem(await http.post("/api/auth/reset-password", json=body), 400, "invalid_reset_token")
    check_problem(await root.patch(alice.id, {"email": "root@example.com"}), 409, "email_taken")
    check_problem(await root.patch(alice.id, {"email": "x"}), 400, "invalid_fields")
    assert (await account_of(alice))["email"] == "Al@Example.org"
    assert (await root.patch(alice.id, {"email": A})).json()["user"]["email_verified"] is False


async def test_neither_me_nor_the_contracts_answers_tell_of_it(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    before = await alice.send("GET", "/api/auth/me")
    await ask(alice)
    assert (await alice.send("GET", "/api/auth/me")).content == before.content
