"""A person with an authenticator before the calls for passkeys."""

from typing import Any

import attrs
import httpx2

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.domain import Ports
from leadnator_auth.testing import VirtualAuthenticator
from tests.http.admins import Caller

RP_ID = "auth.test"
ORIGINS = ("https://auth.test", "https://app.example.org")
Json = dict[str, Any]  # JSON: any value at any key


def with_passkeys(ports: Ports) -> Ports:
    """Returns the world with passkeys on."""
    return attrs.evolve(ports, passkeys=Fido2Passkeys(RP_ID, "Example", ORIGINS))


@attrs.define
class Device:
    """An authenticator, and a browser that calls."""

    http: httpx2.AsyncClient
    authenticator: VirtualAuthenticator = attrs.Factory(VirtualAuthenticator)

    async def made(self, caller: Caller) -> Json:
        """Returns what is to be sent to add a new passkey."""
        asked = (await caller.send("POST", "/api/auth/passkeys/registration/options")).json()
        return {"challenge_id": asked["challenge_id"], "credential": self.authenticator.create(asked["options"])}

    async def add(self, caller: Caller, **more: object) -> httpx2.Response:
        """Returns the answer to adding a new passkey."""
        return await caller.send("POST", "/api/auth/passkeys", json=await self.made(caller) | more)

    async def added(self, caller: Caller, **more: object) -> str:
        """Returns the id of a new passkey."""
        answer = await self.add(caller, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["passkey"]["id"])

    async def used(self) -> Json:
        """Returns what is to be sent to log in."""
        asked = (await self.http.post("/api/auth/login/passkey/options")).json()
        return {"challenge_id": asked["challenge_id"], "credential": self.authenticator.get(asked["options"])}

    async def log_in(self) -> httpx2.Response:
        """Returns the answer to a log-in."""
        return await self.http.post("/api/auth/login/passkey", json=await self.used())

    async def logged_in(self) -> Caller:
        """Returns whoever logged in with it."""
        answer = await self.log_in()
        assert answer.status_code == 200, answer.text
        return Caller(self.http, answer.json()["user"]["id"], answer.json()["token"])
