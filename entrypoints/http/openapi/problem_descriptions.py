"""The refusals in OpenAPI: a schema and an example for each code, and the headers that go with them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import AuthError, FieldsError, MissingFieldsError, SecondFactorRequiredError
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.problems import PROBLEMS, problem_members
from leadnator_auth.entrypoints.http.refusals import MethodNotAllowedError, RequestError

Kind = type[AuthError] | type[RequestError]
JsonObject = dict[str, Any]  # OpenAPI is JSON: any value may stand at any key

PROBLEM: Schema = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457 problem details; which one it is stands in `code`.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Its place on the reference page."},
        "title": {"type": "string", "description": "What it is, in short."},
        "status": {"type": "integer", "description": "The HTTP status.", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What to do about it."},
        "code": {"type": "string", "description": "What it is, for programs; it never changes."},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
HEADERS: Mapping[str, JsonObject] = {
    "X-Request-Id": {
        "description": "Names this answer in the log of the server.",
        "schema": {"type": "string", "minLength": 1},
        "example": "9f86d081884c7d65",
    },
    "WWW-Authenticate": {
        "description": "How to authenticate, and what was wrong with the token that was sent (RFC 6750 section 3).",
        "schema": {"type": "string", "pattern": "^Bearer "},
        "example": 'Bearer realm="leadnator"',
    },
    "Retry-After": {
        "description": "In how many seconds to try again (RFC 9110 section 10.2.3).",
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "RateLimit-Policy": {
        "description": "The limit that was reached: its name, how many tries, in how many seconds.",
        "schema": {"type": "string"},
        "example": '"login";q=10;w=60',
    },
    "RateLimit": {
        "description": "What is left of the limit that was reached, and in how many seconds there is more.",
        "schema": {"type": "string"},
        "example": '"login";r=0;t=6',
    },
    "Allow": {
        "description": "The methods of this path.",
        "schema": {"type": "string"},
        "example": "GET, HEAD",
    },
    "Accept": {"description": "The media type to send.", "schema": {"type": "string"}, "example": "application/json"},
    "Accept-Encoding": {
        "description": "The content coding to send.",
        "schema": {"type": "string"},
        "example": "identity",
    },
}
"""The headers that mean something to a client."""

_SENT_BY_THE_INSTANCE: Mapping[Kind, tuple[str, ...]] = {
    TooManyRequestsError: ("Retry-After", "RateLimit-Policy", "RateLimit"),
    MethodNotAllowedError: ("Allow",),
}


def problem_example(kind: Kind, base_path: str = "") -> JsonObject:
    """Returns the body of an answer to an error of this kind, as it is sent below this path."""
    example = problem_members(kind.code, PROBLEMS[kind], base_path)
    if issubclass(kind, FieldsError):
        example["errors"] = [_FIELD_ERRORS[issubclass(kind, MissingFieldsError)]]
    if issubclass(kind, SecondFactorRequiredError):
        example |= _TO_BE_ANSWERED
    return example


_TO_BE_ANSWERED = {
    "challenge": "mfa_xyz…",
    "factors": ["totp", "recovery_code"],
    "expires_at": "2026-01-01T12:05:00Z",
}
_FIELD_ERRORS = (
    {"field": "password", "code": "too_short", "message": "Use at least 6 characters."},
    {"field": "email", "code": "missing", "message": "This field is required."},
)


def problem_schema(kind: Kind) -> Schema:
    """Returns the schema of the body of an answer to an error of this kind.

    It repeats what all problems have in common: generators of clients cannot narrow a member that `allOf` brings in.
    """
    problem = PROBLEMS[kind]
    members = PROBLEM["properties"] | {
        "type": PROBLEM["properties"]["type"] | {"pattern": f"#{kind.code}$"},
        "status": {"type": "integer", "const": problem.status.value},
        "code": {"type": "string", "const": kind.code},
    }
    if issubclass(kind, FieldsError):
        members["errors"] = {"type": "array", "minItems": 1, "items": schemas.FIELD_ERROR}
    optional: Schema = {}
    if issubclass(kind, SecondFactorRequiredError):
        optional = {"passkey": schemas.closed({"options": schemas.PASSKEY_REQUEST})}
        members |= {
            "challenge": schemas.FACTOR_CHALLENGE,
            "factors": {"type": "array", "items": {"type": "string"}, "description": "What will do as an answer."},
            "expires_at": schemas.INSTANT,
        }
    title = kind.__name__.removesuffix("Error") + "Problem"
    described = {"properties": {**members, **optional}, "description": problem.when}
    return schemas.open_object(members, title=title) | described


def header_names(kinds: Iterable[Kind]) -> dict[str, bool]:
    """Returns the headers of answers to these errors, and whether every one of the answers has it."""
    sent = [{*PROBLEMS[kind].headers, *_SENT_BY_THE_INSTANCE.get(kind, ()), "X-Request-Id"} for kind in kinds]
    return {name: all(name in headers for headers in sent) for name in HEADERS if any(name in each for each in sent)}


def by_status(kinds: Iterable[Kind]) -> Mapping[int, list[Kind]]:
    """Returns the errors grouped by status, the lowest status first."""
    grouped: dict[int, list[Kind]] = defaultdict(list)
    for kind in kinds:
        grouped[PROBLEMS[kind].status.value].append(kind)
    return dict(sorted(grouped.items()))
