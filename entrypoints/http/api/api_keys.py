"""The calls for one's own API keys, which programs send instead of the token of a log-in."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import create_api_key, list_api_keys, revoke_api_key
from leadnator_auth.domain.entities.api_key import MAX_NAME_LENGTH, Scope
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import ForbiddenError, NotFoundError, StepUpRequiredError, TooManyApiKeysError
from leadnator_auth.entrypoints.http.context import client_of, done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.views import api_key_view


async def get_api_keys(request: Request) -> Response:
    """GET /api/auth/api-keys"""
    keys = await list_api_keys(await identified(request), ports=ports_of(request))
    return JSONResponse({"api_keys": [api_key_view(key) for key in keys]})


async def post_api_key(request: Request) -> Response:
    """POST /api/auth/api-keys"""
    identity = await identified(request)
    name, scopes, expires_at = await read_fields(request, "name", "scopes", "expires_at")
    made = await create_api_key(identity, name, scopes, expires_at, client_of(request), ports=ports_of(request))
    return JSONResponse({"api_key": api_key_view(made.key), "secret": made.secret})


async def delete_api_key(request: Request) -> Response:
    """DELETE /api/auth/api-keys/{id}"""
    await revoke_api_key(await identified(request), request.path_params["id"], ports=ports_of(request))
    return done()


GROUP = "API keys"
_NAME: Schema = {
    **schemas.NAME,
    "maxLength": MAX_NAME_LENGTH,
    "description": "What you call it; counted after trimming.",
    "examples": ["nightly report"],
}
_SCOPES: Schema = {
    "type": "array",
    "items": {"type": "string"},
    "description": f"What it may do besides `me`: {', '.join(f'`{scope}`' for scope in Scope)}, for the keys of admins "
    "alone, and what the host application adds.",
    "examples": [["introspect"]],
}
_EXPIRES_AT: Schema = {
    **schemas.INSTANT,
    "description": "A time of RFC 3339 that is yet to come; null for a key that never expires.",
}
_API_KEY = schemas.closed(
    {
        "id": {"type": "string", "pattern": "^k_", "examples": ["k_123"]},
        "name": _NAME,
        "scopes": _SCOPES,
        "created_at": schemas.INSTANT,
        "expires_at": schemas.or_null(_EXPIRES_AT),
        "last_used_at": schemas.or_null({**schemas.INSTANT, "description": "Known to a minute."}),
    },
    title="ApiKey",
)
_SECRET: Schema = {
    "type": "string",
    "pattern": "^lnk_",
    "description": "What is sent as a Bearer token; it is never shown again.",
}
_EXAMPLE: Mapping[str, object] = {
    "id": "k_123",
    "name": "nightly report",
    "scopes": [],
    "created_at": "2026-01-01T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/api/auth/api-keys",
        handler=get_api_keys,
        name="list_api_keys",
        summary="List your API keys, newest first; expired ones, too.",
        success=schemas.closed({"api_keys": {"type": "array", "items": _API_KEY}}),
        example_answer={"api_keys": [_EXAMPLE]},
    ),
    operation(
        method="POST",
        path="/api/auth/api-keys",
        handler=post_api_key,
        name="create_api_key",
        summary="Make an API key of your account, and return its secret; takes a recent log-in or step-up.",
        body={"name": _NAME, "scopes": schemas.or_null(_SCOPES), "expires_at": schemas.or_null(_EXPIRES_AT)},
        optional=("scopes", "expires_at"),
        example_body={"name": _EXAMPLE["name"]},
        success=schemas.closed({"api_key": _API_KEY, "secret": _SECRET}),
        example_answer={"api_key": _EXAMPLE, "secret": "lnk_…"},
        refusals=(StepUpRequiredError, ForbiddenError, TooManyApiKeysError, TooManyRequestsError),
    ),
    operation(
        method="DELETE",
        path="/api/auth/api-keys/{id}",
        handler=delete_api_key,
        name="revoke_api_key",
        summary="Revoke an API key of yours, at once in force.",
        parameters=(Parameter("id", "path", {"type": "string"}, "k_123", "The id of a key, as the list has it."),),
        refusals=(NotFoundError,),
    ),
)
