"""The calls to log in with a code that is mailed; where that is off, there are none."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import is_code_log_in_on, log_in_with_code, request_login_code
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import (
    AccountSuspendedError,
    InvalidCodeError,
    NotFoundError,
    SecondFactorRequiredError,
    UnavailableError,
)
from leadnator_auth.entrypoints.http.api.accounts import EXAMPLE_LOG_IN, LOGGED_IN, logged_in
from leadnator_auth.entrypoints.http.context import client_of, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.security_events import log_event
from leadnator_auth.entrypoints.views import rfc3339


async def post_log_in_code(request: Request) -> Response:
    """POST /api/auth/login/code"""
    _require_it(request)
    (email,) = await read_fields(request, "email")
    challenge = await request_login_code(email, client_of(request), ports=ports_of(request))
    log_event(request, "code_requested")
    return JSONResponse({"challenge": challenge.secret, "expires_at": rfc3339(challenge.expires_at)})


async def post_log_in_code_confirm(request: Request) -> Response:
    """POST /api/auth/login/code/confirm"""
    _require_it(request)
    challenge, code = await read_fields(request, "challenge", "code")
    return logged_in(await log_in_with_code(challenge, code, client_of(request), ports=ports_of(request)))


def _require_it(request: Request) -> None:
    """Says that nothing is here, whatever was sent, before any of it is read."""
    if not is_code_log_in_on(ports=ports_of(request)):
        raise NotFoundError


GROUP = "Log-in by code"

operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/login/code",
        handler=post_log_in_code,
        summary="Mail a code of six digits to log in with; at most 5 an hour leave.",
        body={"email": schemas.EMAIL},
        example_body={"email": "alice@example.com"},
        success=schemas.closed({"challenge": schemas.CODE_CHALLENGE, "expires_at": schemas.INSTANT}),
        example_answer={"challenge": "code_xyz…", "expires_at": "2026-01-01T12:10:00Z"},
        refusals=(NotFoundError, TooManyRequestsError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/login/code/confirm",
        handler=post_log_in_code_confirm,
        summary="Exchange the challenge + the mailed code for a JWT.",
        body={"challenge": schemas.CODE_CHALLENGE, "code": schemas.CODE},
        example_body={"challenge": "code_xyz…", "code": "907316"},
        variables={"challenge": "CHALLENGE", "code": "CODE"},
        success=LOGGED_IN,
        example_answer=EXAMPLE_LOG_IN,
        refusals=(
            NotFoundError,
            InvalidCodeError,
            AccountSuspendedError,
            SecondFactorRequiredError,
            TooManyRequestsError,
            UnavailableError,
        ),
    ),
)
