"""The calls for second factors: an app that shows codes, recovery codes, and logging in with either."""

import asyncio
import io
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    FactorList,
    FieldsError,
    InvalidChallengeError,
    InvalidCodeError,
    InvalidPasskeyError,
    NotFoundError,
    StepUpRequiredError,
    TooManyRequestsError,
    confirm_totp,
    is_second_factor_on,
    list_factors,
    log_in_with_second_factor,
    make_recovery_codes,
    remove_totp,
    set_up_totp,
)
from leadnator_auth.entrypoints.http.api import second_factor_schemas
from leadnator_auth.entrypoints.http.api.accounts import EXAMPLE_LOG_IN, LOGGED_IN, NOT_ADMITTED, logged_in
from leadnator_auth.entrypoints.http.api.passkeys import CREDENTIAL
from leadnator_auth.entrypoints.http.context import client_of, done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.refusals import RequestError
from leadnator_auth.entrypoints.views import rfc3339


async def post_log_in_second_factor(request: Request) -> Response:
    """POST /api/auth/login/second-factor"""
    client, ports = client_of(request), ports_of(request)
    try:
        challenge, code, credential = await read_fields(request, "challenge", "code", "credential")
        signed_in = await log_in_with_second_factor(challenge, code, client, credential=credential, ports=ports)
    except (FieldsError, RequestError):
        # Unlike its siblings it is there for challenges of before: recovery codes outlive a lost master key.
        _require_them(request)
        raise
    return logged_in(signed_in)


async def get_factors(request: Request) -> Response:
    """GET /api/auth/factors"""
    _require_them(request)
    return JSONResponse({"factors": _view(await list_factors(await identified(request), ports=ports_of(request)))})


async def post_totp(request: Request) -> Response:
    """POST /api/auth/totp"""
    _require_them(request)
    given = await set_up_totp(await identified(request), request.app.state.site.app_name, ports=ports_of(request))
    qr_svg = await asyncio.to_thread(_qr_code, given.uri)  # it takes a while where names are long
    return JSONResponse({"secret": given.secret, "uri": given.uri, "qr_svg": qr_svg})


async def post_totp_confirm(request: Request) -> Response:
    """POST /api/auth/totp/confirm"""
    _require_them(request)
    identity = await identified(request)
    (code,) = await read_fields(request, "code")
    return JSONResponse({"recovery_codes": await confirm_totp(identity, code, ports=ports_of(request))})


async def delete_totp(request: Request) -> Response:
    """DELETE /api/auth/totp"""
    _require_them(request)
    await remove_totp(await identified(request), ports=ports_of(request))
    return done()


async def post_recovery_codes(request: Request) -> Response:
    """POST /api/auth/recovery-codes"""
    _require_them(request)
    codes = await make_recovery_codes(await identified(request), ports=ports_of(request))
    return JSONResponse({"recovery_codes": codes})


def _require_them(request: Request) -> None:
    """Says that nothing is here, whatever was sent, before any of it is read."""
    if not is_second_factor_on(ports=ports_of(request)):
        raise NotFoundError


def _qr_code(text: str) -> str:
    """Returns a QR code as SVG, dark on light whatever is behind it, so that every scanner reads it."""
    import segno  # not needed to start

    image = io.BytesIO()
    segno.make_qr(text).save(image, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False)
    return image.getvalue().decode()


def _view(factors: FactorList) -> list[dict[str, object]]:
    if factors.totp is None:
        return []
    last_used = factors.totp.last_used_at
    return [
        {
            "type": "totp",
            "created_at": rfc3339(factors.totp.confirmed_at or factors.totp.created_at),
            "last_used_at": rfc3339(last_used) if last_used else None,
            "recovery_codes_left": factors.recovery_codes_left,
        }
    ]


GROUP = "Second factors"

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/totp",
        handler=post_totp,
        name="set_up_totp",
        summary="Set up an app that shows codes; nothing counts before it has shown one. Takes a recent step-up.",
        success=second_factor_schemas.SET_UP,
        example_answer={"secret": "JBSWY3DP…", "uri": "otpauth://totp/…", "qr_svg": "<svg…"},
        refusals=(NotFoundError, StepUpRequiredError, TooManyRequestsError),
    ),
    operation(
        method="POST",
        path="/api/auth/totp/confirm",
        handler=post_totp_confirm,
        name="confirm_totp",
        summary="Show that the app works: from then on a log-in takes a code, too. Returns ten recovery codes.",
        body={"code": schemas.FACTOR_CODE},
        example_body={"code": "492039"},
        variables={"code": "TOTP_CODE"},
        success=second_factor_schemas.RECOVERY_CODES,
        example_answer={"recovery_codes": second_factor_schemas.EXAMPLE_CODES},
        refusals=(NotFoundError, StepUpRequiredError, InvalidCodeError),
    ),
    operation(
        method="GET",
        path="/api/auth/factors",
        handler=get_factors,
        name="list_factors",
        summary="Return the second factors that count.",
        success=schemas.closed({"factors": {"type": "array", "items": second_factor_schemas.FACTOR}}),
        example_answer={"factors": [second_factor_schemas.EXAMPLE_FACTOR]},
        refusals=(NotFoundError,),
    ),
    operation(
        method="POST",
        path="/api/auth/recovery-codes",
        handler=post_recovery_codes,
        name="make_recovery_codes",
        summary="Make ten new recovery codes; those of before are void. Takes a recent step-up.",
        success=second_factor_schemas.RECOVERY_CODES,
        example_answer={"recovery_codes": second_factor_schemas.EXAMPLE_CODES},
        refusals=(NotFoundError, StepUpRequiredError, TooManyRequestsError),
    ),
    operation(
        method="POST",
        path="/api/auth/login/second-factor",
        handler=post_log_in_second_factor,
        summary="Exchange the challenge of a log-in + a code of the app, a recovery code or a passkey, for a JWT.",
        needs_token=False,
        body={
            "challenge": schemas.FACTOR_CHALLENGE,
            "code": schemas.or_null(schemas.FACTOR_CODE),
            "credential": schemas.or_null(CREDENTIAL),
        },
        optional=("code", "credential"),
        example_body={"challenge": "mfa_xyz…", "code": second_factor_schemas.EXAMPLE_CODES[0]},
        variables={"challenge": "MFA_CHALLENGE", "code": "RECOVERY_CODE"},
        success=LOGGED_IN,
        example_answer=EXAMPLE_LOG_IN,
        refusals=(NotFoundError, InvalidChallengeError, InvalidCodeError, InvalidPasskeyError, *NOT_ADMITTED),
    ),
    operation(
        method="DELETE",
        path="/api/auth/totp",
        handler=delete_totp,
        summary="Remove the app and the recovery codes; takes a recent step-up.",
        refusals=(NotFoundError, StepUpRequiredError),
    ),
)
