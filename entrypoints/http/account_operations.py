"""The five operations of the contract: accounts, log-in and password reset."""

from leadnator_auth.domain.errors import (
    AccountSuspendedError,
    EmailTakenError,
    InvalidCredentialsError,
    InvalidResetTokenError,
    OverloadedError,
    UnavailableError,
)
from leadnator_auth.domain.rate_limit import TooManyRequestsError
from leadnator_auth.entrypoints.http import handlers, schemas
from leadnator_auth.entrypoints.http.operation import BAD_BODY, BAD_TOKEN, Operation

GROUP = "Authentication"
_ALICE = {"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}

ACCOUNT_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/signup",
        handler=handlers.post_sign_up,
        summary="Create a new user and return a 7-day JWT.",
        group=GROUP,
        body={"name": schemas.NAME, "email": schemas.EMAIL, "password": schemas.NEW_PASSWORD},
        example_body=_ALICE,
        success=schemas.closed(
            {
                "token": schemas.TOKEN,
                "user": schemas.user("id", "name", "email", "role", "plan", "status", title="User"),
            }
        ),
        example_answer={
            "token": "eyJhbGciOi…",
            "user": {
                "id": "u_123",
                "name": "Alice",
                "email": "alice@example.com",
                "role": "user",
                "plan": "Starter",
                "status": "active",
            },
        },
        refusals=(*BAD_BODY, EmailTakenError, TooManyRequestsError, OverloadedError, UnavailableError),
    ),
    Operation(
        method="POST",
        path="/api/auth/login",
        handler=handlers.post_log_in,
        summary="Exchange email + password for a JWT.",
        group=GROUP,
        body={"email": schemas.EMAIL, "password": schemas.PASSWORD},
        example_body={"email": _ALICE["email"], "password": _ALICE["password"]},
        success=schemas.closed(
            {"token": schemas.TOKEN, "user": schemas.user("id", "name", "role", title="UserSummary")}
        ),
        example_answer={
            "token": "eyJhbGciOi…",
            "user": {"id": "u_123", "name": "Alice", "role": "user"},
        },
        refusals=(
            *BAD_BODY,
            InvalidCredentialsError,
            AccountSuspendedError,
            TooManyRequestsError,
            OverloadedError,
            UnavailableError,
        ),
    ),
    Operation(
        method="GET",
        path="/api/auth/me",
        handler=handlers.get_me,
        summary="Return the logged-in user. Use to verify a stored token is still valid.",
        group=GROUP,
        success=schemas.closed({"user": schemas.user("id", "name", "email", "role", "plan", title="UserProfile")}),
        example_answer={
            "user": {
                "id": "u_123",
                "name": "Alice",
                "email": "alice@example.com",
                "role": "user",
                "plan": "Growth",
            }
        },
        refusals=(*BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="POST",
        path="/api/auth/forgot-password",
        handler=handlers.post_forgot_password,
        summary="Email a password-reset link (via system SMTP).",
        group=GROUP,
        body={"email": schemas.EMAIL},
        example_body={"email": _ALICE["email"]},
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*BAD_BODY, TooManyRequestsError, UnavailableError),
    ),
    Operation(
        method="POST",
        path="/api/auth/reset-password",
        handler=handlers.post_reset_password,
        summary="Apply a new password given a valid reset token.",
        group=GROUP,
        body={"token": schemas.RESET_TOKEN, "password": schemas.NEW_PASSWORD},
        example_body={"token": "reset_xyz…", "password": "new-password"},
        variables={"token": "RESET_TOKEN"},
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*BAD_BODY, InvalidResetTokenError, TooManyRequestsError, OverloadedError, UnavailableError),
    ),
)
