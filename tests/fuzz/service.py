"""The application in process, with a loop of its own: Hypothesis runs many examples in one test, fixtures one."""

import asyncio
import json
from typing import Any

import attrs
import httpx2

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import Limits, Policy, Ports, User
from leadnator_auth.domain.ports import PasswordHasher
from leadnator_auth.entrypoints.http import create_app

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
JSON = {"Content-Type": "application/json"}
FIELDS: dict[str, dict[str, str]] = {
    "signup": {"name": "Bob", "email": "bob@example.com", "password": "second-password"},
    "login": {"email": ALICE["email"], "password": ALICE["password"]},
    "forgot-password": {"email": ALICE["email"]},
    "reset-password": {"token": "reset_" + "A" * 43, "password": "second-password"},
    "change-password": {"current_password": ALICE["password"], "password": "second-password"},
    "media-token": {"path": "/media/42"},
}
"""A good body of every call that takes one."""


class Service:
    """The application over a world in memory, with the e-mail syntax and the tokens of production and no limits."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._runner = asyncio.Runner()
        self._app = create_app()
        self._hasher = hasher
        self._client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self._app, client=("192.0.2.1", 40000)), base_url="http://auth.test"
        )
        self.memory: MemoryPorts
        self.start_over()

    def start_over(self) -> None:
        """Begins a new, empty world."""
        self.memory = attrs.evolve(
            memory_ports(policy=Policy(limits=Limits.none())),
            emails=ValidatedEmailSyntax(),
            tokens=JwtTokens(["s" * 32]),
        )
        members: dict[str, Any] = attrs.asdict(self.memory, recurse=False)  # ports of whatever kind
        self._app.state.ports = Ports(**members | {"hasher": self._hasher or self.memory.hasher})

    def close(self) -> None:
        """Ends the client and its loop."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    @property
    def users(self) -> list[User]:
        """Every account, in the order of sign-up."""
        return list(self.memory.unit_of_work.tables.users.values())

    def send(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | list[tuple[bytes, bytes]] = JSON
    ) -> httpx2.Response:
        """Returns the answer to any request."""
        return self._runner.run(self._client.request(method, path, content=content, headers=headers))

    def post(self, call: str, body: object, token: str | None = None) -> httpx2.Response:
        """Returns the answer to a body of JSON; a text is sent as it is, for it may be what JSON cannot say."""
        content = body if isinstance(body, str) else json.dumps(body)
        headers = JSON if token is None else JSON | {"Authorization": f"Bearer {token}"}
        return self.send("POST", f"/api/auth/{call}", content.encode("utf-8", "surrogatepass"), headers)

    def sign_up(self, **fields: str) -> str:
        """Returns the token of a new account."""
        answer = self.post("signup", ALICE | fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def me(self, token: str) -> dict[str, str]:
        """Returns what an account shows of itself."""
        answer = self.send("GET", "/api/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        user: dict[str, str] = answer.json()["user"]
        return user


def check_answer(answer: httpx2.Response) -> str | None:
    """Returns the code of a problem or None for a success; asserts that it is one of them, with safe headers."""
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.status_code == 200:
        assert answer.headers["Content-Type"] == "application/json"
        assert isinstance(answer.json(), dict)
        return None
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() - {"errors"} == {"type", "title", "status", "detail", "code"}
    assert problem["status"] == answer.status_code != 422
    assert ("errors" in problem) == (problem["code"] in ("missing_fields", "invalid_fields"))
    for error in problem.get("errors", []):
        assert error.keys() == {"field", "code", "message"}
    return str(problem["code"])
