"""The routes over a world in memory: the fixture `auth` comes from leadnator_auth's own pytest plugin."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from app import build
from starlette.testclient import TestClient

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, create_user, log_in

OPERATOR = Actor.operator()


@pytest.fixture
def client(auth: MemoryPorts) -> Iterator[TestClient]:
    with TestClient(build(lambda: nullcontext(auth))) as client:
        yield client


async def token_of(auth: MemoryPorts, name: str, *, is_admin: bool) -> str:
    email = f"{name.lower()}@example.com"
    await create_user(OPERATOR, name, email, "correct horse", is_admin=is_admin, ports=auth)
    return (await log_in(email, "correct horse", ports=auth)).token


def test_the_dependency_knows_the_user(auth: MemoryPorts, client: TestClient) -> None:
    token = asyncio.run(token_of(auth, "Alice", is_admin=False))
    answer = client.get("/notes", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"owner": "Alice"}
    assert client.get("/notes").json()["code"] == "missing_token"
    assert client.get("/notes", headers={"Authorization": "Bearer x"}).json()["code"] == "invalid_token"
    assert client.get("/").json() == {"welcome": "stranger"}


def test_what_is_for_administrators_is_for_them_alone(auth: MemoryPorts, client: TestClient) -> None:
    for name, is_admin, status in (("Alice", False, 403), ("Root", True, 200)):
        token = asyncio.run(token_of(auth, name, is_admin=is_admin))
        answer = client.get("/statistics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
