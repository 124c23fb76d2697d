"""The views over a world in memory: the fixture `auth` comes from leadnator_auth's own pytest plugin."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from app import build
from flask import Flask

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.embedding import SyncBridge

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}


@pytest.fixture
def app(auth: MemoryPorts) -> Iterator[Flask]:
    with SyncBridge(lambda: nullcontext(auth)) as bridge:
        yield build(bridge)


def test_who_logged_in_is_known_until_they_log_out(app: Flask) -> None:
    client = app.test_client()
    client.post("/signup", data=ALICE)
    token = client.post("/login", data=ALICE).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/profile", headers=headers).json == {"name": "Alice"}
    client.post("/logout", headers=headers)
    assert client.get("/profile", headers=headers).status_code == 401


def test_refusals_have_their_status(app: Flask) -> None:
    client = app.test_client()
    client.post("/signup", data=ALICE)
    assert client.post("/signup", data=ALICE).status_code == 409
    answer = client.post("/signup", data={"name": "Al"})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [error["field"] for error in answer.get_json(force=True)["errors"]] == ["email", "password"]
    assert client.post("/login", data=ALICE | {"password": "wrong"}).status_code == 401


def test_threads_share_the_bridge(app: Flask) -> None:
    with ThreadPoolExecutor(8) as threads:
        forms = [ALICE | {"email": f"user-{number}@example.com"} for number in range(40)]
        answers = list(threads.map(lambda form: app.test_client().post("/signup", data=form), forms))
    assert {answer.status_code for answer in answers} == {200}
