"""The application as its own OpenAPI document describes it: in process, with Alice logged in, and counted."""

import asyncio
import re
import zlib
from collections import Counter
from typing import Any

import schemathesis
from schemathesis import AuthContext, BaseSchema, Case
from schemathesis.python.asgi import ASGIClient, get_client
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from tests.extra.openapi.world import KEY_SECRET, World, new_world

AnyCase = Case[Any]  # of whatever kind of schema
WITH_SCOPE = {operation.path for operation in OPERATIONS if operation.scope}
FEED = "/api/auth/revocations"
FOR_SECOND_FACTOR = ("/api/auth/recovery-codes", "/api/auth/login/second-factor")
"""What only succeeds where the account has one; of the others, every other body is sent where it has."""


class Counted:
    """An application, and how often it answered what; the status None stands for an exception that got out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.statuses: Counter[tuple[str, str, int | None]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self.statuses[scope["method"], _template_of(scope["path"]), status] += 1


class Described:
    """An application that begins each case with the same accounts, and all that they were handed and mailed."""

    def __init__(self) -> None:
        self._world: World = asyncio.run(new_world())
        self.counted = Counted(create_app(self._world.ports))
        self.client: ASGIClient = get_client(self.counted)  # type: ignore[arg-type]  # it has dicts, not mappings

    def prepare(self, case: AnyCase) -> None:
        """Undoes what earlier requests did, and gives the case what nobody guesses; replays choose alike."""
        chosen = zlib.crc32(repr(case.body).encode("utf-8", "replace"))
        has_factor = case.path in FOR_SECOND_FACTOR or chosen % 2 == 1
        tables = self._world.tables_with_second_factor if has_factor else self._world.tables
        self._world.ports.unit_of_work.tables = tables.copy()
        if isinstance(case.body, dict) and chosen // 2 % 3 == 0:
            body = case.body
            fitting = [right for right in self._world.right.get(case.path, ()) if right.keys() <= body.keys()]
            case.body = {**body, **fitting[chosen // 6 % len(fitting)]} if fitting else body
        if case.path == FEED and case.query.get("cursor") != "start":
            case.query = {name: _answered_at_once(name, value) for name, value in case.query.items()}

    def schema(self) -> BaseSchema:
        """Returns the document that the application serves, with Alice's token for what needs one."""
        schema = schemathesis.openapi.from_asgi("/openapi.json", self.counted)
        schema.config.output.sanitization.update(enabled=False)
        token = self._world.token

        @schema.auth(refresh_interval=None)
        class Bearer:
            def get(self, case: AnyCase, context: AuthContext) -> str:
                return KEY_SECRET if case.path in WITH_SCOPE else token

            def set(self, case: AnyCase, data: str, context: AuthContext) -> None:
                case.headers["Authorization"] = f"Bearer {data}"

        return schema


def _answered_at_once(name: str, value: object) -> object:
    """Returns the value of a parameter, but for a time to wait, which would be waited."""
    return 0 if name == "wait" and str(value) in _WAITS else value


_WAITS = {str(seconds) for seconds in range(1, 26)}
_TEMPLATES = {re.compile(re.sub("{[^}]*}", "[^/]*", each.path)): each.path for each in OPERATIONS if "{" in each.path}


def _template_of(path: str) -> str:
    return next((template for pattern, template in _TEMPLATES.items() if pattern.fullmatch(path)), path)
