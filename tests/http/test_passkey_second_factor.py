"""A passkey in place of a code: at a log-in that takes a second factor, and to step up."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports, SecondFactorRequiredError, deliver_due_mails
from leadnator_auth.entrypoints.http.openapi.problem_descriptions import problem_schema
from leadnator_auth.testing import TotpApp, VirtualAuthenticator
from tests.http.admins import Caller, signed_up
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.passkey_device import Device, Json, with_passkeys

PATH, STEP_UP = "/api/auth/passkeys", "/api/auth/step-up"
SECOND = "/api/auth/login/second-factor"


@pytest.fixture
def http(client_over: ClientOver, ports: Ports) -> httpx2.AsyncClient:
    return client_over(with_passkeys(ports))


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


@pytest.fixture
def phone(http: httpx2.AsyncClient) -> Device:
    return Device(http, VirtualAuthenticator(tells_user=False))


async def set_up_app(caller: Caller, memory: MemoryPorts) -> list[str]:
    """Lets an app count; returns the recovery codes."""
    app = TotpApp((await caller.send("POST", "/api/auth/totp")).json()["secret"], memory.clock)
    answer = await caller.send("POST", "/api/auth/totp/confirm", json={"code": app.code})
    assert answer.status_code == 200, answer.text
    codes: list[str] = answer.json()["recovery_codes"]
    return codes


async def asked(http: httpx2.AsyncClient, name: str = "alice") -> Json:
    """Returns what a log-in with the password is answered by."""
    answer = await http.post("/api/auth/login", json={"email": f"{name}@example.com", "password": "secret"})
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    body: Json = answer.json()
    return body


def answered(challenge: Json, authenticator: VirtualAuthenticator) -> Json:
    return {
        "challenge": challenge["challenge"],
        "credential": authenticator.get(challenge["passkey"]["options"]),
    }


async def test_a_passkey_stands_in_for_the_code(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    await set_up_app(alice, memory)
    without = await asked(http)
    assert without["factors"] == ["totp", "recovery_code"]
    assert "passkey" not in without
    await phone.added(alice)
    challenge = await asked(http)
    assert challenge["factors"] == ["totp", "recovery_code", "passkey"]
    (allowed,) = challenge["passkey"]["options"]["allowCredentials"]
    assert allowed["id"] == phone.authenticator.credentials[0].id
    body = answered(challenge, phone.authenticator)
    memory.clock.advance(seconds=1)
    answer = await http.post(SECOND, json=body)
    assert answer.json().keys() == {"token", "user"}
    signed_in = Caller(http, alice.id, answer.json()["token"])
    export = (await signed_in.send("GET", "/api/auth/account/export")).json()
    assert export["sessions"][0]["amr"] == ["pwd", "pop", "user", "mfa"]
    check_problem(await http.post(SECOND, json=body), 400, "invalid_challenge")


async def test_a_passkey_alone_is_both_factors(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts
) -> None:
    phone.authenticator.tells_user = True
    await set_up_app(alice, memory)
    await phone.added(alice)
    assert (await phone.log_in()).status_code == 200


async def test_of_sixteen_answers_at_once_one_gets_in(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts
) -> None:
    await set_up_app(alice, memory)
    phone.authenticator.counts = False
    await phone.added(alice)
    body = answered(await asked(http), phone.authenticator)
    answers = await asyncio.gather(*(http.post(SECOND, json=body) for _ in range(16)))
    assert Counter(answer.status_code == 200 for answer in answers) == {True: 1, False: 15}
    assert {answer.status_code for answer in answers} <= {200, 400, 429}


async def test_what_it_signs_belongs_to_the_challenge(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    await set_up_app(alice, memory)
    await phone.added(alice)
    one, other = await asked(http), await asked(http)
    body = answered(one, phone.authenticator)
    swapped = body | {"challenge": other["challenge"]}
    check_problem(await http.post(SECOND, json=swapped), 401, "invalid_passkey")
    log_in = (await http.post("/api/auth/login/passkey/options")).json()
    credential = phone.authenticator.get(log_in["options"])
    check_problem(await http.post(SECOND, json=body | {"credential": credential}), 401, "invalid_passkey")
    for wrong in ({}, {"id": 5}):
        check_problem(await http.post(SECOND, json=body | {"credential": wrong}), 401, "invalid_passkey")
    check_problem(await http.post(SECOND, json=body | {"credential": "x"}), 400, "invalid_fields")
    check_problem(await http.post(SECOND, json={"challenge": one["challenge"]}), 400, "missing_fields")
    assert (await http.post(SECOND, json=body)).status_code == 200, "a challenge takes five tries"


async def test_it_is_a_passkey_of_this_account(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    bob = await signed_up(http, "bob")
    bobs = Device(http, VirtualAuthenticator(tells_user=False))
    await bobs.added(bob)
    await set_up_app(alice, memory)
    await phone.added(alice)
    challenge = await asked(http)
    options = challenge["passkey"]["options"] | {"allowCredentials": []}
    body = {"challenge": challenge["challenge"], "credential": bobs.authenticator.get(options)}
    check_problem(await http.post(SECOND, json=body), 401, "invalid_passkey")
    asked_to = (await alice.send("POST", f"{STEP_UP}/options")).json()
    stolen = bobs.authenticator.get(asked_to["options"] | {"allowCredentials": []})
    answer = await alice.send("POST", STEP_UP, json={"challenge_id": asked_to["challenge_id"], "credential": stolen})
    check_problem(answer, 401, "invalid_passkey")


async def stepped_up(caller: Caller, authenticator: VirtualAuthenticator, **more: Any) -> httpx2.Response:
    options = (await caller.send("POST", f"{STEP_UP}/options")).json()
    body = {"challenge_id": options["challenge_id"], "credential": authenticator.get(options["options"])}
    return await caller.send("POST", STEP_UP, json=body | more)


@pytest.mark.parametrize("has_app", [True, False])
async def test_a_passkey_steps_up(
    alice: Caller, phone: Device, memory: MemoryPorts, check_problem: CheckProblem, has_app: bool
) -> None:
    check_problem(await alice.send("POST", f"{STEP_UP}/options"), 404, "not_found")
    passkey_id = await phone.added(alice)
    if has_app:
        await set_up_app(alice, memory)
    memory.clock.advance(hours=1)
    check_problem(await alice.send("DELETE", f"{PATH}/{passkey_id}"), 401, "step_up_required")
    answer = await stepped_up(alice, phone.authenticator)
    assert answer.json() == {"ok": True, "expires_at": "2026-01-01T01:10:00Z"}
    assert (await alice.send("DELETE", f"{PATH}/{passkey_id}")).json() == {"ok": True}


async def test_a_step_up_takes_its_own_challenge_once(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    phone.authenticator.counts = False
    await phone.added(alice)
    options = (await alice.send("POST", f"{STEP_UP}/options")).json()
    assert options["expires_at"] == "2026-01-01T00:05:00Z"
    body = {"challenge_id": options["challenge_id"], "credential": phone.authenticator.get(options["options"])}
    bob = await signed_up(http, "bob")
    check_problem(await bob.send("POST", STEP_UP, json=body), 400, "invalid_challenge")
    check_problem(await alice.send("POST", STEP_UP, json=body), 400, "invalid_challenge")
    log_in = (await http.post("/api/auth/login/passkey/options")).json()
    other = {"challenge_id": log_in["challenge_id"], "credential": phone.authenticator.get(log_in["options"])}
    check_problem(await alice.send("POST", STEP_UP, json=other), 400, "invalid_challenge")
    for part in ("challenge_id", "credential"):
        check_problem(await alice.send("POST", STEP_UP, json=body | {part: None}), 400, "missing_fields")
    answers = await asyncio.gather(*(stepped_up(alice, phone.authenticator) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    options = (await alice.send("POST", f"{STEP_UP}/options")).json()
    body = {"challenge_id": options["challenge_id"], "credential": phone.authenticator.get(options["options"])}
    answers = await asyncio.gather(*(alice.send("POST", STEP_UP, json=body) for _ in range(16)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 15}


async def test_a_clone_is_told_of_at_each_of_these(
    alice: Caller,
    phone: Device,
    http: httpx2.AsyncClient,
    ports: Ports,
    memory: MemoryPorts,
    check_problem: CheckProblem,
) -> None:
    await set_up_app(alice, memory)
    await phone.added(alice)
    clone = phone.authenticator.clone()
    assert (await stepped_up(alice, phone.authenticator)).status_code == 200
    check_problem(await stepped_up(alice, clone), 401, "invalid_passkey")
    assert (await stepped_up(alice, phone.authenticator)).status_code == 200
    check_problem(await http.post(SECOND, json=answered(await asked(http), clone)), 401, "invalid_passkey")
    await deliver_due_mails(ports=ports)
    kinds = Counter(mail.kind.value for mail in memory.mailer.notices)
    assert kinds["passkey_cloned"] == 2


async def test_where_they_are_off_a_passkey_is_no_answer(
    client_over: ClientOver,
    ports: Ports,
    memory: MemoryPorts,
    phone: Device,
    alice: Caller,
    check_problem: CheckProblem,
) -> None:
    await set_up_app(alice, memory)
    await phone.added(alice)
    body = answered(await asked(phone.http), phone.authenticator)
    off = client_over(ports)
    challenge = await asked(off)
    assert (challenge["factors"], "passkey" in challenge) == (["totp", "recovery_code"], False)
    check_problem(await off.post(SECOND, json=body), 404, "not_found")
    here = Caller(off, alice.id, alice.token)
    check_problem(await here.send("POST", f"{STEP_UP}/options"), 404, "not_found")
    check_problem(await here.send("POST", STEP_UP, json={"challenge_id": "x", "credential": {}}), 404, "not_found")


@pytest.mark.parametrize("odd", ["text", "", 7, True, [], [{}]])
async def test_a_credential_beside_a_code_has_to_be_one_all_the_same(
    http: httpx2.AsyncClient, memory: MemoryPorts, alice: Caller, check_problem: CheckProblem, odd: object
) -> None:
    codes = await set_up_app(alice, memory)
    body = {"challenge": (await asked(http))["challenge"], "code": codes[0]}
    answer = await http.post(SECOND, json=body | {"credential": odd})
    check_problem(answer, 400, "invalid_fields" if odd != "" else "missing_fields")
    assert [each["field"] for each in answer.json()["errors"]] == ["credential"]
    assert (await http.post(SECOND, json=body | {"credential": None})).status_code == 200


@pytest.mark.parametrize("odd", [7, True, [], {}, "\0"])
async def test_what_does_not_count_for_a_step_up_has_to_be_a_text_all_the_same(
    memory: MemoryPorts, alice: Caller, phone: Device, check_problem: CheckProblem, odd: object
) -> None:
    await phone.added(alice)
    codes = await set_up_app(alice, memory)
    options = (await alice.send("POST", f"{STEP_UP}/options")).json()
    used = {"challenge_id": options["challenge_id"], "credential": phone.authenticator.get(options["options"])}
    for right, others in (({"code": codes[0]}, ["current_password"]), (used, ["current_password", "code"])):
        answer = await alice.send("POST", STEP_UP, json=right | dict.fromkeys(others, odd))
        check_problem(answer, 400, "invalid_fields")
        assert [each["field"] for each in answer.json()["errors"]] == others
        answer = await alice.send("POST", STEP_UP, json=right | dict.fromkeys(others, ""))
        assert answer.status_code == 200, answer.text


async def test_all_that_asks_for_a_second_factor_is_described(
    http: httpx2.AsyncClient, memory: MemoryPorts, alice: Caller, phone: Device
) -> None:
    await set_up_app(alice, memory)
    schema = problem_schema(SecondFactorRequiredError)
    without_passkey = await asked(http)
    await phone.added(alice)
    for answer in (without_passkey, await asked(http)):
        Draft202012Validator({**schema, "additionalProperties": False}).validate(answer)
    assert answer.keys() == schema["properties"].keys()
