"""The calls to log in with a passkey, and what browsers ask for where pages of other origins may do so, too."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import log_in_with_passkey, request_passkey_log_in
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import InvalidChallengeError, InvalidPasskeyError, NotFoundError, UnavailableError
from leadnator_auth.entrypoints.http.api.accounts import EXAMPLE_LOG_IN, LOGGED_IN, NOT_ADMITTED, logged_in
from leadnator_auth.entrypoints.http.api.passkeys import (
    CREDENTIAL,
    EXAMPLE_CREDENTIAL,
    EXAMPLE_OPTIONS,
    GROUP,
    asked,
    asked_with,
    challenge_with,
    require_them,
)
from leadnator_auth.entrypoints.http.context import client_of, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields


async def post_log_in_passkey_options(request: Request) -> Response:
    """POST /api/auth/login/passkey/options"""
    require_them(request)
    return asked(await request_passkey_log_in(client_of(request), ports=ports_of(request)))


async def post_log_in_passkey(request: Request) -> Response:
    """POST /api/auth/login/passkey"""
    require_them(request)
    challenge_id, credential = await read_fields(request, "challenge_id", "credential")
    ports = ports_of(request)
    return logged_in(await log_in_with_passkey(challenge_id, credential, client_of(request), ports=ports))


async def get_related_origins(request: Request) -> Response:
    """GET /.well-known/webauthn (WebAuthn Level 3 section 5.11)"""
    passkeys = ports_of(request).passkeys
    origins = passkeys.related_origins if passkeys else ()
    if not origins:
        raise NotFoundError
    return JSONResponse({"origins": list(origins)})


_CHALLENGE = challenge_with("passkey")

operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/login/passkey/options",
        handler=post_log_in_passkey_options,
        name="request_passkey_log_in",
        summary="Get what a browser asks for a passkey with, whosever it will be.",
        success=asked_with(_CHALLENGE),
        example_answer={
            "challenge_id": "passkey_xyz…",
            "options": EXAMPLE_OPTIONS,
            "expires_at": "2026-01-01T12:05:00Z",
        },
        refusals=(NotFoundError, TooManyRequestsError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/login/passkey",
        handler=post_log_in_passkey,
        name="log_in_with_passkey",
        summary="Exchange the answer of an authenticator for a JWT; nobody is asked for a second factor.",
        body={"challenge_id": _CHALLENGE, "credential": CREDENTIAL},
        example_body={"challenge_id": "passkey_xyz…", "credential": EXAMPLE_CREDENTIAL},
        success=LOGGED_IN,
        example_answer=EXAMPLE_LOG_IN,
        refusals=(NotFoundError, InvalidChallengeError, InvalidPasskeyError, *NOT_ADMITTED),
    ),
    operation(
        method="GET",
        path="/.well-known/webauthn",
        handler=get_related_origins,
        name="related_origins",
        summary="Tell browsers which pages of other origins may ask for the passkeys of this domain.",
        success=schemas.closed(
            {"origins": {"type": "array", "items": {"type": "string"}, "examples": [["https://app.example.org"]]}}
        ),
        example_answer={"origins": ["https://app.example.org"]},
        refusals=(NotFoundError,),
    ),
)
