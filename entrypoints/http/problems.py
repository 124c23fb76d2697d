"""Errors as answers: one table from errors to RFC 9457 problems."""

import json
from collections.abc import Mapping
from http import HTTPStatus

import attrs
from starlette.responses import Response

from leadnator_auth.domain import errors
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import AuthError, FieldsError
from leadnator_auth.entrypoints.http import refusals
from leadnator_auth.entrypoints.http.middleware.lingering import LingeringResponse
from leadnator_auth.entrypoints.http.refusals import PayloadTooLargeError, RequestError
from leadnator_auth.entrypoints.views import rfc3339

REALM = 'Bearer realm="leadnator"'
REFERENCE_PAGE = "/docs"


@attrs.frozen
class Problem:
    """The answer to one kind of error."""

    status: HTTPStatus
    title: str
    detail: str
    headers: Mapping[str, str] = attrs.Factory(dict)
    when: str = attrs.field(kw_only=True)
    """The cause, for readers of the reference, where `detail` says what to do about it."""

    @when.default
    def _detail_says_it(self) -> str:
        return self.detail


def _challenge(error: str, description: str) -> dict[str, str]:
    """Returns the challenge with an error (RFC 6750 section 3)."""
    return {"WWW-Authenticate": f'{REALM}, error="{error}", error_description="{description}"'}


PROBLEMS: Mapping[type[AuthError] | type[RequestError], Problem] = {
    errors.MissingFieldsError: Problem(
        HTTPStatus.BAD_REQUEST, "Missing fields", "A required field is absent, null or empty."
    ),
    errors.InvalidFieldsError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid fields",
        "A field has a value it cannot have.",
        when="A field has the wrong type, length, syntax or characters, or is none that a PATCH takes.",
    ),
    refusals.InvalidJsonError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Malformed JSON",
        "The body must be one well-formed JSON object in UTF-8.",
        when="The body is not JSON, not UTF-8, not an object, has a key twice or is nested too deep.",
    ),
    refusals.InvalidRequestError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid request",
        "The request contradicts itself or has a query that cannot be understood.",
        _challenge("invalid_request", "The request contradicts itself"),
        when="Two credentials are sent, a header that has one value is repeated, or the query cannot be understood.",
    ),
    errors.InvalidResetTokenError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired reset token",
        "Ask for a new link: each works once, for a limited time.",
        when="The token is unknown, used or expired.",
    ),
    errors.InvalidEmailTokenError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired e-mail token",
        "Ask for a new link: each works once, for a limited time, for the address that it was mailed to.",
        when="The token is unknown, used or expired, or the address is another or verified by now.",
    ),
    errors.InvalidChallengeError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired challenge",
        "Begin again: a challenge works once, for five minutes and a few tries.",
        when="The challenge is unknown, used up or expired, older than the password, or for something else.",
    ),
    errors.InvalidCredentialsError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid credentials",
        "The e-mail address or the password is wrong.",
        {"WWW-Authenticate": REALM},
    ),
    errors.InvalidCodeError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid code",
        "The code is wrong, or does not work any more.",
        {"WWW-Authenticate": REALM},
        when="The code is wrong or was used, or the challenge of a mailed code is unknown, used up or expired.",
    ),
    refusals.MissingTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Authentication required",
        "Send the token of a log-in as Authorization: Bearer <token>.",
        {"WWW-Authenticate": REALM},
        when="No token was sent.",
    ),
    errors.InvalidTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid token",
        "The token is malformed, expired or no longer valid: log in again.",
        _challenge("invalid_token", "The token is malformed, expired or no longer valid"),
        when="The token is malformed, expired or revoked.",
    ),
    errors.InvalidRefreshTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid refresh token",
        "The refresh token is malformed, replaced, or of a session that ended: log in again.",
        {"WWW-Authenticate": REALM},
        when="The refresh token is malformed or forged, or its session ended; one that was replaced before ends it.",
    ),
    errors.InvalidPasskeyError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid passkey",
        "This passkey cannot be used here: use another, or log in with the password.",
        {"WWW-Authenticate": REALM},
        when="The answer of the authenticator is malformed or forged, or the passkey is unknown or may not be used.",
    ),
    errors.StepUpRequiredError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Step-up required",
        "Give your password, or a code of your second factor, at /api/auth/step-up, and repeat the call.",
        _challenge("insufficient_user_authentication", "A more recent authentication is required"),
        when="The session is good, but its last log-in or step-up is too long ago for this call.",
    ),
    errors.AccountSuspendedError: Problem(
        HTTPStatus.FORBIDDEN,
        "Account suspended",
        "This account may not be used for now.",
        when="The password is right, but the account may not be used.",
    ),
    errors.EmailNotVerifiedError: Problem(
        HTTPStatus.FORBIDDEN,
        "E-mail address not verified",
        "Open the link that was mailed to this address first; setting a new password by mail proves it, too.",
        when="The credentials are right, but the address has to be verified first.",
    ),
    errors.SecondFactorRequiredError: Problem(
        HTTPStatus.FORBIDDEN,
        "Second factor required",
        "Answer the challenge with a second factor at /api/auth/login/second-factor.",
        when="What was given is right, but the account takes a second factor, too; `challenge`, `factors`, "
        "`expires_at` and, where a passkey will do, `passkey` are members of the answer.",
    ),
    errors.SignUpClosedError: Problem(
        HTTPStatus.FORBIDDEN,
        "Sign-up closed",
        "Ask whoever runs this service for an account, or use an address of theirs.",
        when="Nobody may sign up here, or nobody with an address of this domain.",
    ),
    errors.NotFoundError: Problem(
        HTTPStatus.NOT_FOUND,
        "Not found",
        "Nothing is at this path that you may see.",
        when="It does not exist, or is not yours to see.",
    ),
    errors.ForbiddenError: Problem(
        HTTPStatus.FORBIDDEN,
        "Forbidden",
        "Only an admin may do this.",
        _challenge("insufficient_scope", "Only an admin may do this"),
    ),
    errors.SessionRequiredError: Problem(
        HTTPStatus.FORBIDDEN,
        "Session required",
        "No API key may do this: log in, and send the token of the session.",
        _challenge("insufficient_scope", "This takes the token of a session"),
        when="An API key was sent where only somebody who logged in may act.",
    ),
    errors.InsufficientScopeError: Problem(
        HTTPStatus.FORBIDDEN,
        "Insufficient scope",
        "This takes an API key that has the scope for it.",
        _challenge("insufficient_scope", "This takes an API key with a scope"),
        when="What was sent is no API key with the scope for this, which WWW-Authenticate names; some are for the "
        "keys of admins alone.",
    ),
    refusals.MethodNotAllowedError: Problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The Allow header has the methods of this path.",
        when="The path exists, but not for this method; Allow has those it takes.",
    ),
    refusals.RequestTimeoutError: Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        "Request timeout",
        "The request did not arrive within 10 seconds.",
        {"Connection": "close"},
    ),
    errors.EmailTakenError: Problem(
        HTTPStatus.CONFLICT, "Email already in use", "An account with this e-mail address exists."
    ),
    errors.PasskeyExistsError: Problem(
        HTTPStatus.CONFLICT, "Passkey already registered", "This passkey is registered already."
    ),
    errors.TokenPairExistsError: Problem(
        HTTPStatus.CONFLICT,
        "Token pair exists",
        "This session has a token pair already: POST its refresh token to /api/auth/refresh.",
        when="The token is the access token of a pair, whose session gets the next pair for its refresh token alone.",
    ),
    errors.TooManyPasskeysError: Problem(
        HTTPStatus.CONFLICT, "Too many passkeys", "The account has 20 passkeys: remove one first."
    ),
    errors.LastCredentialError: Problem(
        HTTPStatus.CONFLICT,
        "Last credential",
        "It is the only way into the account: set a password or add another passkey first.",
        when="Without it there would be no way into the account: no password works, and there is no other passkey.",
    ),
    errors.TooManyApiKeysError: Problem(
        HTTPStatus.CONFLICT, "Too many API keys", "The account has 50 API keys: remove one first."
    ),
    errors.LastAdminError: Problem(
        HTTPStatus.CONFLICT, "Last admin", "This is the last active admin: make somebody else one first."
    ),
    errors.TooManyWebhooksError: Problem(
        HTTPStatus.CONFLICT, "Too many webhooks", "There are 20 webhooks, and no more may be: remove one first."
    ),
    refusals.PayloadTooLargeError: Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Payload too large",
        "A body has at most 64 KiB.",
        {"Connection": "close"},
        when="The body is longer than 64 KiB.",
    ),
    refusals.UnsupportedMediaTypeError: Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "Send the body as application/json in UTF-8, without a Content-Encoding.",
        {"Accept": "application/json", "Accept-Encoding": "identity"},
        when="The body is not application/json, not UTF-8, or has a Content-Encoding.",
    ),
    TooManyRequestsError: Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Try again after the time that Retry-After says.",
        when="It was tried too often; Retry-After says when to try again.",
    ),
    refusals.InternalError: Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "This is our fault. The X-Request-Id header helps us find out what happened.",
        when="A fault of ours; the log has it under the id in X-Request-Id.",
    ),
    errors.OverloadedError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Overloaded",
        "Too many log-ins are under way: try again in a moment.",
        {"Retry-After": "2"},
        when="Too many passwords wait to be checked; Retry-After says when to try again.",
    ),
    errors.UnavailableError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Unavailable",
        "Something this service depends on is away: try again in a moment.",
        {"Retry-After": "5"},
        when="Something this service depends on is away; Retry-After says when to try again.",
    ),
}


def problem_of(error: AuthError | RequestError) -> Problem:
    """Returns the problem that answers an error."""
    return next(PROBLEMS[kind] for kind in type(error).mro() if kind in PROBLEMS)


def headers_of(error: AuthError | RequestError) -> dict[str, str]:
    """Returns the headers that go with the answer to an error."""
    headers = dict(problem_of(error).headers)
    if isinstance(error, RequestError):
        headers.update(error.headers)
    if isinstance(error, TooManyRequestsError):
        headers.update(_limit_headers(error))
    if isinstance(error, errors.StepUpRequiredError):
        headers["WWW-Authenticate"] += f', max_age="{error.max_age}"'  # RFC 9470 section 3
    if isinstance(error, errors.InsufficientScopeError) and error.scope:
        headers["WWW-Authenticate"] += f', scope="{error.scope}"'  # RFC 6750 section 3
    return headers


def _limit_headers(error: TooManyRequestsError) -> dict[str, str]:
    """Returns headers on when to try again (RFC 9110 section 10.2.3, draft-ietf-httpapi-ratelimit-headers)."""
    limit = error.limit
    return {
        "Retry-After": str(error.retry_after),
        "RateLimit-Policy": f'"{limit.name}";q={limit.count};w={int(limit.period.total_seconds())}',
        "RateLimit": f'"{limit.name}";r=0;t={error.retry_after}',
    }


def problem_members(code: str, problem: Problem, base_path: str = "") -> dict[str, object]:
    """Returns what the body of an answer says of every error of this kind (RFC 9457 section 3.1)."""
    return {
        "type": f"{base_path}{REFERENCE_PAGE}#{code}",
        "title": problem.title,
        "status": problem.status.value,
        "detail": problem.detail,
        "code": code,
    }


def _to_be_answered(error: errors.SecondFactorRequiredError) -> dict[str, object]:
    members: dict[str, object] = {
        "challenge": error.challenge,
        "factors": list(error.factors),
        "expires_at": rfc3339(error.expires_at),
    }
    return members if error.passkey is None else {**members, "passkey": {"options": error.passkey}}


def problem_response(error: AuthError | RequestError, base_path: str = "") -> Response:
    """Returns the answer to an error, `application/problem+json`; `base_path` is where we are mounted: "/accounts"."""
    problem = problem_of(error)
    body = problem_members(error.code, problem, base_path)
    if isinstance(error, RequestError) and error.detail is not None:
        body["detail"] = error.detail
    if isinstance(error, FieldsError):
        body["errors"] = [attrs.asdict(field_error) for field_error in error.errors]
    if isinstance(error, errors.SecondFactorRequiredError):
        body |= _to_be_answered(error)
    content = json.dumps(body, separators=(",", ":"))
    kind = LingeringResponse if isinstance(error, PayloadTooLargeError) else Response
    return kind(content, problem.status.value, headers_of(error), media_type="application/problem+json")
