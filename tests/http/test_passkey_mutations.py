"""What is wrong about an answer of an authenticator is a refusal over HTTP, too, and never a fault of ours."""

from collections.abc import Mapping
from typing import Any

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Limits
from leadnator_auth.testing import VirtualAuthenticator
from tests.adapters.passkeys.forging import CEREMONY, COUNT, Parts
from tests.adapters.passkeys.test_mutations import ASSERTION, BOTH, REGISTRATION, Mutation
from tests.http.admins import Caller, signed_up
from tests.http.conftest import ClientOver

PATH, LOG_IN = "/api/auth/passkeys", "/api/auth/login/passkey"


@pytest.fixture
async def alice(client_over: ClientOver, memory: MemoryPorts) -> Caller:
    """Alice, in a world without limits, where passkeys are on."""
    policy = attrs.evolve(memory.policy, limits=Limits.none(), account_changes=None)
    return await signed_up(client_over(attrs.evolve(memory, passkeys=CEREMONY, policy=policy)), "alice")


def parts_of(device: VirtualAuthenticator, kind: str, challenge: str, caller: Caller) -> Parts:
    """Returns the parts of a good answer by the newest credential of a device."""
    credential = device.credentials[-1]
    origin = f"https://{credential.rp_id}"
    client = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": origin, "crossOrigin": False}
    flags = 0x45 if kind == "create" else 0x05
    key = dict(credential.key_pair.cose())
    return Parts(credential, client, key, flags=flags, user_handle=caller.id.encode())


async def registered(caller: Caller, mutation: Mutation | None) -> tuple[httpx2.Response, VirtualAuthenticator]:
    """Returns the answer to a new passkey, of which something is wrong, and what keeps it."""
    asked = (await caller.send("POST", f"{PATH}/registration/options")).json()
    device = VirtualAuthenticator()
    device.create(asked["options"])
    parts = parts_of(device, "create", asked["options"]["challenge"], caller)
    if mutation:
        mutation(parts)
    body = {"challenge_id": asked["challenge_id"], "credential": parts.registration()}
    return await caller.send("POST", PATH, json=body), device


async def logged_in(caller: Caller, device: VirtualAuthenticator, mutation: Mutation | None, count: int) -> Any:
    """Returns the answer to a log-in of which something is wrong."""
    asked = (await caller.http.post(f"{LOG_IN}/options")).json()
    parts = parts_of(device, "get", asked["options"]["challenge"], caller)
    parts.count = count
    if mutation:
        mutation(parts)
    body = {"challenge_id": asked["challenge_id"], "credential": parts.assertion()}
    return await caller.http.post(LOG_IN, json=body)


def wrongly_answered(answers: Mapping[str, httpx2.Response]) -> dict[str, str]:
    """Returns which of them are not refused as they should be."""
    return {
        name: answer.text[:200]
        for name, answer in answers.items()
        if (answer.status_code, answer.json()["code"]) != _expected(name)
    }


def _expected(name: str) -> tuple[int, str]:
    # A megabyte is over the limit of all bodies.
    return (413, "payload_too_large") if "a megabyte" in name else (401, "invalid_passkey")


async def test_nothing_wrong_is_registered(alice: Caller) -> None:
    answers = {name: (await registered(alice, each))[0] for name, each in {**BOTH, **REGISTRATION}.items()}
    assert len(answers) > 40
    assert wrongly_answered(answers) == {}
    assert (await alice.send("GET", PATH)).json() == {"passkeys": []}
    assert (await registered(alice, None))[0].status_code == 200


async def test_nothing_wrong_logs_in(alice: Caller) -> None:
    _, device = await registered(alice, None)
    answer = await logged_in(alice, device, None, COUNT + 1)
    assert answer.status_code == 200, answer.text
    cases = {**BOTH, **ASSERTION}
    answers = {name: await logged_in(alice, device, each, COUNT + 2) for name, each in cases.items()}
    assert len(answers) > 40
    assert wrongly_answered(answers) == {}
    sessions = (await alice.send("GET", "/api/auth/sessions")).json()["sessions"]
    assert len(sessions) == 2
    assert (await logged_in(alice, device, None, COUNT + 2)).status_code == 200
