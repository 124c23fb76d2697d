"""The call by which other services ask whether a token is good right now (RFC 7662)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import Introspection, Scope, introspect
from leadnator_auth.domain.entities.access_token import AUDIENCE, ISSUER
from leadnator_auth.entrypoints.http.api.api_keys import GROUP
from leadnator_auth.entrypoints.http.context import ports_of, require_scope
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import FORM, read_parameters


async def post_introspect(request: Request) -> Response:
    """POST /api/auth/introspect"""
    await require_scope(request, Scope.INTROSPECT)
    (token,) = await read_parameters(request, "token")
    found = await introspect(token, ports=ports_of(request))
    return JSONResponse({"active": False} if found is None else _view(found))


def _view(found: Introspection) -> Mapping[str, str | int | bool]:
    view: dict[str, str | int | bool] = {
        "active": True,
        "sub": found.user.id,
        "username": found.user.email.typed,
        "jti": found.token_id,
        "iat": int(found.issued_at.timestamp()),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "token_type": "Bearer",
    }
    if found.expires_at is not None:
        view["exp"] = int(found.expires_at.timestamp())
    if found.session_id is not None:
        view["sid"] = found.session_id
    if found.scopes is not None:
        view["scope"] = " ".join(found.scopes)
    return view


_SECONDS: Schema = {"type": "integer", "description": "In seconds since 1970 (UTC)."}
_ANSWER: Schema = {
    "type": "object",
    "properties": {
        "active": {"type": "boolean", "description": "Whether it is good now; alone, where it is not."},
        "sub": {"type": "string", "description": "The id of the user."},
        "username": {"type": "string", "description": "Their e-mail address."},
        "sid": {"type": "string", "description": "The session of a token; an API key has none."},
        "jti": {"type": "string", "description": "The id of the token, or of the API key."},
        "iat": _SECONDS,
        "exp": {**_SECONDS, "description": "The same; absent for a key that never expires."},
        "iss": {"type": "string"},
        "aud": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "scope": {"type": "string", "description": "What an API key may do, with spaces between; absent for a token."},
    },
    "required": ["active"],
    "additionalProperties": False,
}
_EXAMPLE = {
    "active": True,
    "sub": "u_123",
    "username": "alice@example.com",
    "jti": "Zk3vJ0bD",
    "iat": 1767268800,
    "iss": ISSUER,
    "aud": AUDIENCE,
    "token_type": "Bearer",
    "exp": 1767873600,
    "sid": "s_123",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/introspect",
        handler=post_introspect,
        name="introspect_token",
        summary="Say whether a token or an API key is good right now, and whose it is (RFC 7662).",
        group=GROUP,
        needs_token=True,
        body={
            "token": {
                "type": "string",
                "minLength": 1,
                "description": "The token, or the API key. This is the one body that is a form.",
            }
        },
        body_type=FORM,
        example_body={"token": "eyJhbGciOi…"},
        variables={"token": "TOKEN"},
        success=_ANSWER,
        example_answer=_EXAMPLE,
        scope=Scope.INTROSPECT,
    ),
)
