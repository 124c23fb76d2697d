"""A note on one's own account over HTTP, on every store."""

import httpx2
import pytest

from leadnator_auth.domain import EventType, Ports
from leadnator_auth.domain.entities.event import EventFilter

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> dict[str, str]:
    """The headers of Alice, who has signed up."""
    answer = await http.post("/api/auth/signup", json=ALICE)
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_a_note_is_there_once_it_was_written(
    http: httpx2.AsyncClient, ports: Ports, alice: dict[str, str]
) -> None:
    assert (await http.get("/api/auth/note", headers=alice)).json() == {"note": None}
    written = await http.post("/api/auth/note", json={"text": "Call before noon."}, headers=alice)
    assert written.json()["note"]["text"] == "Call before noon."
    assert (await http.get("/api/auth/note", headers=alice)).json() == written.json()
    async with ports.unit_of_work.snapshot() as repositories:
        events = await repositories.events.latest(EventFilter(type=EventType.NOTE_WRITTEN), 10, None)
    assert len(events) == 1


@pytest.mark.parametrize("text", ["", " ", "x" * 501, 5])
async def test_a_bad_note_is_refused(http: httpx2.AsyncClient, alice: dict[str, str], text: object) -> None:
    answer = await http.post("/api/auth/note", json={"text": text}, headers=alice)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["text"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_note_is_its_owners(http: httpx2.AsyncClient, method: str) -> None:
    assert (await http.request(method, "/api/auth/note")).json()["code"] == "missing_token"
