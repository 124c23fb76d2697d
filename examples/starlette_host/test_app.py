"""The routes over a world in memory: the fixture `auth` comes from leadnator_auth's own pytest plugin."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from app import build
from starlette.testclient import TestClient

from leadnator_auth.adapters.memory import MemoryPorts


@pytest.fixture
def browser(auth: MemoryPorts) -> Iterator[TestClient]:
    with TestClient(build(lambda: nullcontext(auth))) as client:
        yield client


@pytest.fixture
def token(browser: TestClient) -> str:
    answer = browser.post(
        "/accounts/api/auth/signup",
        json={"name": "Alice", "email": "alice@example.com", "password": "correct horse"},
    )
    token: str = answer.json()["token"]
    return token


def test_a_page_for_users_greets_them_and_nobody_else(browser: TestClient, token: str) -> None:
    answer = browser.get("/dashboard", headers={"Authorization": f"Bearer {token}"})
    assert answer.text == "Hello Alice\n"
    assert browser.get("/dashboard").json()["code"] == "missing_token"


def test_a_media_token_opens_the_file_it_was_made_for(browser: TestClient, token: str, auth: MemoryPorts) -> None:
    answer = browser.post(
        "/accounts/api/auth/media-token",
        json={"path": "/media/cat.png"},
        headers={"Authorization": f"Bearer {token}"},
    )
    media_token = answer.json()["token"]
    assert browser.get("/media/cat.png", params={"token": media_token}).text == "cat.png for Alice\n"
    assert browser.get("/media/dog.png", params={"token": media_token}).status_code == 401
    auth.clock.advance(minutes=10)
    assert browser.get("/media/cat.png", params={"token": media_token}).status_code == 401
