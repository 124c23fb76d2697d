"""The calls for one's own passkeys; where passkeys are off, there are none."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    InvalidChallengeError,
    InvalidPasskeyError,
    LastCredentialError,
    NotFoundError,
    PasskeyExistsError,
    PasskeyOptions,
    StepUpRequiredError,
    TooManyPasskeysError,
    TooManyRequestsError,
    add_passkey,
    are_passkeys_on,
    list_passkeys,
    remove_passkey,
    rename_passkey,
    request_passkey_registration,
)
from leadnator_auth.domain.entities.passkey import TRANSPORTS
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import read_fields, read_members
from leadnator_auth.entrypoints.views import passkey_view, rfc3339


async def post_registration_options(request: Request) -> Response:
    """POST /api/auth/passkeys/registration/options"""
    require_them(request)
    return asked(await request_passkey_registration(await identified(request), ports=ports_of(request)))


async def post_passkey(request: Request) -> Response:
    """POST /api/auth/passkeys"""
    require_them(request)
    identity = await identified(request)
    challenge_id, credential, name = await read_fields(request, "challenge_id", "credential", "name")
    passkey = await add_passkey(identity, challenge_id, credential, name, ports=ports_of(request))
    return JSONResponse({"passkey": passkey_view(passkey)})


async def get_passkeys(request: Request) -> Response:
    """GET /api/auth/passkeys"""
    require_them(request)
    passkeys = await list_passkeys(await identified(request), ports=ports_of(request))
    return JSONResponse({"passkeys": [passkey_view(passkey) for passkey in passkeys]})


async def patch_passkey(request: Request) -> Response:
    """PATCH /api/auth/passkeys/{id}"""
    require_them(request)
    identity = await identified(request)
    changes = await read_members(request)
    passkey = await rename_passkey(identity, request.path_params["id"], changes, ports=ports_of(request))
    return JSONResponse({"passkey": passkey_view(passkey)})


async def delete_passkey(request: Request) -> Response:
    """DELETE /api/auth/passkeys/{id}"""
    require_them(request)
    await remove_passkey(await identified(request), request.path_params["id"], ports=ports_of(request))
    return done()


def require_them(request: Request) -> None:
    """Says that nothing is here, whatever was sent, before any of it is read.

    Raises: NotFoundError where passkeys are off.
    """
    if not are_passkeys_on(ports=ports_of(request)):
        raise NotFoundError


def asked(asked: PasskeyOptions) -> Response:
    """Returns what a browser is to ask an authenticator with."""
    challenge = asked.challenge
    told = {"challenge_id": challenge.secret, "options": asked.options, "expires_at": rfc3339(challenge.expires_at)}
    return JSONResponse(told)


def challenge_with(prefix: str) -> Schema:
    """Returns the schema of the id of a challenge."""
    return {"type": "string", "pattern": f"^{prefix}_", "description": "What has to come back, once."}


def asked_with(challenge_id: Schema, options: Schema = schemas.PASSKEY_REQUEST) -> Schema:
    """Returns the schema of what `asked` answers."""
    return schemas.closed({"challenge_id": challenge_id, "options": options, "expires_at": schemas.INSTANT})


GROUP = "Passkeys"
_CHALLENGE = challenge_with("register")
CREDENTIAL: Schema = {
    "type": "object",
    "description": "What `toJSON()` of the PublicKeyCredential gives, as it is.",
    "examples": [{"id": "…", "rawId": "…", "type": "public-key", "response": {}}],
}
EXAMPLE_OPTIONS = {
    "challenge": "…",
    "rpId": "auth.example.com",
    "timeout": 300_000,
    "allowCredentials": [],
    "userVerification": "required",
}
_CREATION_OPTIONS: Schema = {
    "type": "object",
    "description": "For `PublicKeyCredential.parseCreationOptionsFromJSON`.",
    "required": ["rp", "user", "challenge", "pubKeyCredParams"],
}
_NAME: Schema = {**schemas.NAME, "description": "What its owner calls it.", "examples": ["My phone"]}
_PASSKEY = schemas.closed(
    {
        "id": {"type": "string", "pattern": "^p_", "examples": ["p_123"]},
        "name": _NAME,
        "created_at": schemas.INSTANT,
        "last_used_at": schemas.or_null(schemas.INSTANT),
        "backed_up": {"type": "boolean", "description": "Whether it is on other devices of its owner, too."},
        "transports": {"type": "array", "items": {"type": "string", "enum": sorted(TRANSPORTS)}},
    },
    title="Passkey",
)
_PHONE = {
    "id": "p_123",
    "name": "My phone",
    "created_at": "2026-01-01T12:00:00Z",
    "last_used_at": None,
    "backed_up": True,
    "transports": ["hybrid", "internal"],
}
EXAMPLE_CREDENTIAL = {"id": "…", "rawId": "…", "type": "public-key", "response": {"clientDataJSON": "…"}}
_ID = Parameter("id", "path", {"type": "string"}, "p_123", "The id of a passkey, as the list has it.")
_ONE = schemas.closed({"passkey": _PASSKEY})

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/passkeys/registration/options",
        handler=post_registration_options,
        name="request_passkey_registration",
        summary="Get what a browser makes a passkey with; takes a recent log-in or step-up.",
        success=asked_with(_CHALLENGE, _CREATION_OPTIONS),
        example_answer={
            "challenge_id": "register_xyz…",
            "options": {
                "rp": {"id": "auth.example.com", "name": "Acme"},
                "user": {"id": "dV8xMjM", "name": "alice@example.com", "displayName": "Alice"},
                "challenge": "…",
                "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            },
            "expires_at": "2026-01-01T12:05:00Z",
        },
        refusals=(NotFoundError, StepUpRequiredError, TooManyPasskeysError, TooManyRequestsError),
    ),
    operation(
        method="POST",
        path="/api/auth/passkeys",
        handler=post_passkey,
        name="add_passkey",
        summary="Keep a passkey that the browser made; takes a recent log-in or step-up, and a notice is mailed.",
        body={"challenge_id": _CHALLENGE, "credential": CREDENTIAL, "name": schemas.or_null(_NAME)},
        optional=("name",),
        example_body={"challenge_id": "register_xyz…", "credential": EXAMPLE_CREDENTIAL, "name": "My phone"},
        success=_ONE,
        example_answer={"passkey": _PHONE},
        refusals=(
            NotFoundError,
            StepUpRequiredError,
            InvalidChallengeError,
            InvalidPasskeyError,
            PasskeyExistsError,
            TooManyPasskeysError,
        ),
    ),
    operation(
        method="GET",
        path="/api/auth/passkeys",
        handler=get_passkeys,
        name="list_passkeys",
        summary="List the passkeys of the logged-in user, oldest first.",
        success=schemas.closed({"passkeys": {"type": "array", "items": _PASSKEY}}),
        example_answer={"passkeys": [_PHONE]},
        refusals=(NotFoundError,),
    ),
    operation(
        method="PATCH",
        path="/api/auth/passkeys/{id}",
        handler=patch_passkey,
        name="rename_passkey",
        summary="Give a passkey another name.",
        parameters=(_ID,),
        body={"name": _NAME},
        is_patch=True,
        example_body={"name": "My phone"},
        success=_ONE,
        example_answer={"passkey": _PHONE},
        refusals=(NotFoundError,),
    ),
    operation(
        method="DELETE",
        path="/api/auth/passkeys/{id}",
        handler=delete_passkey,
        name="remove_passkey",
        summary="Remove a passkey; takes a recent log-in or step-up, and a notice is mailed.",
        parameters=(_ID,),
        refusals=(NotFoundError, StepUpRequiredError, LastCredentialError),
    ),
)
