"""A client for tests, which speaks to the application in process."""

from typing import Any

import httpx2

from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.http.app import create_app

__all__ = ["AuthClient"]


class AuthClient(httpx2.AsyncClient):
    """An httpx2.AsyncClient of the application over these ports; it need not be closed.

    Its requests come from whoever signed up or logged in through it last, until `forget`.
    """

    def __init__(self, ports: Ports, *, base_url: str = "http://auth.test") -> None:
        super().__init__(transport=httpx2.ASGITransport(create_app(ports)), base_url=base_url)

    async def sign_up(
        self, email: str = "alice@example.com", *, name: str = "Alice", password: str = "correct horse"
    ) -> str:
        """Makes an account and returns the token of its first session; later requests send it.

        Raises: httpx2.HTTPStatusError, whose `response` says what was wrong.
        """
        return await self._open("/api/auth/signup", {"name": name, "email": email, "password": password})

    async def log_in(self, email: str = "alice@example.com", *, password: str = "correct horse") -> str:
        """Opens a session and returns its token; later requests send it.

        Raises: httpx2.HTTPStatusError, whose `response` says what was wrong.
        """
        return await self._open("/api/auth/login", {"email": email, "password": password})

    async def me(self) -> dict[str, Any]:  # JSON of our own making
        """Returns the user whose token is sent.

        Raises: httpx2.HTTPStatusError when no good token is sent.
        """
        answer = await self.get("/api/auth/me")
        user: dict[str, Any] = answer.raise_for_status().json()["user"]
        return user

    def forget(self) -> None:
        """Stops sending a token; the session lives on."""
        self.headers.pop("Authorization", None)

    async def _open(self, path: str, body: dict[str, str]) -> str:
        answer = await self.post(path, json=body)
        token: str = answer.raise_for_status().json()["token"]
        self.headers["Authorization"] = f"Bearer {token}"
        return token
