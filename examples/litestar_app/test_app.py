"""The handlers over a world in memory: the fixture `auth` comes from leadnator_auth's own pytest plugin."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from app import build
from litestar import Litestar
from litestar.testing import TestClient

from leadnator_auth.adapters.memory import MemoryPorts

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}


@pytest.fixture
def client(auth: MemoryPorts) -> Iterator[TestClient[Litestar]]:
    with TestClient(build(lambda: nullcontext(auth))) as client:
        yield client


def test_the_dependency_knows_the_user(client: TestClient[Litestar], auth: MemoryPorts) -> None:
    token = client.post("/accounts/api/auth/signup", json=ALICE).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/orders", headers=headers).json() == {"customer": "Alice"}
    assert client.get("/orders").json() == {"code": "invalid_token"}
    auth.clock.advance(days=8)
    assert client.get("/orders", headers=headers).status_code == 401
