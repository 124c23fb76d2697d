"""The call that proves once more, in a session that goes on, that the account is one's own."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import request_passkey_step_up, step_up
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import (
    InvalidChallengeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    NotFoundError,
    OverloadedError,
)
from leadnator_auth.entrypoints.http.api.passkeys import (
    CREDENTIAL,
    EXAMPLE_OPTIONS,
    asked,
    asked_with,
    challenge_with,
    require_them,
)
from leadnator_auth.entrypoints.http.api.sessions import GROUP
from leadnator_auth.entrypoints.http.context import client_of, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.security_events import log_event
from leadnator_auth.entrypoints.views import rfc3339


async def post_step_up(request: Request) -> Response:
    """POST /api/auth/step-up"""
    identity = await identified(request)
    current_password, code, challenge_id, credential = await read_fields(
        request, "current_password", "code", "challenge_id", "credential"
    )
    expires_at = await step_up(
        identity,
        current_password,
        client_of(request),
        code=code,
        challenge_id=challenge_id,
        credential=credential,
        ports=ports_of(request),
    )
    log_event(request, "stepped_up", user=identity.user.id)
    return JSONResponse({"ok": True, "expires_at": rfc3339(expires_at)})


async def post_step_up_options(request: Request) -> Response:
    """POST /api/auth/step-up/options"""
    require_them(request)
    return asked(await request_passkey_step_up(await identified(request), ports=ports_of(request)))


_CHALLENGE = challenge_with("stepup")

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/step-up",
        handler=post_step_up,
        summary="Give the password, a code of the second factor or a passkey for what asks for a recent proof.",
        body={
            "current_password": schemas.or_null(schemas.PASSWORD),
            "code": schemas.or_null(schemas.FACTOR_CODE),
            "challenge_id": schemas.or_null(_CHALLENGE),
            "credential": schemas.or_null(CREDENTIAL),
        },
        optional=("current_password", "code", "challenge_id", "credential"),
        example_body={"current_password": "minimum-6-chars"},
        success=schemas.closed({"ok": {"type": "boolean", "const": True}, "expires_at": schemas.INSTANT}),
        example_answer={"ok": True, "expires_at": "2026-01-01T12:10:00Z"},
        refusals=(
            InvalidCredentialsError,
            InvalidCodeError,
            InvalidChallengeError,
            InvalidPasskeyError,
            NotFoundError,
            TooManyRequestsError,
            OverloadedError,
        ),
        for_unverified=True,
    ),
    operation(
        method="POST",
        path="/api/auth/step-up/options",
        handler=post_step_up_options,
        name="request_passkey_step_up",
        summary="Get what a browser asks for a passkey of the account with, to step up by it; 404 if it has none.",
        success=asked_with(_CHALLENGE),
        example_answer={
            "challenge_id": "stepup_xyz…",
            "options": EXAMPLE_OPTIONS,
            "expires_at": "2026-01-01T12:05:00Z",
        },
        refusals=(NotFoundError, TooManyRequestsError),
        for_unverified=True,
    ),
)
