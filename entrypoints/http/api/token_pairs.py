"""The calls for pairs of tokens: a short access token, and a refresh token for the next pair."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import TokenPair, are_token_pairs_on, issue_token_pair, refresh_token_pair
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import (
    EmailNotVerifiedError,
    InvalidRefreshTokenError,
    NotFoundError,
    TokenPairExistsError,
    UnavailableError,
)
from leadnator_auth.entrypoints.http.context import client_of, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.views import rfc3339


async def post_token_pair(request: Request) -> Response:
    """POST /api/auth/token-pair"""
    _require_it(request)
    identity = await identified(request)
    return _answer(await issue_token_pair(identity, ports=ports_of(request)))


async def post_refresh(request: Request) -> Response:
    """POST /api/auth/refresh"""
    _require_it(request)
    (refresh_token,) = await read_fields(request, "refresh_token")
    return _answer(await refresh_token_pair(refresh_token, client_of(request), ports=ports_of(request)))


def _require_it(request: Request) -> None:
    """Says that nothing is here, whatever was sent, before any of it is read."""
    if not are_token_pairs_on(ports=ports_of(request)):
        raise NotFoundError


def _answer(pair: TokenPair) -> Response:
    return JSONResponse(
        {
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
            "refresh_expires_at": rfc3339(pair.refresh_expires_at),
        }
    )


GROUP = "Token pairs"
_PAIR = schemas.closed(
    {
        "access_token": schemas.TOKEN,
        "token_type": {"type": "string", "const": "Bearer"},
        "expires_in": {"type": "integer", "minimum": 1, "description": "In seconds.", "examples": [300]},
        "refresh_token": schemas.REFRESH_TOKEN,
        "refresh_expires_at": schemas.INSTANT,
    },
    title="TokenPair",
)
_EXAMPLE = {
    "access_token": "eyJhbGciOi…",
    "token_type": "Bearer",
    "expires_in": 300,
    "refresh_token": "refresh_xyz…",
    "refresh_expires_at": "2026-01-08T12:00:00Z",
}

operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/token-pair",
        handler=post_token_pair,
        name="create_token_pair",
        summary="Exchange the token of a log-in for a pair; that token stops working at once.",
        success=_PAIR,
        example_answer=_EXAMPLE,
        refusals=(NotFoundError, TokenPairExistsError),
        needs_token=True,
    ),
    operation(
        method="POST",
        path="/api/auth/refresh",
        handler=post_refresh,
        name="refresh_token_pair",
        summary="Exchange a refresh token for the next pair; one that was replaced before ends the session.",
        body={"refresh_token": schemas.REFRESH_TOKEN},
        example_body={"refresh_token": "refresh_xyz…"},
        variables={"refresh_token": "REFRESH_TOKEN"},
        success=_PAIR,
        example_answer=_EXAMPLE,
        refusals=(
            NotFoundError,
            InvalidRefreshTokenError,
            EmailNotVerifiedError,
            TooManyRequestsError,
            UnavailableError,
        ),
    ),
)
