"""The five calls as the contract promises them, over each kind of store."""

import asyncio
import re

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports, Status, UserId, deliver_due_mails

ALICE = {"name": "Alice", "email": "Alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}
SERVER_SIDE = {
    "id": "u_mine",
    "role": "admin",
    "plan": "Enterprise",
    "status": "suspended",
    "isAdmin": True,
    "createdAt": "1999-01-01T00:00:00Z",
    "passwordHash": "x",
    "email_verified": True,
    "__proto__": {"role": "admin"},
    "user": {"role": "admin"},
}


async def signed_up(http: httpx2.AsyncClient) -> str:
    answer = await http.post("/api/auth/signup", json=ALICE)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def me(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


async def forgot(http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts) -> str:
    """Asks for a link, has the mail delivered, and returns the secret in it."""
    answer = await http.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    assert answer.status_code == 200
    await deliver_due_mails(ports=ports)
    return memory.mailer.reset_links[-1].secret


async def reset(http: httpx2.AsyncClient, token: str, new: str = "second-password") -> httpx2.Response:
    return await http.post("/api/auth/reset-password", json={"token": token, "password": new})


async def suspend(ports: Ports, user_id: str) -> None:
    async with ports.unit_of_work() as transaction:
        user = await transaction.users.by_id(UserId(user_id))
        assert user is not None
        await transaction.users.save(attrs.evolve(user, status=Status.SUSPENDED))
        await transaction.commit()


async def test_signing_up_answers_a_token_and_the_new_user(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/auth/signup", json=ALICE)
    body = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert body.keys() == {"token", "user"}
    assert re.fullmatch(r"u_[A-Za-z0-9_-]{16,}", body["user"].pop("id"))
    expected = {"name": "Alice", "email": "Alice@example.com", "role": "user", "plan": "Starter", "status": "active"}
    assert body["user"] == expected


async def test_logging_in_answers_a_token_and_who_it_is(http: httpx2.AsyncClient) -> None:
    created = (await http.post("/api/auth/signup", json=ALICE)).json()["user"]
    answer = await http.post("/api/auth/login", json=RIGHT)
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"token", "user"}
    assert body["user"] == {"id": created["id"], "name": "Alice", "role": "user"}


async def test_me_shows_whose_token_it_is(http: httpx2.AsyncClient) -> None:
    created = (await http.post("/api/auth/signup", json=ALICE)).json()
    answer = await me(http, created["token"])
    shown = {member: created["user"][member] for member in ("id", "name", "email", "role", "plan")}
    assert (answer.status_code, answer.json()) == (200, {"user": shown})


async def test_two_users_have_different_ids(http: httpx2.AsyncClient) -> None:
    answers = [await http.post("/api/auth/signup", json=ALICE | {"email": f"u{n}@example.com"}) for n in range(5)]
    assert len({answer.json()["user"]["id"] for answer in answers}) == 5


@pytest.mark.parametrize("member", SERVER_SIDE)
async def test_a_body_cannot_set_what_is_the_servers(http: httpx2.AsyncClient, member: str) -> None:
    plain = (await http.post("/api/auth/signup", json=ALICE | {"email": "plain@example.com"})).json()["user"]
    odd = (await http.post("/api/auth/signup", json=ALICE | {member: SERVER_SIDE[member]})).json()
    assert odd["user"].keys() == plain.keys()
    assert odd["user"] == plain | {"id": odd["user"]["id"], "email": ALICE["email"]}
    assert odd["user"]["id"] not in ("u_mine", plain["id"])
    answer = await http.post("/api/auth/login", json=RIGHT | {member: SERVER_SIDE[member]})
    assert answer.json()["user"] == {"id": odd["user"]["id"], "name": "Alice", "role": "user"}
    assert (await me(http, odd["token"])).json()["user"]["plan"] == "Starter"


async def test_unknown_members_do_not_disturb_a_reset(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    token = await signed_up(http)
    answer = await http.post("/api/auth/forgot-password", json={"email": ALICE["email"], **SERVER_SIDE})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    secret = await forgot(http, ports, memory)
    body = {"token": secret, "password": "second-password", **SERVER_SIDE}
    assert (await http.post("/api/auth/reset-password", json=body)).json() == {"ok": True}
    assert (await me(http, token)).status_code == 401


async def test_the_story_of_a_forgotten_password(http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts) -> None:
    first = await signed_up(http)
    second = (await http.post("/api/auth/login", json=RIGHT)).json()["token"]
    assert [(await me(http, token)).status_code for token in (first, second)] == [200, 200]

    secret = await forgot(http, ports, memory)
    assert re.fullmatch(r"reset_[A-Za-z0-9_-]{43,}", secret)
    answer = await reset(http, secret)
    assert (answer.status_code, answer.content, "set-cookie" in answer.headers) == (200, b'{"ok":true}', False)

    assert [(await me(http, token)).json()["code"] for token in (first, second)] == ["invalid_token"] * 2
    old = await http.post("/api/auth/login", json=RIGHT)
    assert (old.status_code, old.json()["code"]) == (401, "invalid_credentials")
    new = await http.post("/api/auth/login", json=RIGHT | {"password": "second-password"})
    assert new.status_code == 200
    assert (await me(http, new.json()["token"])).status_code == 200

    again = await reset(http, secret, "third-password")
    assert (again.status_code, again.json()["code"]) == (400, "invalid_reset_token")
    await deliver_due_mails(ports=ports)
    assert [mail.to.typed for mail in memory.mailer.notices] == ["Alice@example.com"]


async def test_using_one_link_uses_up_the_others(http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts) -> None:
    await signed_up(http)
    one, other = [await forgot(http, ports, memory) for _ in range(2)]
    assert one != other
    assert (await reset(http, other)).status_code == 200
    assert (await reset(http, one, "third-password")).json()["code"] == "invalid_reset_token"


async def test_of_sixteen_uses_of_a_link_at_once_one_works(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    await signed_up(http)
    secret = await forgot(http, ports, memory)
    answers = await asyncio.gather(*(reset(http, secret, f"password-{n}") for n in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"invalid_reset_token"}


@pytest.mark.parametrize("refused", ["short", "", "x" * 1025, 5, "pass\0word"], ids=lambda value: repr(value)[:12])
async def test_a_refused_password_leaves_the_link_usable(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, refused: object
) -> None:
    token = await signed_up(http)
    secret = await forgot(http, ports, memory)
    answer = await http.post("/api/auth/reset-password", json={"token": secret, "password": refused})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")
    assert (await me(http, token)).status_code == 200
    assert (await reset(http, secret)).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 400), (7200, 400)])
async def test_a_link_lives_for_an_hour(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, seconds: int, status: int
) -> None:
    await signed_up(http)
    secret = await forgot(http, ports, memory)
    memory.clock.advance(seconds=seconds)
    assert (await reset(http, secret)).status_code == status


@pytest.mark.parametrize(
    "token",
    ["reset_", "reset_" + "A" * 43, "A" * 49, "RESET_" + "A" * 43, "reset_" + "A" * 60_000, "reset_é", "a.b.c", " "],
    ids=lambda token: str(token)[:12],
)
async def test_a_made_up_link_is_refused_before_any_hashing(
    quick: httpx2.AsyncClient, memory: MemoryPorts, token: str
) -> None:
    answer = await reset(quick, token)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_reset_token")
    assert memory.hasher.hashed == 0


async def test_twenty_requests_in_an_hour_bring_five_links_and_tell_nothing(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    await signed_up(http)
    for _ in range(20):
        answer = await http.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
        assert (answer.status_code, answer.content) == (200, b'{"ok":true}')
        await deliver_due_mails(ports=ports)
    assert len(memory.mailer.reset_links) == 5
    memory.clock.advance(minutes=61)
    await forgot(http, ports, memory)
    assert len(memory.mailer.reset_links) == 6


async def test_forgetting_tells_nothing_and_sends_nothing_in_the_request(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    await signed_up(http)
    memory.mailer.failure = RuntimeError("the mail server is on fire")
    known = await http.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    unknown = await http.post("/api/auth/forgot-password", json={"email": "nobody@example.com"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (200, b'{"ok":true}')
    assert known.headers.keys() == unknown.headers.keys()
    own = {"x-request-id"}
    assert [i for i in known.headers.items() if i[0] not in own] == [
        i for i in unknown.headers.items() if i[0] not in own
    ]
    memory.mailer.failure = None
    await deliver_due_mails(ports=ports)
    assert [mail.to.typed for mail in memory.mailer.mails] == ["Alice@example.com"]


async def test_a_suspended_user_is_told_so_only_after_the_right_password(
    http: httpx2.AsyncClient, ports: Ports
) -> None:
    created = (await http.post("/api/auth/signup", json=ALICE)).json()
    await suspend(ports, created["user"]["id"])
    right = await http.post("/api/auth/login", json=RIGHT)
    wrong = await http.post("/api/auth/login", json=RIGHT | {"password": "wrong-password"})
    token = await me(http, created["token"])
    assert [(a.status_code, a.json()["code"]) for a in (right, wrong, token)] == [
        (403, "account_suspended"),
        (401, "invalid_credentials"),
        (401, "invalid_token"),
    ]


async def test_an_address_is_taken_once(http: httpx2.AsyncClient) -> None:
    await signed_up(http)
    other = ALICE | {"email": " aLICE@EXAMPLE.COM ", "password": "other-password"}
    answer = await http.post("/api/auth/signup", json=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await http.post("/api/auth/login", json=RIGHT)).status_code == 200
    assert (await http.post("/api/auth/login", json=RIGHT | {"password": "other-password"})).status_code == 401


async def test_of_twenty_sign_ups_at_once_one_gets_the_address(http: httpx2.AsyncClient) -> None:
    spellings = ["alice@example.com", "ALICE@example.com", "Alice@Example.COM", "aLiCe@example.com"] * 5
    answers = await asyncio.gather(*(http.post("/api/auth/signup", json=ALICE | {"email": e}) for e in spellings))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
