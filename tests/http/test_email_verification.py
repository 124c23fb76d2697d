"""Verification of addresses over HTTP, over every store, and what is withheld where it is required."""

import asyncio

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailVerification, Ports, deliver_due_mails, identify
from leadnator_auth.domain.errors import EmailNotVerifiedError
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.passkey_device import with_passkeys

EMAIL = "alice@example.com"
RIGHT = {"email": EMAIL, "password": "secret"}
FOR_UNVERIFIED = {"/api/auth/logout", "/api/auth/resend-verification"}
"""What somebody may call who has yet to prove their address; more capabilities may add to it."""


def with_verification(ports: Ports, mode: EmailVerification) -> Ports:
    return attrs.evolve(ports, policy=attrs.evolve(ports.policy, email_verification=mode))


@pytest.fixture
def mailing(ports: Ports) -> Ports:
    """A world over each store, in which who signs up is mailed a link."""
    return with_verification(ports, EmailVerification.ON)


@pytest.fixture
def http(client_over: ClientOver, mailing: Ports) -> httpx2.AsyncClient:
    return client_over(mailing)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


@pytest.fixture
def strict(client_over: ClientOver, mailing: Ports) -> httpx2.AsyncClient:
    """A client of an application that requires verification, over the same world."""
    return client_over(with_verification(mailing, EmailVerification.REQUIRED))


async def mailed_secrets(ports: Ports, memory: MemoryPorts) -> list[str]:
    await deliver_due_mails(ports=ports)
    return [mail.secret for mail in memory.mailer.verification_links]


async def verify(http: httpx2.AsyncClient, secret: object) -> httpx2.Response:
    return await http.post("/api/auth/verify-email", json={"token": secret})


async def test_the_mailed_token_proves_the_address_once(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    (secret,) = await mailed_secrets(mailing, memory)
    root = await an_admin(http, mailing)
    assert (await root.get(f"users/{alice.id}")).json()["user"]["email_verified"] is False
    answer = await verify(http, secret)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert (await root.get(f"users/{alice.id}")).json()["user"]["email_verified"] is True
    check_problem(await verify(http, secret), 400, "invalid_email_token")
    events = (await root.get("events", user_id=alice.id, type="user.email_verified")).json()["events"]
    assert [(event["actor"], event["data"]) for event in events] == [(alice.id, {})]


async def test_of_twenty_at_once_one_proves_it(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    (secret,) = await mailed_secrets(mailing, memory)
    answers = await asyncio.gather(*(verify(http, secret) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


async def test_a_link_to_an_account_of_the_past_proves_nothing(
    http: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem
) -> None:
    (secret,) = await mailed_secrets(mailing, memory)
    root = await an_admin(http, mailing)
    await root.delete(alice.id)
    again = await signed_up(http, "alice")
    check_problem(await verify(http, secret), 400, "invalid_email_token")
    assert (await root.get(f"users/{again.id}")).json()["user"]["email_verified"] is False


async def test_another_link_is_mailed_and_no_more_than_five_an_hour(
    mailing: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    for _ in range(8):
        answer = await alice.send("POST", "/api/auth/resend-verification")
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    secrets = await mailed_secrets(mailing, memory)
    assert len(set(secrets)) == len(secrets) == 5
    assert (await verify(alice.http, secrets[0])).status_code == 200
    memory.clock.advance(hours=1)
    answer = await alice.send("POST", "/api/auth/resend-verification")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert len(await mailed_secrets(mailing, memory)) == 5


async def test_a_reset_proves_the_address_over_each_store(
    http: httpx2.AsyncClient, strict: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, alice: Caller
) -> None:
    await http.post("/api/auth/forgot-password", json={"email": EMAIL})
    await deliver_due_mails(ports=mailing)
    body = {"token": memory.mailer.reset_links[0].secret, "password": "new-secret"}
    assert (await strict.post("/api/auth/reset-password", json=body)).status_code == 200
    assert (await strict.post("/api/auth/login", json=RIGHT | {"password": "new-secret"})).status_code == 200


async def test_where_it_is_required_log_in_and_me_wait_for_it(
    strict: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    alice = await signed_up(strict, "alice")
    for answer in (await strict.post("/api/auth/login", json=RIGHT), await alice.send("GET", "/api/auth/me")):
        check_problem(answer, 403, "email_not_verified")
        assert answer.json()["title"] == "E-mail address not verified"
    for body in (RIGHT | {"password": "wrong"}, RIGHT | {"email": "nobody@example.com"}):
        check_problem(await strict.post("/api/auth/login", json=body), 401, "invalid_credentials")
    (secret,) = await mailed_secrets(mailing, memory)
    assert (await verify(strict, secret)).status_code == 200
    assert (await alice.send("GET", "/api/auth/me")).json()["user"].keys() == {"id", "name", "email", "role", "plan"}
    answer = await strict.post("/api/auth/login", json=RIGHT)
    assert answer.json()["user"].keys() == {"id", "name", "role"}


LOG_INS = {
    "/api/auth/login",
    "/api/auth/login/passkey",
    "/api/auth/login/second-factor",
    "/api/auth/refresh",
}
"""Where somebody gets in, or goes on."""


def test_what_is_for_those_who_have_yet_to_verify_says_so_in_one_place() -> None:
    marked = {operation.path for operation in OPERATIONS if operation.for_unverified}
    assert marked >= FOR_UNVERIFIED
    assert not marked & {"/api/auth/me", "/api/auth/sessions", "/api/auth/change-password", "/api/auth/media-token"}
    for operation in OPERATIONS:
        refuses = EmailNotVerifiedError in operation.refusals
        is_log_in = operation.path in LOG_INS
        assert refuses == (
            is_log_in or (operation.needs_token and not (operation.for_unverified or operation.refuses_by_401))
        ), operation.path


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.needs_token], ids=lambda operation: operation.name
)
async def test_every_call_with_a_token_is_withheld_unless_it_is_marked(
    client_over: ClientOver, memory: MemoryPorts, operation: Operation
) -> None:
    client = client_over(with_passkeys(with_verification(memory, EmailVerification.REQUIRED)))
    alice = await signed_up(client, "alice")
    path = operation.path.replace("{", "").replace("}", "")
    answer = await alice.send(operation.method, path, json=operation.example_body or {})
    refusal = (401, "invalid_token") if operation.refuses_by_401 else (403, "email_not_verified")
    is_withheld = answer.status_code == refusal[0] and answer.json()["code"] == refusal[1]
    assert is_withheld == (not operation.for_unverified), answer.text


async def test_the_session_of_the_sign_up_can_end_itself_and_be_mailed_to(
    strict: httpx2.AsyncClient, mailing: Ports, memory: MemoryPorts
) -> None:
    alice = await signed_up(strict, "alice")
    assert (await alice.send("POST", "/api/auth/resend-verification")).status_code == 200
    assert len(await mailed_secrets(mailing, memory)) == 2
    assert (await alice.send("POST", "/api/auth/logout")).status_code == 200
    assert (await alice.send("POST", "/api/auth/resend-verification")).status_code == 401


async def test_an_admin_says_that_an_address_is_verified(
    http: httpx2.AsyncClient, strict: httpx2.AsyncClient, mailing: Ports, alice: Caller, check_problem: CheckProblem
) -> None:
    root = await an_admin(http, mailing)
    answer = await root.patch(alice.id, {"email_verified": True})
    assert answer.json()["user"]["email_verified"] is True
    assert (await strict.post("/api/auth/login", json=RIGHT)).status_code == 200
    assert (await root.patch(alice.id, {"email_verified": False})).json()["user"]["email_verified"] is False
    check_problem(await strict.post("/api/auth/login", json=RIGHT), 403, "email_not_verified")
    check_problem(await root.patch(alice.id, {"email_verified": "true"}), 400, "invalid_fields")
    (listed,) = (await root.get("users", query="alice")).json()["users"]
    assert listed["email_verified"] is False


async def test_nobody_says_so_of_themselves(http: httpx2.AsyncClient, mailing: Ports) -> None:
    body = {"name": "Mallory", "email": "mallory@example.com", "password": "secret", "email_verified": True}
    answer = await http.post("/api/auth/signup", json=body)
    assert answer.json()["user"].keys() == {"id", "name", "email", "role", "plan", "status"}
    assert not (await identify(answer.json()["token"], ports=mailing)).user.is_email_verified


async def test_where_it_is_off_there_is_nothing_to_ask_for(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    alice = await signed_up(client_over(memory), "alice")
    check_problem(await alice.send("POST", "/api/auth/resend-verification"), 404, "not_found")
    check_problem(await alice.http.post("/api/auth/resend-verification"), 404, "not_found")
    check_problem(await verify(alice.http, "verify_" + "A" * 43), 400, "invalid_email_token")
    assert await mailed_secrets(memory, memory) == []


@pytest.mark.parametrize("secret", ["", None, 5, ["verify_x"], "verify_x", "reset_" + "A" * 43, "\0", "x" * 9999])
async def test_what_is_no_token_is_refused(quick: httpx2.AsyncClient, secret: object) -> None:
    answer = await verify(quick, secret)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("missing_fields", "invalid_fields", "invalid_email_token")
