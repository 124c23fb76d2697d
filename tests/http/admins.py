"""An admin and their calls, for the tests of administration."""

from typing import Any

import attrs
import httpx2

from leadnator_auth.domain import Actor, Ports, UserId, change_user

Json = Any  # JSON is of any type


@attrs.frozen
class Caller:
    """Somebody who is logged in."""

    http: httpx2.AsyncClient
    id: str
    token: str

    async def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Returns the answer to a request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, **query: Json) -> httpx2.Response:
        return await self.send("GET", f"/api/admin/{path}", params=query)

    async def patch(self, user_id: str, body: Json) -> httpx2.Response:
        return await self.send("PATCH", f"/api/admin/users/{user_id}", json=body)

    async def delete(self, user_id: str) -> httpx2.Response:
        return await self.send("DELETE", f"/api/admin/users/{user_id}")


async def signed_up(http: httpx2.AsyncClient, name: str) -> Caller:
    """Returns a new user."""
    body = {"name": name, "email": f"{name}@example.com", "password": "secret"}
    answer = await http.post("/api/auth/signup", json=body)
    return Caller(http, answer.json()["user"]["id"], answer.json()["token"])


async def an_admin(http: httpx2.AsyncClient, ports: Ports, name: str = "root") -> Caller:
    """Returns a new admin."""
    caller = await signed_up(http, name)
    await change_user(Actor.operator(), UserId(caller.id), {"role": "admin"}, ports=ports)
    return caller
