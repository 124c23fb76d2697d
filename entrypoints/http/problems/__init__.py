"""Errors as answers: one table from errors to RFC 9457 problems."""

import json
from collections.abc import Mapping

import attrs
from starlette.responses import Response

from leadnator_auth.domain import errors
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import AuthError, FieldsError
from leadnator_auth.entrypoints.http.middleware.lingering import LingeringResponse
from leadnator_auth.entrypoints.http.problems.accounts import ACCOUNTS
from leadnator_auth.entrypoints.http.problems.base import BASE
from leadnator_auth.entrypoints.http.problems.factors import FACTORS
from leadnator_auth.entrypoints.http.problems.problem import Problem
from leadnator_auth.entrypoints.http.problems.requests import REQUESTS
from leadnator_auth.entrypoints.http.problems.tokens import TOKENS
from leadnator_auth.entrypoints.http.refusals import PayloadTooLargeError, RequestError
from leadnator_auth.entrypoints.views import rfc3339

REFERENCE_PAGE = "/docs"
_ROWS = {**BASE, **ACCOUNTS, **FACTORS, **TOKENS, **REQUESTS}
PROBLEMS: Mapping[type[AuthError] | type[RequestError], Problem] = dict(
    sorted(_ROWS.items(), key=lambda row: row[1].status)
)


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
