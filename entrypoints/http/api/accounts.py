"""The five calls of the contract: sign-up, log-in, who one is, and a forgotten password."""

from collections.abc import Mapping
from functools import partial
from json.encoder import encode_basestring as _quoted

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    AccountSuspendedError,
    EmailNotVerifiedError,
    EmailTakenError,
    InvalidCredentialsError,
    InvalidResetTokenError,
    OverloadedError,
    SecondFactorRequiredError,
    SignedIn,
    SignUpClosedError,
    TooManyRequestsError,
    UnavailableError,
    User,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.entrypoints.http.context import client_of, done, identified_by_any, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.security_events import log_event
from leadnator_auth.entrypoints.views import user_view


async def post_sign_up(request: Request) -> Response:
    """POST /api/auth/signup"""
    name, email, password = await read_fields(request, "name", "email", "password")
    signed_in = await sign_up(name, email, password, client_of(request), ports=ports_of(request))
    user = _view(signed_in.user, "id", "name", "email", "role", "plan", "status")
    return JSONResponse({"token": signed_in.token, "user": user})


async def post_log_in(request: Request) -> Response:
    """POST /api/auth/login"""
    email, password = await read_fields(request, "email", "password")
    signed_in = await log_in(email, password, client_of(request), ports=ports_of(request))
    return logged_in(signed_in)


def logged_in(signed_in: SignedIn) -> Response:
    """Returns what answers a log-in, whatever the way in."""
    return JSONResponse({"token": signed_in.token, "user": _view(signed_in.user, "id", "name", "role")})


async def get_me(request: Request) -> Response:
    """GET /api/auth/me"""
    user = (await identified_by_any(request)).user
    # What every other service asks for all the time: half of answering it would be a general encoder's work.
    content = (
        f'{{"user":{{"id":{_quoted(user.id)},"name":{_quoted(user.name)},"email":{_quoted(user.email.typed)},'
        f'"role":{_quoted(user.role.value)},"plan":{_quoted(user.plan)}}}}}'
    )
    return _WrittenJson(content)


class _WrittenJson(Response):
    """JSON that is a text already; a Response for anything takes three times as long to make."""

    def __init__(self, content: str) -> None:
        self.status_code = 200
        self.background = None
        self.body = content.encode()
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), (b"content-type", b"application/json")]


async def post_forgot_password(request: Request) -> Response:
    """POST /api/auth/forgot-password"""
    (email,) = await read_fields(request, "email")
    await request_password_reset(email, client_of(request), ports=ports_of(request))
    log_event(request, "link_requested")
    return done()


async def post_reset_password(request: Request) -> Response:
    """POST /api/auth/reset-password"""
    token, password, revoke_all = await read_fields(request, "token", "password", "revoke_all")
    await reset_password(token, password, client_of(request), revoke_all=revoke_all, ports=ports_of(request))
    return done()


def _view(user: User, *members: str) -> dict[str, str | bool]:
    view = user_view(user)
    return {member: view[member] for member in members}


GROUP = "Authentication"
_ALICE = {"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}
LOGGED_IN = schemas.closed({"token": schemas.TOKEN, "user": schemas.user("id", "name", "role", title="UserSummary")})
NOT_ADMITTED = (AccountSuspendedError, EmailNotVerifiedError, TooManyRequestsError, UnavailableError)
"""What each way in may answer, whatever proof it takes."""
EXAMPLE_LOG_IN: Mapping[str, object] = {
    "token": "eyJhbGciOi…",
    "user": {"id": "u_123", "name": "Alice", "role": "user"},
}

operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/signup",
        handler=post_sign_up,
        summary="Create a new user and return a 7-day JWT.",
        body={"name": schemas.NAME, "email": schemas.EMAIL, "password": schemas.NEW_PASSWORD},
        example_body=_ALICE,
        success=schemas.closed(
            {
                "token": schemas.TOKEN,
                "user": schemas.user("id", "name", "email", "role", "plan", "status", title="User"),
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
        refusals=(SignUpClosedError, EmailTakenError, TooManyRequestsError, OverloadedError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/login",
        handler=post_log_in,
        summary="Exchange email + password for a JWT.",
        body={"email": schemas.EMAIL, "password": schemas.PASSWORD},
        example_body={"email": _ALICE["email"], "password": _ALICE["password"]},
        success=LOGGED_IN,
        example_answer=EXAMPLE_LOG_IN,
        refusals=(
            InvalidCredentialsError,
            AccountSuspendedError,
            EmailNotVerifiedError,
            SecondFactorRequiredError,
            TooManyRequestsError,
            OverloadedError,
            UnavailableError,
        ),
    ),
    operation(
        method="GET",
        path="/api/auth/me",
        handler=get_me,
        summary="Return the logged-in user. Use to verify a stored token is still valid.",
        success=schemas.closed({"user": schemas.user("id", "name", "email", "role", "plan", title="UserProfile")}),
        example_answer={
            "user": {
                "id": "u_123",
                "name": "Alice",
                "email": "alice@example.com",
                "role": "user",
                "plan": "Growth",
            }
        },
        needs_token=True,
        for_api_keys=True,
    ),
    operation(
        method="POST",
        path="/api/auth/forgot-password",
        handler=post_forgot_password,
        summary="Email a password-reset link (via system SMTP).",
        body={"email": schemas.EMAIL},
        example_body={"email": _ALICE["email"]},
        refusals=(TooManyRequestsError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/reset-password",
        handler=post_reset_password,
        summary="Apply a new password given a valid reset token.",
        body={
            "token": schemas.RESET_TOKEN,
            "password": schemas.NEW_PASSWORD,
            "revoke_all": schemas.or_null(schemas.REVOKE_ALL),
        },
        optional=("revoke_all",),
        example_body={"token": "reset_xyz…", "password": "new-password"},
        variables={"token": "RESET_TOKEN"},
        refusals=(InvalidResetTokenError, TooManyRequestsError, OverloadedError, UnavailableError),
    ),
)
