"""The views over a world in memory, by WSGI and by ASGI: `auth` comes from leadnator_auth's pytest plugin."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import nullcontext

import django
import pytest
from django.test import AsyncClient, Client, override_settings

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.entrypoints.embedding import SyncBridge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()
ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}


@pytest.fixture(autouse=True)
def world(auth: MemoryPorts) -> Iterator[MemoryPorts]:
    with SyncBridge(lambda: nullcontext(auth)) as bridge, override_settings(LEADNATOR_AUTH_BRIDGE=bridge):
        yield auth


def test_by_wsgi_who_logged_in_is_known_until_they_log_out() -> None:
    client = Client()
    client.post("/signup", ALICE)
    token = client.post("/login", ALICE).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/profile", headers=headers).json() == {"name": "Alice"}
    assert client.get("/statistics", headers=headers).status_code == 403
    client.post("/logout", headers=headers)
    assert client.get("/profile", headers=headers).status_code == 401


def test_by_asgi_it_is_the_same() -> None:
    async def visit() -> list[int]:
        client = AsyncClient()
        token = (await client.post("/signup", ALICE)).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        paths = ("/profile", "/statistics")
        answers = [(await client.get(path, headers=headers)).status_code for path in paths]
        answers.append((await client.post("/logout", headers=headers)).status_code)
        return [*answers, (await client.get("/profile", headers=headers)).status_code]

    assert asyncio.run(visit()) == [200, 403, 200, 401]


def test_refusals_are_problems() -> None:
    client = Client()
    client.post("/signup", ALICE)
    for path, form, status, code in (
        ("/signup", ALICE, 409, "email_taken"),
        ("/signup", {"name": "Al"}, 400, "missing_fields"),
        ("/login", ALICE | {"password": "wrong"}, 401, "invalid_credentials"),
    ):
        answer = client.post(path, form)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["code"] == code
