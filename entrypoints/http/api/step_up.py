"""The call that proves once more, in a session that goes on, that the account is one's own."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import step_up
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import InvalidCodeError, InvalidCredentialsError, OverloadedError, UnavailableError
from leadnator_auth.entrypoints.http.api.sessions import GROUP
from leadnator_auth.entrypoints.http.context import client_of, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import BAD_BODY, BAD_TOKEN, Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.security_events import log_event
from leadnator_auth.entrypoints.views import rfc3339


async def post_step_up(request: Request) -> Response:
    """POST /api/auth/step-up"""
    identity = await identified(request)
    current_password, code = await read_fields(request, "current_password", "code")
    expires_at = await step_up(identity, current_password, client_of(request), code=code, ports=ports_of(request))
    log_event(request, "stepped_up", user=identity.user.id)
    return JSONResponse({"ok": True, "expires_at": rfc3339(expires_at)})


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/step-up",
        handler=post_step_up,
        summary="Give the password once more, or a code of the second factor, for what asks for a recent proof.",
        group=GROUP,
        body={"current_password": schemas.PASSWORD, "code": schemas.FACTOR_CODE},
        optional=("current_password", "code"),
        example_body={"current_password": "minimum-6-chars"},
        success=schemas.closed({"ok": {"type": "boolean", "const": True}, "expires_at": schemas.INSTANT}),
        example_answer={"ok": True, "expires_at": "2026-01-01T12:10:00Z"},
        refusals=(
            *BAD_BODY,
            *BAD_TOKEN,
            InvalidCredentialsError,
            InvalidCodeError,
            TooManyRequestsError,
            OverloadedError,
            UnavailableError,
        ),
        needs_token=True,
        for_unverified=True,
    ),
)
