"""Pairs of tokens over HTTP, over every store."""

import asyncio

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain import (
    EmailVerification,
    MailKind,
    MasterKeys,
    Policy,
    Ports,
    UserId,
    change_user,
    deliver_due_mails,
)
from leadnator_auth.domain.entities.actor import Actor
from tests.http.admins import Caller, Json, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver

PAIR, REFRESH = "/api/auth/token-pair", "/api/auth/refresh"
MEMBERS = {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_at"}


@pytest.fixture
def ports(ports: Ports) -> Ports:
    """A world over each store, with tokens as they are."""
    return attrs.evolve(ports, tokens=JwtTokens(["a secret for tests that has 32 bytes"]))


@pytest.fixture
def http(client_over: ClientOver, ports: Ports) -> httpx2.AsyncClient:
    return client_over(ports)


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


async def paired(caller: Caller) -> Json:
    answer = await caller.send("POST", PAIR)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refresh(http: httpx2.AsyncClient, token: object) -> httpx2.Response:
    return await http.post(REFRESH, json={"refresh_token": token})


async def refreshed(http: httpx2.AsyncClient, token: object) -> Json:
    answer = await refresh(http, token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def with_token(caller: Caller, pair: Json) -> Caller:
    return attrs.evolve(caller, token=pair["access_token"])


async def me(caller: Caller) -> int:
    return (await caller.send("GET", "/api/auth/me")).status_code


async def test_a_pair_takes_the_place_of_the_token_of_the_log_in(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports, check_problem: CheckProblem
) -> None:
    pair = await paired(alice)
    assert pair.keys() == MEMBERS
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 300)
    assert pair["refresh_token"].startswith("refresh_")
    assert pair["refresh_expires_at"] == "2026-01-08T00:00:00Z"
    old, new = ports.tokens.read(alice.token), ports.tokens.read(pair["access_token"])
    assert old.session_id != new.session_id
    assert (old.user_id, old.purpose) == (new.user_id, new.purpose)
    assert (new.expires_at - new.issued_at).total_seconds() == 300
    check_problem(await alice.send("GET", "/api/auth/me"), 401, "invalid_token")
    check_problem(await alice.send("POST", PAIR), 401, "invalid_token")
    caller = with_token(alice, pair)
    assert (await caller.send("GET", "/api/auth/me")).json()["user"]["id"] == alice.id
    (session,) = (await caller.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert (session["id"], session["is_current"]) == (new.session_id, True)
    assert session["expires_at"] == pair["refresh_expires_at"]


async def test_an_access_token_gives_no_other_pair(alice: Caller, check_problem: CheckProblem) -> None:
    caller = with_token(alice, await paired(alice))
    check_problem(await caller.send("POST", PAIR), 409, "token_pair_exists")
    assert await me(caller) == 200


async def test_who_sends_no_token_or_another_one_gets_no_pair(
    http: httpx2.AsyncClient, alice: Caller, check_problem: CheckProblem
) -> None:
    check_problem(await http.post(PAIR), 401, "missing_token")
    check_problem(await http.post(f"{PAIR}?token={alice.token}"), 401, "missing_token")
    media = (await alice.send("POST", "/api/auth/media-token", json={"path": "/api"})).json()["token"]
    check_problem(await attrs.evolve(alice, token=media).send("POST", PAIR), 401, "invalid_token")
    pair = await paired(alice)
    check_problem(await attrs.evolve(alice, token=pair["refresh_token"]).send("POST", PAIR), 401, "invalid_token")


async def test_a_refresh_token_is_good_for_a_refresh_alone(
    http: httpx2.AsyncClient, alice: Caller, check_problem: CheckProblem
) -> None:
    pair = await paired(alice)
    caller = attrs.evolve(alice, token=pair["refresh_token"])
    check_problem(await caller.send("GET", "/api/auth/me"), 401, "invalid_token")
    check_problem(await http.get(f"/api/auth/me?token={pair['refresh_token']}"), 401, "invalid_token")
    check_problem(await refresh(http, pair["access_token"]), 401, "invalid_refresh_token")


async def test_pairs_follow_each_other_and_a_lost_answer_logs_nobody_out(
    http: httpx2.AsyncClient, alice: Caller, memory: MemoryPorts
) -> None:
    pair = await paired(alice)
    for _ in range(3):
        memory.clock.advance(minutes=7)
        assert await me(with_token(alice, pair)) == 401
        lost = await refreshed(http, pair["refresh_token"])
        again = await refreshed(http, pair["refresh_token"])
        assert lost.keys() == again.keys() == MEMBERS
        assert again["refresh_token"] == lost["refresh_token"] != pair["refresh_token"]
        assert [await me(with_token(alice, each)) for each in (lost, again)] == [200, 200]
        pair = again


async def test_sixteen_refreshes_at_once_all_get_the_same_successor(http: httpx2.AsyncClient, alice: Caller) -> None:
    pair = await paired(alice)
    answers = await asyncio.gather(*(refresh(http, pair["refresh_token"]) for _ in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert await asyncio.gather(*(me(with_token(alice, answer.json())) for answer in answers)) == [200] * 16
    await refreshed(http, answers[0].json()["refresh_token"])


async def test_an_older_token_ends_the_session_everywhere_and_is_told(
    http: httpx2.AsyncClient,
    alice: Caller,
    ports: Ports,
    memory: MemoryPorts,
    logs: list[EventDict],
    check_problem: CheckProblem,
) -> None:
    root = await an_admin(http, ports)
    first = await paired(alice)
    other = await http.post("/api/auth/login", json={"email": "alice@example.com", "password": "secret"})
    second = await refreshed(http, first["refresh_token"])
    third = await refreshed(http, second["refresh_token"])
    answer = await refresh(http, first["refresh_token"])
    check_problem(answer, 401, "invalid_refresh_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    for pair in (first, second, third):
        assert await me(with_token(alice, pair)) == 401
        check_problem(await refresh(http, pair["refresh_token"]), 401, "invalid_refresh_token")
    assert await me(attrs.evolve(alice, token=other.json()["token"])) == 200

    session_id = ports.tokens.read(first["access_token"]).session_id
    (event,) = (await root.get("events", type="refresh_token.reused")).json()["events"]
    assert (event["user_id"], event["data"]) == (alice.id, {"session_id": session_id})
    ended = (await root.get("events", type="session.ended", user_id=alice.id)).json()["events"]
    assert (session_id, "refresh_token.reused") in [
        (each["data"]["session_id"], each["data"]["reason"]) for each in ended
    ]
    await deliver_due_mails(ports=ports)
    (notice,) = [mail for mail in memory.mailer.notices if mail.kind is MailKind.REFRESH_TOKEN_REUSED]
    assert (notice.to.canonical, notice.client.ip) == ("alice@example.com", "192.0.2.1")
    refused = [entry["reason"] for entry in logs if entry["event"] == "refresh_token_refused"]
    assert refused == ["used before", "session ended", "session ended", "session ended"]
    for pair in (first, second, third):
        assert pair["refresh_token"] not in str(logs)


async def test_an_older_token_among_many_at_once_leaves_nothing_that_works(
    http: httpx2.AsyncClient, alice: Caller
) -> None:
    first = await paired(alice)
    second = await refreshed(http, first["refresh_token"])
    third = await refreshed(http, second["refresh_token"])
    tokens = [third["refresh_token"]] * 7 + [first["refresh_token"]] + [third["refresh_token"]] * 7
    answers = await asyncio.gather(*(refresh(http, token) for token in tokens))
    assert answers[7].status_code == 401
    for pair in [answer.json() for answer in answers if answer.status_code == 200]:
        assert await me(with_token(alice, pair)) == 401
        assert (await refresh(http, pair["refresh_token"])).status_code == 401


@pytest.mark.parametrize("scope", ["local", "global"])
async def test_after_a_log_out_no_token_of_the_pair_works(
    http: httpx2.AsyncClient, alice: Caller, check_problem: CheckProblem, scope: str
) -> None:
    pair = await paired(alice)
    refreshes = [refresh(http, pair["refresh_token"]) for _ in range(6)]
    log_out = with_token(alice, pair).send("POST", f"/api/auth/logout?scope={scope}")
    answers = await asyncio.gather(*refreshes[:3], log_out, *refreshes[3:])
    assert answers.pop(3).json() == {"ok": True}
    assert {answer.status_code for answer in answers} <= {200, 401}
    for each in [pair, *(answer.json() for answer in answers if answer.status_code == 200)]:
        assert await me(with_token(alice, each)) == 401
        check_problem(await refresh(http, each["refresh_token"]), 401, "invalid_refresh_token")


async def test_a_suspended_account_gets_no_pair(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports, check_problem: CheckProblem
) -> None:
    pair = await paired(alice)
    for status in ("suspended", "active"):
        await change_user(Actor.operator(), UserId(alice.id), {"status": status}, ports=ports)
        check_problem(await refresh(http, pair["refresh_token"]), 401, "invalid_refresh_token")


async def test_where_addresses_have_to_be_verified_nobody_gets_a_pair_before(
    client_over: ClientOver, http: httpx2.AsyncClient, alice: Caller, ports: Ports, check_problem: CheckProblem
) -> None:
    strict = attrs.evolve(ports, policy=Policy(email_verification=EmailVerification.REQUIRED))
    waiting = client_over(strict)
    check_problem(await attrs.evolve(alice, http=waiting).send("POST", PAIR), 403, "email_not_verified")
    pair = await paired(alice)
    check_problem(await refresh(waiting, pair["refresh_token"]), 403, "email_not_verified")
    await change_user(Actor.operator(), UserId(alice.id), {"email_verified": True}, ports=ports)
    await refreshed(waiting, pair["refresh_token"])


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that the store runs, in turn."""
    seen: list[str] = []

    def spy(name: str) -> None:
        original = getattr(PooledConnection, name)

        async def noted(connection: PooledConnection, sql: str, *rows: object, **values: object) -> object:
            seen.append(sql)
            return await original(connection, sql, *rows, **values)

        monkeypatch.setattr(PooledConnection, name, noted)

    for name in ("fetch_all", "run", "run_many"):
        spy(name)
    return seen


async def test_what_was_never_handed_out_costs_no_statement(
    http: httpx2.AsyncClient, alice: Caller, statements: list[str], check_problem: CheckProblem
) -> None:
    token = (await paired(alice))["refresh_token"]
    statements.clear()
    session, number, mac = token.split(".")
    for forged in ("x", "refresh_", f"{session}.2.{mac}", f"{session}.{number}.{'A' * 43}", token + "x", "€" * 9000):
        check_problem(await refresh(http, forged), 401, "invalid_refresh_token")
    assert statements == []
    await refreshed(http, token)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_fields"),
        ({"refresh_token": ""}, "missing_fields"),
        ({"refresh_token": None}, "missing_fields"),
        ({"refresh_token": ["refresh_x"]}, "invalid_fields"),
        ({"refresh_token": "refresh_\0"}, "invalid_fields"),
    ],
)
async def test_a_bad_body_is_told(
    quick: httpx2.AsyncClient, check_problem: CheckProblem, body: Json, code: str
) -> None:
    check_problem(await quick.post(REFRESH, json=body), 400, code)


async def test_who_refreshes_without_end_is_told_when_to_go_on(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    limit = memory.policy.limits.refresh
    assert limit is not None
    few = attrs.evolve(memory.policy.limits, refresh=attrs.evolve(limit, count=3))
    http = client_over(attrs.evolve(memory, policy=attrs.evolve(memory.policy, limits=few)))
    pair = await paired(await signed_up(http, "alice"))
    for _ in range(3):
        await refreshed(http, pair["refresh_token"])
    answer = await refresh(http, pair["refresh_token"])
    check_problem(answer, 429, "too_many_requests")
    assert answer.headers["RateLimit-Policy"].startswith('"refresh"')
    other = await paired(await signed_up(http, "bob"))
    await refreshed(http, other["refresh_token"])


async def test_without_a_master_key_there_is_no_such_call(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    http = client_over(attrs.evolve(memory, master_keys=MasterKeys()))
    alice = await signed_up(http, "alice")
    check_problem(await alice.send("POST", PAIR), 404, "not_found")
    check_problem(await http.post(PAIR), 404, "not_found")
    check_problem(await http.post(REFRESH, content=b"{"), 404, "not_found")
    assert await me(alice) == 200
