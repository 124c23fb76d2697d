"""Passkeys over HTTP, over every store: the life of one, and what is refused."""

import asyncio
from collections import Counter

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, EmailVerification, Ports, UserId, change_user, deliver_due_mails
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS
from leadnator_auth.testing import VirtualAuthenticator
from leadnator_auth.testing.virtual_authenticator import decoded
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.passkey_device import RP_ID, Device, with_passkeys

PATH = "/api/auth/passkeys"
STARTED = "2026-01-01T00:00:00Z"
LOG_IN = "/api/auth/login/passkey"


@pytest.fixture
def world(ports: Ports) -> Ports:
    """A world over each store, in which passkeys are on."""
    return with_passkeys(ports)


@pytest.fixture
def http(client_over: ClientOver, world: Ports) -> httpx2.AsyncClient:
    return client_over(world)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


@pytest.fixture
def phone(http: httpx2.AsyncClient) -> Device:
    return Device(http, VirtualAuthenticator(transports=("internal", "hybrid")))


async def passkeys_of(caller: Caller) -> list[dict[str, object]]:
    answer = await caller.send("GET", PATH)
    assert answer.json().keys() == {"passkeys"}
    passkeys: list[dict[str, object]] = answer.json()["passkeys"]
    return passkeys


async def without_password(user_id: str, ports: Ports, memory: MemoryPorts) -> None:
    async with ports.unit_of_work() as transaction:
        await transaction.users.by_id(UserId(user_id))
        kept = await transaction.credentials.of(UserId(user_id))
        assert kept is not None
        await transaction.credentials.replace(kept, kept.without_password(memory.clock.now()))
        await transaction.commit()


async def test_one_is_added_named_used_and_removed(
    alice: Caller, phone: Device, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    answer = await alice.send("POST", f"{PATH}/registration/options")
    asked = answer.json()
    assert asked.keys() == {"challenge_id", "options", "expires_at"}
    assert asked["expires_at"] == "2026-01-01T00:05:00Z"
    assert asked["options"]["rp"]["id"] == RP_ID
    assert asked["options"]["authenticatorSelection"]["userVerification"] == "required"
    assert decoded(asked["options"]["user"]["id"]).decode() == alice.id
    credential = phone.authenticator.create(asked["options"])
    body = {"challenge_id": asked["challenge_id"], "credential": credential, "name": "  My phone "}
    answer = await alice.send("POST", PATH, json=body)
    passkey = answer.json()["passkey"]
    assert passkey.pop("id").startswith("p_")
    assert passkey == {
        "name": "My phone",
        "created_at": STARTED,
        "last_used_at": None,
        "backed_up": False,
        "transports": ["hybrid", "internal"],
    }
    memory.clock.advance(minutes=1)
    phone.authenticator.backup_eligible = phone.authenticator.backed_up = True
    answer = await phone.log_in()
    by_password = await phone.http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    assert (answer.status_code, answer.json()["user"]) == (200, by_password.json()["user"])
    assert answer.json().keys() == {"token", "user"}
    again = Caller(phone.http, alice.id, answer.json()["token"])
    assert (await again.send("GET", "/api/auth/me")).json()["user"]["id"] == alice.id
    (listed,) = await passkeys_of(again)
    assert listed == {**listed, "last_used_at": "2026-01-01T00:01:00Z", "backed_up": True}
    answer = await again.send("PATCH", f"{PATH}/{listed['id']}", json={"name": "Old phone"})
    assert answer.json() == {"passkey": listed | {"name": "Old phone"}}
    assert (await again.send("PATCH", f"{PATH}/{listed['id']}", json={})).json() == answer.json()
    assert (await again.send("DELETE", f"{PATH}/{listed['id']}")).json() == {"ok": True}
    assert await passkeys_of(again) == []
    check_problem(await phone.log_in(), 401, "invalid_passkey")
    check_problem(await again.send("DELETE", f"{PATH}/{listed['id']}"), 404, "not_found")


async def test_a_session_of_a_passkey_says_so_and_counts_as_a_proof(
    alice: Caller, phone: Device, memory: MemoryPorts
) -> None:
    await phone.added(alice)
    memory.clock.advance(hours=1)
    by_passkey = await phone.logged_in()
    export = (await by_passkey.send("GET", "/api/auth/account/export")).json()
    assert [each["amr"] for each in export["sessions"]] == [["pop", "user", "mfa"], ["pwd"]]
    assert [each["name"] for each in export["passkeys"]] == ["Passkey"]


async def test_what_adds_or_removes_one_takes_a_recent_proof(
    alice: Caller, phone: Device, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    passkey_id = await phone.added(alice)
    made = await Device(phone.http).made(alice)
    memory.clock.advance(minutes=10)
    check_problem(await alice.send("POST", f"{PATH}/registration/options"), 401, "step_up_required")
    check_problem(await alice.send("POST", PATH, json=made), 401, "step_up_required")
    check_problem(await alice.send("DELETE", f"{PATH}/{passkey_id}"), 401, "step_up_required")
    assert len(await passkeys_of(alice)) == 1
    assert (await alice.send("PATCH", f"{PATH}/{passkey_id}", json={"name": "x"})).status_code == 200


async def test_each_is_an_event_and_a_mail(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, world: Ports, memory: MemoryPorts, logs: list[EventDict]
) -> None:
    root = await an_admin(http, world)
    passkey_id = await phone.added(alice)
    clone = Device(http, phone.authenticator.clone())
    await phone.logged_in()
    refused = await clone.log_in()
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_passkey")
    await alice.send("DELETE", f"{PATH}/{passkey_id}")
    events = (await root.get("events", user_id=alice.id)).json()["events"]
    told = [event for event in events if event["type"].startswith("passkey.")]
    assert {event["type"] for event in told} == {"passkey.added", "passkey.cloned", "passkey.removed"}
    assert all((event["actor"], event["data"]) == (alice.id, {"passkey_id": passkey_id}) for event in told)
    await deliver_due_mails(ports=world)
    kinds = [mail.kind.value for mail in memory.mailer.notices if mail.to.canonical == "alice@example.com"]
    assert sorted(kinds) == ["passkey_added", "passkey_cloned", "passkey_removed"]
    (entry,) = [entry for entry in logs if entry["event"] == "cloned_passkey_refused"]
    assert (entry["user"], entry["passkey"]) == (alice.id, passkey_id)


async def test_a_challenge_takes_one_answer_right_or_wrong(
    alice: Caller, phone: Device, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    made = await phone.made(alice)
    assert (await alice.send("POST", PATH, json=made)).status_code == 200
    check_problem(await alice.send("POST", PATH, json=made), 400, "invalid_challenge")
    used = await phone.used()
    check_problem(await phone.http.post(LOG_IN, json=used | {"credential": {"id": "x"}}), 401, "invalid_passkey")
    check_problem(await phone.http.post(LOG_IN, json=used), 400, "invalid_challenge")
    used = await phone.used()
    memory.clock.advance(minutes=5)
    check_problem(await phone.http.post(LOG_IN, json=used), 400, "invalid_challenge")


async def test_of_sixteen_answers_to_one_challenge_at_once_one_gets_in(
    alice: Caller, phone: Device, http: httpx2.AsyncClient
) -> None:
    phone.authenticator.counts = False  # so that nothing but the challenge holds
    made = await phone.made(alice)
    answers = await asyncio.gather(*(alice.send("POST", PATH, json=made) for _ in range(16)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 15}
    used = await phone.used()
    answers = await asyncio.gather(*(http.post(LOG_IN, json=used) for _ in range(16)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 15}
    sessions = (await alice.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert len(sessions) == 2


async def test_of_sixteen_uses_of_one_counter_at_once_one_gets_in(
    alice: Caller, phone: Device, http: httpx2.AsyncClient
) -> None:
    await phone.added(alice)
    uses = []
    for _ in range(16):
        asked = (await http.post(f"{LOG_IN}/options")).json()
        copy = phone.authenticator.clone()
        uses.append({"challenge_id": asked["challenge_id"], "credential": copy.get(asked["options"])})
    answers = await asyncio.gather(*(http.post(LOG_IN, json=used) for used in uses))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 15}


async def test_a_challenge_is_for_one_purpose_and_one_account(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    bob = await signed_up(http, "bob")
    made = await phone.made(alice)
    check_problem(await bob.send("POST", PATH, json=made), 400, "invalid_challenge")
    for challenge_id in ("", "register_", "passkey_" + "A" * 43, "register_" + "A" * 43, "nonsense", "\u0130" * 99):
        answer = await alice.send("POST", PATH, json=made | {"challenge_id": challenge_id})
        check_problem(answer, 400, "invalid_challenge" if challenge_id else "missing_fields")
    await phone.added(alice)
    used, asked = await phone.used(), (await alice.send("POST", f"{PATH}/registration/options")).json()
    check_problem(
        await http.post(LOG_IN, json=used | {"challenge_id": asked["challenge_id"]}), 400, "invalid_challenge"
    )
    other = await phone.used()
    swapped = used | {"challenge_id": other["challenge_id"]}
    check_problem(await http.post(LOG_IN, json=swapped), 401, "invalid_passkey")


async def test_a_new_password_voids_what_was_begun(alice: Caller, phone: Device, check_problem: CheckProblem) -> None:
    made = await phone.made(alice)
    passwords = {"current_password": "secret", "password": "new-secret"}
    assert (await alice.send("POST", "/api/auth/change-password", json=passwords)).status_code == 200
    check_problem(await alice.send("POST", PATH, json=made), 400, "invalid_challenge")


async def test_a_passkey_is_of_one_account(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    bob = await signed_up(http, "bob")
    made = await phone.made(alice)
    credential = made["credential"]
    alices = (await alice.send("POST", PATH, json=made)).json()["passkey"]["id"]
    # No attestation is asked for, so that nothing signs it: anybody can say that the key of another is theirs.
    asked = (await bob.send("POST", f"{PATH}/registration/options")).json()
    copied = VirtualAuthenticator().create(asked["options"])
    copied |= {"id": credential["id"], "rawId": credential["id"]}
    copied["response"]["attestationObject"] = credential["response"]["attestationObject"]
    body = {"challenge_id": asked["challenge_id"], "credential": copied}
    check_problem(await bob.send("POST", PATH, json=body), 409, "passkey_exists")
    for call in (("PATCH", {"name": "mine"}), ("DELETE", None)):
        check_problem(await bob.send(call[0], f"{PATH}/{alices}", json=call[1]), 404, "not_found")
    for strange in ("p_nothing", "%00", "%ED%A0%80", "p_" + "x" * 5000):
        answer_to = await bob.send("PATCH", f"{PATH}/{strange}", json={"name": "x"})
        check_problem(answer_to, 404, "not_found")
    assert await passkeys_of(bob) == []
    # Her authenticator claims that the passkey is Bob's.
    phone.authenticator.credentials[0].user = asked["options"]["user"]
    check_problem(await phone.log_in(), 401, "invalid_passkey")


async def test_an_account_has_at_most_twenty(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    http = client_over(with_passkeys(memory))
    alice = await signed_up(http, "alice")
    late = await Device(http).made(alice)
    for _ in range(MAX_PASSKEYS):
        await Device(http).added(alice)
    check_problem(await alice.send("POST", f"{PATH}/registration/options"), 409, "too_many_passkeys")
    check_problem(await alice.send("POST", PATH, json=late), 409, "too_many_passkeys")


async def test_the_last_way_in_stays(
    alice: Caller, phone: Device, world: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    first, second = await phone.added(alice), await Device(phone.http).added(alice)
    await without_password(alice.id, world, memory)
    assert (await alice.send("DELETE", f"{PATH}/{second}")).status_code == 200
    check_problem(await alice.send("DELETE", f"{PATH}/{first}"), 409, "last_credential")
    assert (await phone.log_in()).status_code == 200


async def test_of_two_last_ways_in_removed_at_once_one_stays(
    alice: Caller, phone: Device, world: Ports, memory: MemoryPorts
) -> None:
    ids = [await phone.added(alice), await Device(phone.http).added(alice)]
    await without_password(alice.id, world, memory)
    answers = await asyncio.gather(*(alice.send("DELETE", f"{PATH}/{each}") for each in ids))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    assert len(await passkeys_of(alice)) == 1


async def test_fields_are_checked_before_the_challenge_is_spent(
    alice: Caller, phone: Device, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    made = await phone.made(alice)
    wrong = [({}, "missing_fields"), (made | {"credential": []}, "invalid_fields")]
    wrong += [(made | {"credential": "x"}, "invalid_fields"), (made | {"credential": None}, "missing_fields")]
    wrong += [(made | {"name": "x" * 201}, "invalid_fields"), (made | {"name": "a\nb"}, "invalid_fields")]
    wrong += [(made | {"challenge_id": 5}, "invalid_fields"), (made | {"name": 5}, "invalid_fields")]
    for body, code in wrong:
        check_problem(await alice.send("POST", PATH, json=body), 400, code)
    passkey_id = (await alice.send("POST", PATH, json=made | {"name": ""})).json()["passkey"]["id"]
    for body, code in (
        ({"name": None}, "missing_fields"),
        ({"name": " "}, "missing_fields"),
        ({"x": 1}, "invalid_fields"),
    ):
        check_problem(await alice.send("PATCH", f"{PATH}/{passkey_id}", json=body), 400, code)
    used = await phone.used()
    for part in ("challenge_id", "credential"):
        check_problem(await http.post(LOG_IN, json=used | {part: None}), 400, "missing_fields")
    assert (await http.post(LOG_IN, json=used)).status_code == 200


async def test_who_is_suspended_or_unverified_does_not_get_in(
    client_over: ClientOver, alice: Caller, phone: Device, world: Ports, check_problem: CheckProblem
) -> None:
    await phone.added(alice)
    strict = client_over(
        attrs.evolve(world, policy=attrs.evolve(world.policy, email_verification=EmailVerification.REQUIRED))
    )
    used = await phone.used()
    check_problem(await strict.post(LOG_IN, json=used), 403, "email_not_verified")
    await change_user(Actor.operator(), UserId(alice.id), {"status": "suspended"}, ports=world)
    check_problem(await phone.log_in(), 403, "account_suspended")
    await change_user(Actor.operator(), UserId(alice.id), {"status": "active"}, ports=world)
    assert (await phone.log_in()).status_code == 200


async def test_where_they_are_off_nothing_is_there(
    client_over: ClientOver, ports: Ports, check_problem: CheckProblem
) -> None:
    http = client_over(ports)
    alice = await signed_up(http, "alice")
    calls = [("POST", PATH), ("GET", PATH), ("PATCH", f"{PATH}/p_1"), ("DELETE", f"{PATH}/p_1")]
    calls += [("POST", f"{PATH}/registration/options"), ("POST", LOG_IN), ("POST", f"{LOG_IN}/options")]
    for method, path in (*calls, ("GET", "/.well-known/webauthn")):
        for caller in (alice, Caller(http, "", "nonsense")):
            check_problem(await caller.send(method, path), 404, "not_found")
            check_problem(await caller.send(method, path, content=b"nonsense"), 404, "not_found")


async def test_pages_of_other_origins_are_named_where_there_are_any(
    client_over: ClientOver, world: Ports, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    answer = await http.get("/.well-known/webauthn")
    assert (answer.json(), answer.headers["Content-Type"]) == (
        {"origins": ["https://app.example.org"]},
        "application/json",
    )
    own = type(world.passkeys)("auth.test", "Example", ["https://auth.test", "android:apk-key-hash:" + "A" * 43])  # type: ignore[misc, call-arg]
    alone = client_over(attrs.evolve(world, passkeys=own))
    check_problem(await alone.get("/.well-known/webauthn"), 404, "not_found")
