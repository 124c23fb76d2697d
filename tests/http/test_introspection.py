"""Token introspection (RFC 7662) over HTTP, on every store."""

from collections.abc import Callable
from typing import Any

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    EmailVerification,
    Identity,
    Policy,
    Ports,
    SessionId,
    UnavailableError,
    UserId,
    change_user,
    create_api_key_for,
)
from tests.http.admins import Caller, an_admin, signed_up
from tests.http.conftest import CheckProblem, ClientOver

INTROSPECT = "/api/auth/introspect"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
INACTIVE = {"active": False}


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    """A user."""
    return await signed_up(http, "alice")


@pytest.fixture
async def service(http: httpx2.AsyncClient, ports: Ports) -> Caller:
    """A resource server, by the key of an admin."""
    return await a_service(http, ports)


async def a_service(http: httpx2.AsyncClient, ports: Ports) -> Caller:
    root = await an_admin(http, ports)
    key = await create_api_key_for(UserId(root.id), "resource server", ["introspect"], ports=ports)
    return attrs.evolve(root, token=key.secret)


async def introspected(service: Caller, token: str, **more: str) -> dict[str, Any]:
    answer = await service.send("POST", INTROSPECT, data={"token": token, **more})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    content: dict[str, Any] = answer.json()
    return content


async def test_a_token_is_told_whole(client_over: ClientOver, memory: MemoryPorts) -> None:
    tokens = JwtTokens(["s" * 32])
    ports = attrs.evolve(memory, tokens=tokens)
    client = client_over(ports)
    service, alice = await a_service(client, ports), await signed_up(client, "alice")
    claims = tokens.read(alice.token)
    expected = {
        "active": True,
        "sub": alice.id,
        "username": "alice@example.com",
        "sid": claims.session_id,
        "jti": claims.token_id,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
        "iss": "leadnator-auth",
        "aud": "leadnator",
        "token_type": "Bearer",
    }
    found = await introspected(service, alice.token, token_type_hint="refresh_token", other="x")
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in expected.items()
    }
    assert found["exp"] - found["iat"] == 604800


async def test_a_key_is_told_whole_and_may_ask_about_itself(service: Caller, alice: Caller, ports: Ports) -> None:
    own = await introspected(service, service.token)
    assert own.keys() == {"active", "sub", "username", "jti", "iat", "iss", "aud", "token_type", "scope"}
    assert (own["active"], own["sub"], own["scope"]) == (True, service.id, "introspect")
    made = await create_api_key_for(UserId(alice.id), "CI", None, "2999-01-01T00:00:00Z", ports=ports)
    found = await introspected(service, made.secret)
    assert found == {
        "active": True,
        "sub": alice.id,
        "username": "alice@example.com",
        "jti": made.key.id,
        "iat": int(made.key.created_at.timestamp()),
        "exp": 32472144000,
        "iss": "leadnator-auth",
        "aud": "leadnator",
        "token_type": "Bearer",
        "scope": "",
    }


async def test_what_is_no_good_is_inactive_and_nothing_else_is_said(
    service: Caller, alice: Caller, ports: Ports, memory: MemoryPorts
) -> None:
    media = (await alice.send("POST", "/api/auth/media-token", json={"path": "/media"})).json()["token"]
    expiring = (await create_api_key_for(UserId(alice.id), "CI", None, _later(memory), ports=ports)).secret
    for token in (
        media,
        "nonsense",
        "a.b.c",
        "lnk_x",
        "lnk_" + "A" * 43,
        "x" * 9000,
        "ü ☕",
        " ",
        f"{alice.token}x",
    ):
        assert await introspected(service, token) == INACTIVE
    assert (await introspected(service, alice.token))["active"] is True
    assert (await introspected(service, expiring))["active"] is True
    memory.clock.advance(hours=2)
    assert await introspected(service, expiring) == INACTIVE
    memory.clock.advance(days=8)
    assert await introspected(service, alice.token) == INACTIVE


def _later(memory: MemoryPorts) -> str:
    return f"{memory.clock.now():%Y-%m-%dT%H:%M:%S}-01:00"


async def log_out(alice: Caller, ports: Ports) -> None:
    await alice.send("POST", "/api/auth/logout")


async def suspend(alice: Caller, ports: Ports) -> None:
    await change_user(Actor.operator(), UserId(alice.id), {"status": "suspended"}, ports=ports)


async def delete(alice: Caller, ports: Ports) -> None:
    await alice.send("DELETE", "/api/auth/account")


@pytest.mark.parametrize("end", [log_out, suspend, delete])
async def test_what_ends_is_inactive_at_once(
    service: Caller, alice: Caller, ports: Ports, end: Callable[[Caller, Ports], Any]
) -> None:
    key = (await create_api_key_for(UserId(alice.id), "CI", ports=ports)).secret
    for token in (alice.token, key):
        assert (await introspected(service, token))["active"] is True
    await end(alice, ports)
    assert await introspected(service, alice.token) == INACTIVE
    assert (await introspected(service, key))["active"] is (end is log_out)


async def test_where_verification_is_required_an_unverified_account_is_inactive(
    client_over: ClientOver, memory: MemoryPorts
) -> None:
    strict = attrs.evolve(memory, policy=Policy(email_verification=EmailVerification.REQUIRED))
    client = client_over(strict)
    service, alice = await a_service(client, strict), await signed_up(client, "alice")
    for user_id in (service.id,):
        await change_user(Actor.operator(), UserId(user_id), {"email_verified": True}, ports=strict)
    assert await introspected(service, alice.token) == INACTIVE
    await change_user(Actor.operator(), UserId(alice.id), {"email_verified": True}, ports=strict)
    assert (await introspected(service, alice.token))["active"] is True


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", FORM, 400, "missing_fields"),
        (b"", {}, 400, "missing_fields"),
        (b"token=", FORM, 400, "missing_fields"),
        (b"other=x", FORM, 400, "missing_fields"),
        (b"token=a&token=a", FORM, 400, "invalid_request"),
        (b"token=a&other=1&other=2", FORM, 400, "invalid_request"),
        (b"token=%FF", FORM, 400, "invalid_request"),
        (b"token=%00", FORM, 400, "invalid_fields"),
        (b"token=\xc3\xbc", FORM, 400, "invalid_request"),
        (b"&".join(b"m%d=1" % number for number in range(30)), FORM, 400, "invalid_request"),
        (b"token=" + b"x" * 65536, FORM, 413, "payload_too_large"),
        (b'{"token":"x"}', {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"token=x", {}, 415, "unsupported_media_type"),
        (b"token=x", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (
            b"token=x",
            {"Content-Type": "application/x-www-form-urlencoded; charset=latin-1"},
            415,
            "unsupported_media_type",
        ),
        (b"token=x", FORM | {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    ],
)
async def test_the_body_is_a_form_and_read_strictly(
    quick: httpx2.AsyncClient,
    memory: MemoryPorts,
    check_problem: CheckProblem,
    content: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    service = await a_service(quick, memory)
    headers = {**headers, "Authorization": f"Bearer {service.token}"}
    answer = await quick.post(INTROSPECT, content=content, headers=headers)
    check_problem(answer, status, code)
    if status == 415:
        assert answer.headers["Accept"] == "application/x-www-form-urlencoded"
        assert "application/x-www-form-urlencoded" in answer.json()["detail"]


async def test_a_charset_of_utf_8_may_be_named(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    service = await a_service(quick, memory)
    headers = {"Content-Type": "Application/X-WWW-Form-URLencoded; charset=UTF-8"}
    headers["Authorization"] = f"Bearer {service.token}"
    answer = await quick.post(INTROSPECT, content=b"token=x", headers=headers)
    assert answer.json() == INACTIVE


async def test_who_may_not_ask_is_told_so_whatever_they_send(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    alice = await signed_up(quick, "alice")
    key = (await create_api_key_for(UserId(alice.id), "CI", ports=memory)).secret
    for caller in (alice, attrs.evolve(alice, token=key)):
        for more in ({"data": {"token": alice.token}}, {"json": {}}, {}):
            check_problem(await caller.send("POST", INTROSPECT, **more), 403, "insufficient_scope")
    check_problem(await quick.post(INTROSPECT, data={"token": alice.token}), 401, "missing_token")
    check_problem(await quick.post(f"{INTROSPECT}?token={key}", data={"token": key}), 401, "missing_token")


async def test_a_database_that_is_away_makes_nothing_inactive(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    class Away(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            raise UnavailableError("away")

    client = client_over(memory)
    service, alice = await a_service(client, memory), await signed_up(client, "alice")
    away = client_over(attrs.evolve(memory, identities=Away(memory.unit_of_work)))
    answer = await attrs.evolve(service, http=away).send("POST", INTROSPECT, data={"token": alice.token})
    check_problem(answer, 503, "unavailable")


async def test_it_takes_one_look_up_of_the_caller_and_one_of_the_token(
    client_over: ClientOver, memory: MemoryPorts
) -> None:
    asked: list[str] = []

    class Counting(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            asked.append("session")
            return await super().by_session(session_id)

        async def by_api_key(self, digest: str) -> Any:
            asked.append("key")
            return await super().by_api_key(digest)

    counting = client_over(attrs.evolve(memory, identities=Counting(memory.unit_of_work)))
    service, alice = await a_service(counting, memory), await signed_up(counting, "alice")
    assert (await introspected(service, alice.token))["active"] is True
    assert asked == ["key", "session"]
