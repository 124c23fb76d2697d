"""Step-up, and one's own account, over HTTP and on every store."""

import asyncio
import json
import re
from itertools import chain
from typing import Any

import attrs
import httpx2
import pyotp
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql.schema import TABLES
from leadnator_auth.adapters.sql.users import IDENTIFIED_USERS
from leadnator_auth.domain import (
    Actor,
    Client,
    Ports,
    SecretMail,
    UserId,
    change_user,
    confirm_totp,
    create_api_key,
    deliver_due_mails,
    export_account,
    identify,
    list_mails,
    set_up_totp,
    step_up,
)
from leadnator_auth.domain.entities.mail import forgotten
from leadnator_auth.domain.values.json_object import UNREAD
from leadnator_auth.testing.contract.passkeys import a_passkey
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem

ACCOUNT = "/api/auth/account"
EXPORT = f"{ACCOUNT}/export"
STEP_UP = "/api/auth/step-up"
CHALLENGE = (
    'Bearer realm="leadnator", error="insufficient_user_authentication", '
    'error_description="A more recent authentication is required", max_age="600"'
)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    """A user."""
    return await signed_up(http, "alice")


async def account_of(caller: Caller) -> dict[str, Any]:
    answer = await caller.send("GET", ACCOUNT)
    assert (answer.status_code, answer.json().keys()) == (200, {"account"})
    return dict(answer.json()["account"])


async def patched(caller: Caller, body: str | dict[str, Any]) -> httpx2.Response:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {caller.token}"}
    return await caller.http.request("PATCH", ACCOUNT, content=content.encode(), headers=headers)


async def test_an_account_is_shown_whole(alice: Caller) -> None:
    account = await account_of(alice)
    assert list(account) == [
        "id",
        "name",
        "email",
        "email_verified",
        "pending_email",
        "role",
        "plan",
        "status",
        "created_at",
        "user_metadata",
        "app_metadata",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", account.pop("created_at"))
    assert account == {
        "id": alice.id,
        "name": "alice",
        "email": "alice@example.com",
        "email_verified": False,
        "pending_email": None,
        "role": "user",
        "plan": "Starter",
        "status": "active",
        "user_metadata": {},
        "app_metadata": {},
    }


async def test_name_and_metadata_are_patched_and_the_contracts_answers_stay(alice: Caller, ports: Ports) -> None:
    before = await alice.send("GET", "/api/auth/me")
    metadata = {"theme": "dark ☕", "nested": [1, 1.5, None, True, {"ü": "\n"}]}
    answer = await patched(alice, {"user_metadata": metadata})
    assert (answer.status_code, answer.json()) == (200, {"account": await account_of(alice)})
    assert (await account_of(alice))["user_metadata"] == metadata
    assert (await alice.send("GET", "/api/auth/me")).content == before.content
    logged_in = await alice.http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    assert logged_in.json()["user"] == {"id": alice.id, "name": "alice", "role": "user"}
    assert (await patched(alice, {"name": "Alicia"})).json()["account"]["user_metadata"] == metadata
    assert (await patched(alice, {})).json()["account"]["name"] == "Alicia"
    root = await an_admin(alice.http, ports)
    await root.patch(alice.id, {"app_metadata": {"customer": 4711}})
    shown = (await root.get(f"users/{alice.id}")).json()["user"]
    assert shown == await account_of(alice)
    assert (shown["user_metadata"], shown["app_metadata"]) == (metadata, {"customer": 4711})


async def test_what_every_request_looks_up_reads_no_metadata(alice: Caller, ports: Ports) -> None:
    await patched(alice, {"user_metadata": {"theme": "dark"}})
    found = await identify(alice.token, ports=ports)
    assert found.user.user_metadata is UNREAD
    assert found.user.app_metadata is UNREAD
    assert "metadata" not in IDENTIFIED_USERS.columns


HOSTILE = {
    '{"user_metadata": {"a": 1, "a": 2}}': "invalid_json",
    '{"user_metadata": {"a": {"b": 1, "\\u0062": 2}}}': "invalid_json",
    '{"user_metadata": {}, "user_metadata": {}}': "invalid_json",
    '{"user_metadata": {"a": NaN}}': "invalid_json",
    '{"user_metadata": {"a": -Infinity}}': "invalid_json",
    '{"user_metadata": {"a": 1e999}}': "invalid_json",
    '{"user_metadata": {"a": ' + "9" * 5000 + "}}": "invalid_json",
    '{"user_metadata": ' + '{"a":' * 40 + "1" + "}" * 41: "invalid_json",
    '{"user_metadata": ' + '{"a":' * 9000 + "1" + "}" * 9001: "invalid_json",
    '{"\\ud800": 1}': "invalid_json",
    '{"a\\u0000": {}}': "invalid_json",
    '{"user_metadata": {"\\ud800": 1}}': "invalid_fields",
    '{"user_metadata": {"a": [{"x\\udc00x": 1}]}}': "invalid_fields",
    '{"user_metadata": {"a\\u0000": 1}}': "invalid_fields",
    '{"name": {"\\ud800": 1}}': "invalid_fields",
    '{"user_metadata": {"a": "\\ud800"}}': "invalid_fields",
    '{"user_metadata": {"a": ["\\udfff"]}}': "invalid_fields",
    '{"user_metadata": {"a": "\\u0000"}}': "invalid_fields",
    '{"user_metadata": {"a": 9007199254740992}}': "invalid_fields",
    '{"user_metadata": {"a": -' + "9" * 4000 + "}}": "invalid_fields",
    '{"user_metadata": ' + '{"a":' * 20 + "{}" + "}" * 21: "invalid_fields",
    '{"user_metadata": {"a": ' + "[" * 20 + "]" * 20 + "}}": "invalid_fields",
    '{"user_metadata": {"a": "' + "x" * 8185 + '"}}': "invalid_fields",
    '{"user_metadata": {"a": "' + "\\u00e9" * 4093 + '"}}': "invalid_fields",
    '{"user_metadata": {"a": [' + "1," * 5000 + "1]}}": "invalid_fields",
    '{"user_metadata": []}': "invalid_fields",
    '{"user_metadata": "{}"}': "invalid_fields",
    '{"user_metadata": 1}': "invalid_fields",
    '{"user_metadata": false}': "invalid_fields",
    '{"user_metadata": null}': "missing_fields",
    '{"name": ""}': "missing_fields",
    '{"app_metadata": {}}': "invalid_fields",
    '{"email": "a@b.co"}': "invalid_fields",
    '{"role": "admin", "name": "Alicia"}': "invalid_fields",
    '{"user_metadata": {"a": "' + "x" * 70_000 + '"}}': "payload_too_large",
}


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:50])
async def test_hostile_json_changes_nothing(quick: httpx2.AsyncClient, check_problem: CheckProblem, body: str) -> None:
    caller = await signed_up(quick, "alice")
    before = await account_of(caller)
    answer = await patched(caller, body)
    check_problem(answer, 413 if HOSTILE[body] == "payload_too_large" else 400, HOSTILE[body])
    assert await account_of(caller) == before


@pytest.mark.parametrize(
    "body",
    [
        '{"user_metadata": {"a": "' + "x" * 8184 + '"}}',
        '{"user_metadata": {"a": "' + "\\u00e9" * 4092 + '"}}',
        '{"user_metadata":   {  "a"  :  [' + " " * 20_000 + "1 ] } }",
        '{"user_metadata": ' + '{"a":' * 19 + "{}" + "}" * 20,
        '{"user_metadata": {"a": 9007199254740991, "b": 1e308, "c": -0.0, "__proto__": {}, "": "\\u2028\\u0007"}}',
    ],
    ids=lambda body: body[:50],
)
async def test_metadata_up_to_its_bounds_comes_back_on_every_store(alice: Caller, body: str) -> None:
    answer = await patched(alice, body)
    assert answer.status_code == 200, answer.text
    assert (await account_of(alice))["user_metadata"] == json.loads(body)["user_metadata"]


async def test_a_log_in_counts_and_then_a_step_up_does(
    alice: Caller, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    assert (await alice.send("GET", EXPORT)).status_code == 200
    memory.clock.advance(seconds=600)
    for method, path in (("GET", EXPORT), ("HEAD", EXPORT), ("DELETE", ACCOUNT)):
        answer = await alice.send(method, path)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)
        if method != "HEAD":
            check_problem(answer, 401, "step_up_required")
    stepped_up = await alice.send("POST", STEP_UP, json={"current_password": "secret"})
    assert (stepped_up.status_code, stepped_up.json().keys()) == (200, {"ok", "expires_at"})
    instant = memory.clock.now().isoformat(timespec="seconds").removesuffix("+00:00")
    memory.clock.advance(seconds=599)
    assert stepped_up.json() == {"ok": True, "expires_at": _ten_minutes_after(instant)}
    assert (await alice.send("GET", EXPORT)).status_code == 200
    memory.clock.advance(seconds=1)
    assert (await alice.send("DELETE", ACCOUNT)).status_code == 401
    listed = (await alice.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert {"id", "created_at", "expires_at", "ip", "user_agent", "is_current"} == set().union(*listed)


def _ten_minutes_after(text: str) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(text) + timedelta(minutes=10)).isoformat() + "Z"


async def test_guesses_at_the_password_are_refused_and_then_throttled(
    alice: Caller, check_problem: CheckProblem
) -> None:
    for _ in range(10):
        answer = await alice.send("POST", STEP_UP, json={"current_password": "wrong"})
        check_problem(answer, 401, "invalid_credentials")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="leadnator"'
    throttled = await alice.send("POST", STEP_UP, json={"current_password": "secret"})
    check_problem(throttled, 429, "too_many_requests")
    assert int(throttled.headers["Retry-After"]) >= 1
    for body, code in (({}, "missing_fields"), ({"current_password": 5}, "invalid_fields")):
        check_problem(await alice.send("POST", STEP_UP, json=body), 400, code)


async def test_a_deletion_frees_the_address_and_leaves_nothing(alice: Caller, ports: Ports) -> None:
    http = alice.http
    await http.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    await deliver_due_mails(ports=ports)
    await http.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    answer = await alice.send("DELETE", ACCOUNT)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    for method, path in (("GET", "/api/auth/me"), ("GET", ACCOUNT), ("GET", EXPORT), ("DELETE", ACCOUNT)):
        assert (await alice.send(method, path)).status_code == 401
    async with ports.unit_of_work.snapshot() as repositories:
        left = [mail.payload.recipient for mail in await repositories.mail_queue.latest(None, 10)]
        assert left == [forgotten("alice@example.com")], (
            "it counts towards the limit of mails an hour, and tells nobody"
        )
        assert await repositories.credentials.of(UserId(alice.id)) is None
        assert await repositories.one_time_tokens.of_user(UserId(alice.id), 10) == []
        assert await repositories.known_clients.of_user(UserId(alice.id)) == []
    assert await list_mails(ports=ports) == [], "nothing of it is shown to anybody"
    again = await signed_up(http, "alice")
    assert again.id != alice.id
    exported = (await again.send("GET", EXPORT)).json()
    assert alice.id not in json.dumps(exported)


async def test_of_two_deletions_at_once_by_the_last_two_admins_one_is_made(
    http: httpx2.AsyncClient, ports: Ports
) -> None:
    admins = [await an_admin(http, ports, name) for name in ("root", "other")]
    answers = await asyncio.gather(*(admin.send("DELETE", ACCOUNT) for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [answer.json()["code"] for answer in answers if answer.status_code == 409] == ["last_admin"]
    left = [admin for admin, answer in zip(admins, answers, strict=True) if answer.status_code == 409]
    assert (await left[0].get("users")).status_code == 200


async def _lived(caller: Caller, ports: Ports, memory: MemoryPorts) -> None:
    """Leaves something in every table that an export is made of."""
    http = caller.http
    await patched(caller, {"user_metadata": {"theme": "dark ☕"}})
    await change_user(Actor.operator(), UserId(caller.id), {"app_metadata": {"customer": 4711}}, ports=ports)
    await http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    await http.post("/api/auth/forgot-password", json={"email": "alice@example.com"})
    await caller.send("POST", "/api/auth/change-email", json={"email": "al@example.org"})
    await deliver_due_mails(ports=ports)
    await http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    me = await identify(caller.token, ports=ports)
    app = pyotp.TOTP((await set_up_totp(me, "Acme", ports=ports)).secret)
    codes = await confirm_totp(me, app.at(ports.clock.now()), ports=ports)
    await create_api_key(me, "nightly report", ports=ports)
    async with ports.unit_of_work() as transaction:
        await transaction.passkeys.add(a_passkey(me.user))
        await transaction.commit()
    await http.post("/api/auth/confirm-email", json={"token": memory.mailer.confirmation_links[0].secret})
    await deliver_due_mails(ports=ports)
    # A change of address forgets where its owner comes from.
    await step_up(me, code=codes[0], client=Client("192.0.2.1"), ports=ports)


async def test_an_export_is_a_file_of_all_that_is_kept_without_a_secret(
    alice: Caller, ports: Ports, memory: MemoryPorts
) -> None:
    await signed_up(alice.http, "bob")
    await _lived(alice, ports, memory)
    answer = await alice.send("GET", EXPORT)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    exported = answer.json()
    account = await account_of(alice)
    assert {name: exported["account"][name] for name in account if name != "created_at"} == {
        name: value for name, value in account.items() if name != "created_at"
    }
    kinds = {name: len(rows) for name, rows in exported.items() if isinstance(rows, list)}
    assert kinds == {
        "sessions": 3,
        "one_time_tokens": 2,
        "email_changes": 1,
        "known_clients": 1,
        "api_keys": 1,
        "passkeys": 1,
        "totp_factors": 1,
        "recovery_codes": 9,
        "mails": 5,
        "events": 10,
    }
    async with ports.unit_of_work.snapshot() as repositories:
        credentials = await repositories.credentials.of(UserId(alice.id))
    assert credentials is not None
    rows = await export_account(await identify(alice.token, ports=ports), ports=ports)
    with_secrets = (rows.one_time_tokens, rows.api_keys, rows.passkeys, rows.recovery_codes)
    hidden = [_hidden(row) for row in chain[Any](*with_secrets)]
    assert all(hidden)
    mailed = [mail.secret for mail in memory.mailer.mails if isinstance(mail, SecretMail)]
    agents = [client.agent for client in rows.known_clients if client.agent]
    secrets = (credentials.password_hash, *chain(*hidden), *agents, *mailed, alice.token)
    assert len(mailed) == 3
    assert not [secret for secret in secrets if secret in answer.text]
    assert "bob" not in answer.text
    head = await alice.send("HEAD", EXPORT)
    assert (head.status_code, head.content) == (200, b"")
    own = {"x-request-id": "-"}
    assert {**head.headers, **own} == {**answer.headers, **own}
    assert "Content-Length" not in head.headers


def _hidden(row: Any) -> list[str]:
    """Returns what the repr of a row does not show."""
    return [getattr(row, field.name) for field in attrs.fields(type(row)) if not field.repr]


async def test_an_export_tells_nobody_whether_an_address_is_taken(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    """A wish for it shows, and nothing of what became of that."""
    await signed_up(http, "bob")
    askers = [await signed_up(http, name) for name in ("carol", "david")]
    await deliver_due_mails(ports=ports)
    for asker, wanted in zip(askers, ("bob@example.com", "erin@example.com"), strict=True):
        await asker.send("POST", "/api/auth/change-email", json={"email": wanted})
    for is_delivered in (False, True):
        told = []
        for asker, name, wanted in zip(askers, ("carol", "david"), ("bob", "erin"), strict=True):
            exported = (await asker.send("GET", EXPORT)).text.partition('"events":')[0]
            exported = exported.replace(wanted, "wanted").replace(name, "asker").replace(name.title(), "Asker")
            told.append(re.sub(r'"(id|session_id|actor|user_id)":"[^"]*"', r'"\1":""', exported))
        assert told[0] == told[1], is_delivered
        assert told[0].count("wanted@example.com") == 3, "what was asked for, twice, and the mail"
        memory.clock.advance(seconds=1)
        await deliver_due_mails(ports=ports)
    assert [mail.to.typed for mail in memory.mailer.confirmation_links] == ["erin@example.com"]


async def test_every_table_is_in_the_export_or_the_page_says_why_not(
    alice: Caller, ports: Ports, memory: MemoryPorts
) -> None:
    """A new table fails here until somebody has thought of what in it is whose."""
    from pathlib import Path

    docs = Path(__file__).parents[2] / "docs"
    row = re.compile(r"^\| `(\w+)` \| (`\w+`|not in it) \|", re.MULTILINE)
    rows = dict(row.findall((docs / "reference/account-export.md").read_text("utf-8")))
    for page in (docs / "how-to").glob("*.md"):
        rows |= {table: member for table, member in row.findall(page.read_text("utf-8")) if table in TABLES}
    assert rows.keys() == set(TABLES)
    await _lived(alice, ports, memory)
    exported = (await alice.send("GET", EXPORT)).json()
    assert {member.strip("`") for member in rows.values()} - {"not in it"} == exported.keys()
    assert all(exported.values()), "each member has something in it, so that its rows were looked at"
