"""Whoever has no passkey pays nothing for them: what the database is asked is the same with them and without."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Ports
from leadnator_auth.testing import TotpApp
from tests.http.admins import Caller, signed_up
from tests.http.conftest import ClientOver
from tests.http.passkey_device import with_passkeys

Call = Callable[[Caller, str], Awaitable[httpx2.Response]]


async def log_in(caller: Caller, email: str, password: str) -> httpx2.Response:
    return await caller.http.post("/api/auth/login", json={"email": email, "password": password})


CALLS: dict[str, Call] = {
    "a log-in": lambda caller, email: log_in(caller, email, "secret"),
    "a wrong password": lambda caller, email: log_in(caller, email, "wrong"),
    "me": lambda caller, _: caller.send("GET", "/api/auth/me"),
    "a step-up": lambda caller, _: caller.send("POST", "/api/auth/step-up", json={"current_password": "secret"}),
    "a log-out": lambda caller, _: caller.send("POST", "/api/auth/logout"),
}


async def turn_app_on(caller: Caller, memory: MemoryPorts) -> None:
    """Gives an account a second factor, whose code of the moment was never used."""
    app = TotpApp((await caller.send("POST", "/api/auth/totp")).json()["secret"], memory.clock)
    assert (await caller.send("POST", "/api/auth/totp/confirm", json={"code": app.code})).status_code == 200
    memory.clock.advance(minutes=1)


@pytest.mark.parametrize("has_app", [False, True])
@pytest.mark.parametrize("name", CALLS)
async def test_what_the_database_is_asked_does_not_mention_them(
    client_over: ClientOver, ports: Ports, memory: MemoryPorts, statements: list[str], name: str, has_app: bool
) -> None:
    seen = []
    for who, world in (("alice", ports), ("bob", with_passkeys(ports))):
        caller = await signed_up(client_over(world), who)
        if has_app:
            await turn_app_on(caller, memory)
        statements.clear()
        await CALLS[name](caller, f"{who}@example.com")
        seen.append(list(statements))
    assert seen[0] == seen[1]
    assert not [sql for sql in seen[1] if "passkeys" in sql]
