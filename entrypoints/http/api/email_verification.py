"""The calls to prove that an address is one's own."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain import resend_verification, verify_email
from leadnator_auth.domain.errors import InvalidEmailTokenError, NotFoundError, UnavailableError
from leadnator_auth.domain.use_cases.email_verification import require_verification
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields


async def post_verify_email(request: Request) -> Response:
    """POST /api/auth/verify-email"""
    (token,) = await read_fields(request, "token")
    await verify_email(token, ports=ports_of(request))
    return done()


async def post_resend_verification(request: Request) -> Response:
    """POST /api/auth/resend-verification"""
    require_verification(ports_of(request))  # before anybody is asked who they are
    identity = await identified(request)
    await resend_verification(identity, ports=ports_of(request))
    return done()


GROUP = "Addresses"

operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/verify-email",
        handler=post_verify_email,
        summary="Prove an e-mail address with the token of a mailed link.",
        body={"token": schemas.VERIFICATION_TOKEN},
        example_body={"token": "verify_xyz…"},
        variables={"token": "VERIFY_TOKEN"},
        refusals=(InvalidEmailTokenError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/resend-verification",
        handler=post_resend_verification,
        summary="Mail another link that proves the address; at most 5 an hour leave.",
        refusals=(NotFoundError,),
        needs_token=True,
        for_unverified=True,
    ),
)
