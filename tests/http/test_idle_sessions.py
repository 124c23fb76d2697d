"""Sessions that go unused, over HTTP and on every store."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.sql import SqlIdentities
from leadnator_auth.domain import Policy, Ports

ClientOver = Callable[[Ports], httpx2.AsyncClient]
Check = Callable[[httpx2.Response, int, str], None]

ALICE = {"email": "alice@example.com", "password": "secret"}


@pytest.fixture
def http(client_over: ClientOver, ports: Ports) -> httpx2.AsyncClient:
    """A client of a server on which sessions are over when they were not used for an hour."""
    return client_over(attrs.evolve(ports, policy=Policy(session_idle=timedelta(hours=1))))


async def sign_up(http: httpx2.AsyncClient) -> dict[str, str]:
    token = (await http.post("/api/auth/signup", json=ALICE | {"name": "Alice"})).json()["token"]
    return {"Authorization": f"Bearer {token}"}


async def log_in(http: httpx2.AsyncClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await http.post('/api/auth/login', json=ALICE)).json()['token']}"}


async def settled(ports: Ports) -> None:
    """Returns when what goes on beside the answers is done."""
    if isinstance(ports.identities, SqlIdentities):
        await ports.identities.connections.drained()


async def test_a_session_lives_as_long_as_it_is_used(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, check_problem: Check
) -> None:
    alice = await sign_up(http)
    for _ in range(4):
        memory.clock.advance(minutes=50)
        assert (await http.get("/api/auth/me", headers=alice)).status_code == 200
        await settled(ports)
    memory.clock.advance(minutes=61)
    for method, path in (
        ("GET", "me"),
        ("GET", "sessions"),
        ("POST", "logout"),
        ("POST", "change-password"),
        ("POST", "media-token"),
    ):
        answer = await http.request(method, f"/api/auth/{path}", headers=alice)
        check_problem(answer, 401, "invalid_token")


async def test_it_is_over_for_itself_alone_and_in_no_list(
    http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    phone, desk = await sign_up(http), await log_in(http)
    memory.clock.advance(minutes=50)
    assert (await http.get("/api/auth/me", headers=desk)).status_code == 200
    await settled(ports)
    sessions = (await http.get("/api/auth/sessions", headers=desk)).json()["sessions"]
    keys = {"id", "created_at", "expires_at", "ip", "user_agent", "is_current"}
    assert [session.keys() for session in sessions] == [keys, keys]
    memory.clock.advance(minutes=50)
    sessions = (await http.get("/api/auth/sessions", headers=desk)).json()["sessions"]
    assert [session["is_current"] for session in sessions] == [True]
    assert (await http.get("/api/auth/me", headers=phone)).status_code == 401
    assert (await http.post("/api/auth/logout", headers=desk)).status_code == 200
    assert (await http.get("/api/auth/me", headers=desk)).status_code == 401


async def test_where_it_is_off_a_session_may_go_unused_for_days(
    client_over: ClientOver, ports: Ports, memory: MemoryPorts
) -> None:
    http = client_over(ports)
    alice = await sign_up(http)
    memory.clock.advance(days=6)
    assert (await http.get("/api/auth/me", headers=alice)).status_code == 200
    await settled(ports)
    async with ports.unit_of_work.snapshot() as repositories:
        user = await repositories.users.by_email(ALICE["email"])
        assert user
        (session,) = await repositories.sessions.of_user(user, 10)
    assert session.last_used_at is None
