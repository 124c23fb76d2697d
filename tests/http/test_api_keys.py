"""API keys over HTTP, on every store: made once, sent as Bearer, and good for what their scopes name alone."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork
from leadnator_auth.domain import (
    Actor,
    EmailVerification,
    MailKind,
    NoticeMail,
    Policy,
    Ports,
    UserId,
    change_user,
    create_api_key_for,
    deliver_due_mails,
)
from leadnator_auth.domain.entities.api_key import ADMIN_SCOPES, MAX_API_KEYS
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import FORM
from tests.http.admins import Caller, Json, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.passkey_device import with_passkeys

KEYS = "/api/auth/api-keys"
ME = "/api/auth/me"
MEMBERS = ["id", "name", "scopes", "created_at", "expires_at", "last_used_at"]
SECRET = re.compile(r"lnk_[A-Za-z0-9_-]{43}")
ALL_SCOPES = sorted(ADMIN_SCOPES)
WITH_TOKEN = [each for each in OPERATIONS if each.needs_token]


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    """A user."""
    return await signed_up(http, "alice")


async def made(caller: Caller, **body: Json) -> dict[str, Any]:
    answer = await caller.send("POST", KEYS, json={"name": "CI", **body})
    assert (answer.status_code, answer.json().keys()) == (200, {"api_key", "secret"}), answer.text
    content: dict[str, Any] = answer.json()
    return content


async def with_key(caller: Caller, **body: Json) -> Caller:
    """Returns the same account, by a new key of its own."""
    return attrs.evolve(caller, token=(await made(caller, **body))["secret"])


async def keys_of(caller: Caller) -> list[dict[str, Any]]:
    answer = await caller.send("GET", KEYS)
    assert (answer.status_code, answer.json().keys()) == (200, {"api_keys"})
    found: list[dict[str, Any]] = answer.json()["api_keys"]
    return found


async def test_the_whole_life_of_a_key(
    alice: Caller, ports: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    told = await made(alice, name="  nightly report ", scopes=[], expires_at=None)
    key, secret = told["api_key"], told["secret"]
    assert list(key) == MEMBERS
    assert SECRET.fullmatch(secret)
    now = f"{memory.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert key == {
        "id": key["id"],
        "name": "nightly report",
        "scopes": [],
        "created_at": now,
        "expires_at": None,
        "last_used_at": None,
    }
    assert await keys_of(alice) == [key]
    program = attrs.evolve(alice, token=secret)
    expected = (await alice.send("GET", ME)).content
    memory.clock.advance(minutes=5)
    for method in ("GET", "HEAD"):
        answer = await program.send(method, ME)
        assert (answer.status_code, answer.content) == (200, expected if method == "GET" else b"")
    await _noted(ports)
    (listed,) = await keys_of(alice)
    assert listed == key | {"last_used_at": f"{memory.clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    assert (await alice.send("DELETE", f"{KEYS}/{key['id']}")).json() == {"ok": True}
    assert await keys_of(alice) == []
    check_problem(await program.send("GET", ME), 401, "invalid_token")
    check_problem(await alice.send("DELETE", f"{KEYS}/{key['id']}"), 404, "not_found")


async def _noted(ports: Ports) -> None:
    """Returns when the uses of keys that were to be noted are."""
    if isinstance(ports.unit_of_work, SqlUnitOfWork):
        connections: Connections = ports.unit_of_work.connections
        await connections.drained()


async def test_the_secret_is_in_no_list_no_store_and_no_log(alice: Caller, ports: Ports, logs: list[EventDict]) -> None:
    answer = await made(alice)
    secret = answer["secret"]
    await attrs.evolve(alice, token=secret).send("GET", ME)
    await attrs.evolve(alice, token=f"{secret}x").send("GET", ME)
    async with ports.unit_of_work.snapshot() as repositories:
        (kept,) = await repositories.api_keys.of_user(UserId(alice.id))
    assert secret not in str(attrs.asdict(kept))
    assert kept.digest not in repr(kept)
    shown = [(await alice.send("GET", path)).text for path in (KEYS, "/api/auth/account/export")]
    assert not [text for text in (*shown, str(logs)) if secret in text or kept.digest in text]


async def test_a_key_says_whose_it_is_and_nothing_else(alice: Caller, check_problem: CheckProblem) -> None:
    program = await with_key(alice)
    for method, path in (("GET", KEYS), ("POST", KEYS), ("DELETE", f"{KEYS}/k_1"), ("POST", "/api/auth/logout")):
        answer = await program.send(method, path)
        check_problem(answer, 403, "session_required")
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="leadnator", error="insufficient_scope", error_description="')
    assert len(await keys_of(alice)) == 1


@pytest.mark.parametrize("operation", WITH_TOKEN, ids=lambda operation: operation.name)
@pytest.mark.parametrize("role", ["admin", "user"])
async def test_every_call_refuses_every_key_unless_it_says_otherwise(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem, operation: Operation, role: str
) -> None:
    """By the table of all operations: one that is new refuses keys, or says that it takes them."""
    everything = client_over(with_passkeys(attrs.evolve(memory, policy=Policy())))
    caller = await an_admin(everything, memory)
    program = await with_key(caller, scopes=ALL_SCOPES)
    await an_admin(everything, memory, "other")
    await change_user(Actor.operator(), UserId(caller.id), {"role": role}, ports=memory)
    before = memory.unit_of_work.tables.copy()
    answer = await program.send(operation.method, _path(operation), **_body(operation))
    if operation.for_api_keys or (operation.scope is not None and role == "admin"):
        assert answer.status_code == 200, answer.text
    elif operation.refuses_by_401:
        check_problem(answer, 401, "invalid_token")
    elif operation.scope is not None:
        check_problem(answer, 403, "insufficient_scope")
    else:
        check_problem(answer, 403, "session_required")
    # That it was used, and where events are in the feed, are no changes of anybody's.
    after = memory.unit_of_work.tables
    assert attrs.evolve(after, api_keys={}, places={}) == attrs.evolve(before, api_keys={}, places={})


@pytest.mark.parametrize("operation", [each for each in WITH_TOKEN if each.scope], ids=lambda operation: operation.name)
async def test_what_takes_a_scope_refuses_sessions_and_keys_without_it(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem, operation: Operation
) -> None:
    caller = await an_admin(quick, memory)
    without = await with_key(caller, scopes=sorted(ADMIN_SCOPES - {str(operation.scope)}))
    for sender in (caller, without):
        answer = await sender.send(operation.method, _path(operation), **_body(operation))
        check_problem(answer, 403, "insufficient_scope")
        assert answer.headers["WWW-Authenticate"].endswith(f', scope="{operation.scope}"')
    for token, code in (("a.b.c", "invalid_token"), ("lnk_x", "invalid_token")):
        answer = await attrs.evolve(caller, token=token).send(operation.method, _path(operation), **_body(operation))
        check_problem(answer, 401, code)
    answer = await quick.request(operation.method, _path(operation), **_body(operation))
    check_problem(answer, 401, "missing_token")
    assert "error=" not in answer.headers["WWW-Authenticate"]


def _path(operation: Operation) -> str:
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter.name + "}", parameter.example)
    return path


def _body(operation: Operation) -> Mapping[str, Any]:
    if operation.example_body is None:
        return {}
    return {"data" if operation.body_type == FORM else "json": operation.example_body}


def test_the_calls_that_take_keys_are_few() -> None:
    assert {each.path for each in WITH_TOKEN if each.for_api_keys} == {ME}
    assert not [each.path for each in OPERATIONS if each.for_api_keys and (each.scope or not each.needs_token)]
    assert {"/api/auth/introspect"} <= {each.path for each in WITH_TOKEN if each.scope}


@pytest.mark.parametrize(
    ("body", "code", "errors"),
    [
        ({}, "missing_fields", {"name": "missing"}),
        ({"name": " \t"}, "missing_fields", {"name": "missing"}),
        ({"name": 5}, "invalid_fields", {"name": "wrong_type"}),
        ({"name": "x" * 101}, "invalid_fields", {"name": "too_long"}),
        ({"name": "a\nb"}, "invalid_fields", {"name": "invalid_characters"}),
        ({"name": "CI", "scopes": "introspect"}, "invalid_fields", {"scopes": "wrong_type"}),
        ({"name": "CI", "scopes": {"introspect": True}}, "invalid_fields", {"scopes": "wrong_type"}),
        ({"name": "CI", "scopes": ["*"]}, "invalid_fields", {"scopes": "unknown_value"}),
        ({"name": "CI", "scopes": ["introspect", "Revocations"]}, "invalid_fields", {"scopes": "unknown_value"}),
        ({"name": "CI", "scopes": [["introspect"]]}, "invalid_fields", {"scopes": "unknown_value"}),
        ({"name": "CI", "scopes": [None]}, "invalid_fields", {"scopes": "unknown_value"}),
        ({"name": "CI", "expires_at": ""}, "missing_fields", {"expires_at": "missing"}),
        ({"name": "CI", "expires_at": 4102444800}, "invalid_fields", {"expires_at": "wrong_type"}),
        ({"name": "CI", "expires_at": "2099-01-01"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "2099-01-01T00:00:00"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "2099-02-30T00:00:00Z"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "9999-12-31T23:59:59-01:00"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "2099-W01-1T00:00:00Z"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "٢٠٩٩-01-01T00:00:00Z"}, "invalid_fields", {"expires_at": "invalid_time"}),
        ({"name": "CI", "expires_at": "2001-01-01T00:00:00Z"}, "invalid_fields", {"expires_at": "not_in_future"}),
        (
            {"scopes": [5], "expires_at": "soon"},
            "missing_fields",
            {"name": "missing", "scopes": "unknown_value", "expires_at": "invalid_time"},
        ),
    ],
)
async def test_bad_fields_are_told_all_at_once_and_nothing_is_made(
    quick: httpx2.AsyncClient, check_problem: CheckProblem, body: Json, code: str, errors: dict[str, str]
) -> None:
    alice = await signed_up(quick, "alice")
    answer = await alice.send("POST", KEYS, json=body)
    check_problem(answer, 400, code)
    assert {error["field"]: error["code"] for error in answer.json()["errors"]} == errors
    assert await keys_of(alice) == []


async def test_it_expires_when_it_says(alice: Caller, memory: MemoryPorts, check_problem: CheckProblem) -> None:
    expiry = memory.clock.now().replace(microsecond=0)
    assert expiry.hour < 21
    texts = (f"{expiry:%Y-%m-%dT}{expiry.hour + 2:02}:{expiry:%M:%S}.987654321+01:00", "2999-01-01t00:00:00z")
    soon, later = [await with_key(alice, expires_at=text) for text in texts]
    assert [key["expires_at"] for key in await keys_of(alice)][::-1] == [
        f"{expiry:%Y-%m-%dT}{expiry.hour + 1:02}:{expiry:%M:%S}Z",
        "2999-01-01T00:00:00Z",
    ]
    memory.clock.advance(seconds=3599)
    assert (await soon.send("GET", ME)).status_code == 200
    memory.clock.advance(seconds=1)
    answer = await soon.send("GET", ME)
    check_problem(answer, 401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert (await later.send("GET", ME)).status_code == 200
    assert len(await keys_of(alice)) == 2, "an expired one is shown until it is revoked"


@pytest.mark.parametrize(
    "credential",
    [
        "lnk_",
        "lnk_" + "A" * 43,
        "lnk_" + "A" * 42,
        "lnk_" + "A" * 10000,
        "lnk_\x80",
        "LNK_" + "A" * 43,
        "lnk_eyJhbGciOiJIUzI1NiJ9.e30.x",
    ],
)
async def test_what_is_no_key_is_refused(
    http: httpx2.AsyncClient, check_problem: CheckProblem, credential: str
) -> None:
    headers = {b"Authorization": b"Bearer " + credential.encode("latin-1")}
    check_problem(await http.get(ME, headers=headers), 401, "invalid_token")


async def test_a_key_in_a_url_is_refused_however_good_it_is(
    alice: Caller, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    secret = (await made(alice))["secret"]
    for method in ("GET", "HEAD"):
        answer = await http.request(method, ME, params={"token": secret})
        assert answer.status_code == 401
    check_problem(await http.get(ME, params={"token": secret}), 401, "invalid_token")
    check_problem(await alice.send("GET", ME, params={"token": secret}), 400, "invalid_request")
    for scheme in ("bearer", "BEARER"):
        answer = await http.get(ME, headers={"Authorization": f"{scheme} {secret}"})
        assert answer.status_code == 200, "its scheme is in any letter case, as for every token"


async def test_it_takes_a_recent_proof_to_make_one_and_none_to_revoke_one(
    alice: Caller, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    key = (await made(alice))["api_key"]
    memory.clock.advance(minutes=10)
    check_problem(await alice.send("POST", KEYS, json={"name": "CI"}), 401, "step_up_required")
    await alice.send("POST", "/api/auth/step-up", json={"current_password": "secret"})
    await made(alice)
    memory.clock.advance(minutes=10)
    assert (await alice.send("DELETE", f"{KEYS}/{key['id']}")).status_code == 200
    assert len(await keys_of(alice)) == 1


async def test_nobody_sees_revokes_or_makes_a_key_of_another(
    http: httpx2.AsyncClient, alice: Caller, check_problem: CheckProblem
) -> None:
    bob = await signed_up(http, "bob")
    answer = await made(
        alice, user_id=bob.id, userId=bob.id, user={"id": bob.id}, id="k_mine", digest="d", role="admin"
    )
    assert answer["api_key"]["id"] != "k_mine"
    assert await keys_of(bob) == []
    (key,) = await keys_of(alice)
    for path in (key["id"], "k_nowhere", "%00", "k_%ff", "x" * 3000):
        check_problem(await bob.send("DELETE", f"{KEYS}/{path}"), 404, "not_found")
    assert await keys_of(alice) == [key]
    told = (await attrs.evolve(alice, token=answer["secret"]).send("GET", ME)).json()["user"]
    assert (told["id"], told["role"]) == (alice.id, "user")


@pytest.mark.parametrize("scopes", [["introspect"], ["revocations"], ["revocations", "introspect", "introspect"]])
async def test_some_scopes_are_for_the_keys_of_admins_alone(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports, check_problem: CheckProblem, scopes: list[str]
) -> None:
    check_problem(await alice.send("POST", KEYS, json={"name": "CI", "scopes": scopes}), 403, "forbidden")
    assert await keys_of(alice) == []
    root = await an_admin(http, ports)
    assert (await made(root, scopes=scopes))["api_key"]["scopes"] == sorted(set(scopes))


async def test_a_key_of_a_demoted_admin_loses_its_power_at_once(
    http: httpx2.AsyncClient, ports: Ports, check_problem: CheckProblem
) -> None:
    root = await an_admin(http, ports)
    await an_admin(http, ports, "other")
    program = await with_key(root, scopes=["introspect"])

    async def introspected() -> httpx2.Response:
        return await program.send("POST", "/api/auth/introspect", data={"token": program.token})

    assert (await introspected()).json()["scope"] == "introspect"
    await change_user(Actor.operator(), UserId(root.id), {"role": "user"}, ports=ports)
    check_problem(await introspected(), 403, "insufficient_scope")
    assert (await program.send("GET", ME)).json()["user"]["role"] == "user"
    await change_user(Actor.operator(), UserId(root.id), {"role": "admin"}, ports=ports)
    assert (await introspected()).status_code == 200


async def test_suspension_and_deletion_bind_keys_at_once_and_a_log_out_does_not(
    alice: Caller, ports: Ports, check_problem: CheckProblem
) -> None:
    program = await with_key(alice)
    await alice.send("POST", "/api/auth/logout?scope=global")
    assert (await program.send("GET", ME)).status_code == 200
    await change_user(Actor.operator(), UserId(alice.id), {"status": "suspended"}, ports=ports)
    check_problem(await program.send("GET", ME), 401, "invalid_token")
    await change_user(Actor.operator(), UserId(alice.id), {"status": "active"}, ports=ports)
    assert (await program.send("GET", ME)).status_code == 200
    answer = await alice.http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    await attrs.evolve(alice, token=answer.json()["token"]).send("DELETE", "/api/auth/account")
    check_problem(await program.send("GET", ME), 401, "invalid_token")


async def test_a_change_of_password_leaves_keys_and_a_reset_revokes_what_came_lately(
    alice: Caller, ports: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    await change_user(Actor.operator(), UserId(alice.id), {"email_verified": True}, ports=ports)
    old = await with_key(alice, name="old")
    memory.clock.advance(days=6, hours=23)
    answer = await alice.http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    alice = attrs.evolve(alice, token=answer.json()["token"])
    new = await with_key(alice, name="new")
    body = {"current_password": "secret", "password": "new-secret"}
    assert (await alice.send("POST", "/api/auth/change-password", json=body)).status_code == 200
    assert [(await each.send("GET", ME)).status_code for each in (old, new)] == [200, 200]
    memory.clock.advance(hours=2)
    await alice.http.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    await deliver_due_mails(ports=ports)
    link = {"token": memory.mailer.reset_links[-1].secret, "password": "third-secret"}
    assert (await alice.http.post("/api/auth/reset-password", json=link)).status_code == 200
    assert (await old.send("GET", ME)).status_code == 200
    check_problem(await new.send("GET", ME), 401, "invalid_token")


async def test_where_verification_is_required_a_key_waits_for_it_too(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    strict = attrs.evolve(memory, policy=Policy(email_verification=EmailVerification.REQUIRED))
    client = client_over(strict)
    alice = await signed_up(client, "alice")
    check_problem(await alice.send("POST", KEYS, json={"name": "CI"}), 403, "email_not_verified")
    secret = (await create_api_key_for(UserId(alice.id), "CI", ports=strict)).secret
    program = attrs.evolve(alice, token=secret)
    check_problem(await program.send("GET", ME), 403, "email_not_verified")
    check_problem(await program.send("GET", "/api/auth/account"), 403, "session_required")
    await change_user(Actor.operator(), UserId(alice.id), {"email_verified": True}, ports=strict)
    assert (await program.send("GET", ME)).status_code == 200


async def test_an_account_has_at_most_fifty_however_they_are_asked_for(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports
) -> None:
    for number in range(MAX_API_KEYS - 2):
        await create_api_key_for(UserId(alice.id), str(number), ports=ports)
    answers = await asyncio.gather(*(alice.send("POST", KEYS, json={"name": "CI"}) for _ in range(6)))
    codes = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
    assert codes == [(200, "")] * 2 + [(409, "too_many_api_keys")] * 4
    keys = await keys_of(alice)
    assert len(keys) == MAX_API_KEYS
    assert (await alice.send("DELETE", f"{KEYS}/{keys[0]['id']}")).status_code == 200
    assert (await alice.send("POST", KEYS, json={"name": "CI"})).status_code == 200
    await made(await signed_up(http, "bob"))


async def test_the_owner_is_told_by_mail_and_administrators_by_events(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports, memory: MemoryPorts
) -> None:
    key = (await made(alice))["api_key"]
    await alice.send("DELETE", f"{KEYS}/{key['id']}")
    await deliver_due_mails(ports=ports)
    (mail,) = memory.mailer.mails
    assert isinstance(mail, NoticeMail)
    assert (mail.kind, mail.to.canonical) == (MailKind.API_KEY_CREATED, "alice@example.com")
    assert mail.client.ip == "192.0.2.1"
    root = await an_admin(http, ports)
    for event_type in ("api_key.created", "api_key.revoked"):
        (event,) = (await root.get("events", type=event_type)).json()["events"]
        assert (event["user_id"], event["actor"]) == (alice.id, alice.id)
        assert event["data"] == {"api_key_id": key["id"], "scopes": ""}


async def test_refusals_are_in_the_log(quick: httpx2.AsyncClient, logs: list[EventDict]) -> None:
    alice = await signed_up(quick, "alice")
    program = await with_key(alice)
    await program.send("DELETE", "/api/auth/account")
    await program.send("POST", "/api/auth/introspect")
    refused = [each for each in logs if each["event"] in ("api_key_refused", "scope_missing")]
    assert [(each["event"], each["user"], each.get("scope")) for each in refused] == [
        ("api_key_refused", alice.id, None),
        ("scope_missing", alice.id, "introspect"),
    ]
