"""Every operation of the API, once: routes, OpenAPI document and tests are all made from this tuple."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain.errors import (
    AccountSuspendedError,
    AuthError,
    EmailTakenError,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidResetTokenError,
    InvalidTokenError,
    MissingFieldsError,
    OverloadedError,
    UnavailableError,
)
from leadnator_auth.entrypoints.http import handlers, schemas
from leadnator_auth.entrypoints.http.refusals import (
    InvalidJsonError,
    InvalidRequestError,
    MissingTokenError,
    PayloadTooLargeError,
    RequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)
from leadnator_auth.entrypoints.http.schemas import Schema

Handler = Callable[[Request], Awaitable[Response]]
Refusals = tuple[type[AuthError] | type[RequestError], ...]

_BAD_BODY: Refusals = (
    MissingFieldsError,
    InvalidFieldsError,
    InvalidJsonError,
    RequestTimeoutError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)
_BAD_TOKEN: Refusals = (InvalidRequestError, MissingTokenError, InvalidTokenError)


@attrs.frozen(kw_only=True)
class Operation:
    """One method on one path: what it takes, answers and refuses."""

    method: str
    path: str
    handler: Handler
    summary: str
    group: str
    success: Schema
    example_answer: Mapping[str, Any]  # an example is JSON: any value
    body: Mapping[str, Schema] | None = None
    example_body: Mapping[str, Any] | None = None
    refusals: Refusals = ()
    needs_token: bool = False


_ALICE = {"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/signup",
        handler=handlers.post_sign_up,
        summary="Create a new user and return a 7-day JWT.",
        group="Authentication",
        body={"name": schemas.NAME, "email": schemas.EMAIL, "password": schemas.NEW_PASSWORD},
        example_body=_ALICE,
        success=schemas.closed(
            {
                "token": schemas.TOKEN,
                "user": schemas.user("id", "name", "email", "role", "plan", "status"),
            }
        ),
        example_answer={
            "token": "eyJhbGciOi…",
            "user": {
                "id": "u_123",
                "name": "Alice",
                "email": "alice@example.com",
                "role": "user",
                "plan": "Starter",
                "status": "active",
            },
        },
        refusals=(*_BAD_BODY, EmailTakenError, OverloadedError, UnavailableError),
    ),
    Operation(
        method="POST",
        path="/api/auth/login",
        handler=handlers.post_log_in,
        summary="Exchange email + password for a JWT.",
        group="Authentication",
        body={"email": schemas.EMAIL, "password": schemas.PASSWORD},
        example_body={"email": _ALICE["email"], "password": _ALICE["password"]},
        success=schemas.closed({"token": schemas.TOKEN, "user": schemas.user("id", "name", "role")}),
        example_answer={
            "token": "eyJhbGciOi…",
            "user": {"id": "u_123", "name": "Alice", "role": "user"},
        },
        refusals=(
            *_BAD_BODY,
            InvalidCredentialsError,
            AccountSuspendedError,
            OverloadedError,
            UnavailableError,
        ),
    ),
    Operation(
        method="GET",
        path="/api/auth/me",
        handler=handlers.get_me,
        summary="Return the logged-in user. Use to verify a stored token is still valid.",
        group="Authentication",
        success=schemas.closed({"user": schemas.user("id", "name", "email", "role", "plan")}),
        example_answer={
            "user": {
                "id": "u_123",
                "name": "Alice",
                "email": "alice@example.com",
                "role": "user",
                "plan": "Growth",
            }
        },
        refusals=(*_BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="POST",
        path="/api/auth/forgot-password",
        handler=handlers.post_forgot_password,
        summary="Email a password-reset link (via system SMTP).",
        group="Authentication",
        body={"email": schemas.EMAIL},
        example_body={"email": _ALICE["email"]},
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*_BAD_BODY, UnavailableError),
    ),
    Operation(
        method="POST",
        path="/api/auth/reset-password",
        handler=handlers.post_reset_password,
        summary="Apply a new password given a valid reset token.",
        group="Authentication",
        body={"token": schemas.RESET_TOKEN, "password": schemas.NEW_PASSWORD},
        example_body={"token": "reset_xyz…", "password": "new-password"},
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*_BAD_BODY, InvalidResetTokenError, OverloadedError, UnavailableError),
    ),
    Operation(
        method="GET",
        path="/healthz",
        handler=handlers.get_healthz,
        summary="Tell that the process is alive.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
    ),
    Operation(
        method="GET",
        path="/readyz",
        handler=handlers.get_readyz,
        summary="Tell that the database is within reach and its schema current.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(UnavailableError,),
    ),
)
