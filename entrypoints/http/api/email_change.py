"""The calls to change the address of an account, and to take a change back."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain import change_email, confirm_email, undo_email_change
from leadnator_auth.domain.errors import (
    EmailTakenError,
    InvalidEmailTokenError,
    SignUpClosedError,
    StepUpRequiredError,
    UnavailableError,
)
from leadnator_auth.entrypoints.http.api.email_verification import GROUP
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_fields


async def post_change_email(request: Request) -> Response:
    """POST /api/auth/change-email"""
    identity = await identified(request)
    (email,) = await read_fields(request, "email")
    await change_email(identity, email, ports=ports_of(request))
    return done()


async def post_confirm_email(request: Request) -> Response:
    """POST /api/auth/confirm-email"""
    (token,) = await read_fields(request, "token")
    await confirm_email(token, ports=ports_of(request))
    return done()


async def post_undo_email_change(request: Request) -> Response:
    """POST /api/auth/undo-email-change"""
    (token,) = await read_fields(request, "token")
    await undo_email_change(token, ports=ports_of(request))
    return done()


operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/change-email",
        handler=post_change_email,
        summary="Mail a link to another address, which the account has once it is confirmed; takes a recent log-in or "
        "step-up.",
        body={"email": schemas.EMAIL},
        example_body={"email": "alice@example.org"},
        refusals=(SignUpClosedError, StepUpRequiredError),
        needs_token=True,
        for_unverified=True,
    ),
    operation(
        method="POST",
        path="/api/auth/confirm-email",
        handler=post_confirm_email,
        summary="Give the account its new address, with the token of the link that was mailed there.",
        body={"token": schemas.CONFIRMATION_TOKEN},
        example_body={"token": "email_xyz…"},
        variables={"token": "EMAIL_TOKEN"},
        refusals=(InvalidEmailTokenError, EmailTakenError, UnavailableError),
    ),
    operation(
        method="POST",
        path="/api/auth/undo-email-change",
        handler=post_undo_email_change,
        summary="Take a change of address back, with the token of the link that was mailed to the old one; the account "
        "is its owner's alone then.",
        body={"token": schemas.UNDO_TOKEN},
        example_body={"token": "undo_xyz…"},
        variables={"token": "UNDO_TOKEN"},
        refusals=(InvalidEmailTokenError, EmailTakenError, UnavailableError),
    ),
)
