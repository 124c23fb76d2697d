"""A verifier over our own service: whatever ends a session there, its tokens are refused here."""

import asyncio
from collections.abc import Callable, Iterator

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, Ports, UserId, change_user, create_api_key_for
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.verifier import InvalidTokenError, Verifier
from tests.http.wire.serving import HOST, serving
from tests.verifier.minting import Key, jwks

KEY = Key()
ROOT, ALICE = ({"name": name, "email": f"{name}@example.com", "password": "secret"} for name in ("root", "alice"))


def publishing(app: ASGIApp) -> ASGIApp:
    """Returns the application with a set of keys, whatever it signs with."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_for_keys = scope["path"] == "/.well-known/jwks.json"
        await (Response(jwks(KEY)) if is_for_keys else app)(scope, receive, send)

    return answer


@pytest.fixture
def http(memory: MemoryPorts) -> Iterator[httpx2.Client]:
    with (
        serving(publishing(create_app(memory)), "h11") as served,
        httpx2.Client(base_url=f"http://{HOST}:{served.port}") as client,
    ):
        yield client


async def prepare(user_id: UserId, ports: Ports) -> str:
    """Makes somebody an admin; returns an API key of theirs."""
    await change_user(Actor.operator(), user_id, {"role": "admin"}, ports=ports)
    return (await create_api_key_for(user_id, "orders", ["revocations"], ports=ports)).secret


def log_out(http: httpx2.Client, bearer: dict[str, str], root: dict[str, str], user_id: str) -> None:
    http.post("/api/auth/logout", headers=bearer)


def suspend(http: httpx2.Client, bearer: dict[str, str], root: dict[str, str], user_id: str) -> None:
    http.patch(f"/api/admin/users/{user_id}", json={"status": "suspended"}, headers=root)


def delete(http: httpx2.Client, bearer: dict[str, str], root: dict[str, str], user_id: str) -> None:
    http.delete(f"/api/admin/users/{user_id}", headers=root)


@pytest.mark.parametrize("end", [log_out, suspend, delete])
def test_what_ends_a_session_there_ends_its_tokens_here(
    http: httpx2.Client, memory: MemoryPorts, end: Callable[..., None]
) -> None:
    root, alice = (http.post("/api/auth/signup", json=body).json() for body in (ROOT, ALICE))
    root_id, alice_id = UserId(root["user"]["id"]), UserId(alice["user"]["id"])
    secret = asyncio.run(prepare(root_id, memory))
    of_root, of_alice = ({"Authorization": f"Bearer {each['token']}"} for each in (root, alice))
    sessions = {each.user_id: each.id for each in memory.unit_of_work.tables.sessions.values()}
    others, mine = (KEY.token(sessions[user_id], sub=user_id) for user_id in (root_id, alice_id))
    with Verifier(str(http.base_url), api_key=secret) as verifier:
        verifier.wait_until_ready(20)
        assert verifier.verify(mine).user_id == alice_id
        end(http, of_alice, of_root, alice_id)
        learning = verifier.engine.start()
        with learning.news:
            assert learning.news.wait_for(lambda: sessions[alice_id] in learning.feed.revoked.sessions, 20)
        with pytest.raises(InvalidTokenError, match="session ended"):
            verifier.verify(mine)
        assert verifier.verify(others).user_id == root_id
