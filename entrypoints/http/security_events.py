"""Security events for the log (ASVS 16.3): ids and reasons, never a secret."""

from collections.abc import Mapping

import structlog
from starlette.requests import Request

from leadnator_auth.domain import (
    AccountSuspendedError,
    AuthError,
    EmailNotVerifiedError,
    EmailTakenError,
    ForbiddenError,
    InsufficientScopeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidEmailTokenError,
    InvalidResetTokenError,
    InvalidTokenError,
    LastAdminError,
    SessionRequiredError,
    SignUpClosedError,
    StepUpRequiredError,
    TooManyRequestsError,
)
from leadnator_auth.entrypoints.http.context import client_of
from leadnator_auth.entrypoints.http.refusals import RequestError

_log = structlog.get_logger("leadnator_auth.security")

_REFUSALS: Mapping[type[Exception], str] = {
    InvalidCredentialsError: "credentials_refused",
    InvalidCodeError: "code_refused",
    AccountSuspendedError: "suspended_account_refused",
    EmailNotVerifiedError: "unverified_account_refused",
    SignUpClosedError: "closed_sign_up_refused",
    EmailTakenError: "taken_email_refused",
    InvalidTokenError: "token_refused",
    StepUpRequiredError: "step_up_missing",
    InvalidResetTokenError: "link_refused",
    InvalidEmailTokenError: "link_refused",
    TooManyRequestsError: "throttled",
    ForbiddenError: "administration_refused",
    SessionRequiredError: "api_key_refused",
    InsufficientScopeError: "scope_missing",
    LastAdminError: "last_admin_kept",
}
_WITH_USER = (
    InvalidCredentialsError,
    InvalidCodeError,
    EmailNotVerifiedError,
    ForbiddenError,
    SessionRequiredError,
)


def log_event(request: Request, event: str, **ids: str) -> None:
    """Logs that something happened to an account."""
    _log.info(event, client=client_of(request).ip, request_id=request.state.request_id, **ids)


def log_refusal(request: Request, error: AuthError | RequestError) -> None:
    """Logs that somebody was refused, if it matters for security."""
    event = _REFUSALS.get(type(error))
    if event is None or isinstance(error, RequestError):
        return
    if isinstance(error, InsufficientScopeError):
        told = {"user": error.user_id, "scope": error.scope}
    elif isinstance(error, _WITH_USER):
        told = {"user": error.user_id}
    else:
        told = {"reason": error.reason}
    ids = {name: value for name, value in told.items() if value}
    _log.warning(event, client=client_of(request).ip, request_id=request.state.request_id, **ids)
