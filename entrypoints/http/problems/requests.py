"""Answers to requests that no use case ever sees, and to faults of ours."""

from collections.abc import Mapping
from http import HTTPStatus

from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import AuthError, OverloadedError, TooManyWebhooksError, UnavailableError
from leadnator_auth.entrypoints.http.problems.problem import REALM, Problem, challenge
from leadnator_auth.entrypoints.http.refusals import (
    InternalError,
    InvalidJsonError,
    InvalidRequestError,
    MethodNotAllowedError,
    MissingTokenError,
    PayloadTooLargeError,
    RequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

REQUESTS: Mapping[type[AuthError] | type[RequestError], Problem] = {
    InvalidJsonError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Malformed JSON",
        "The body must be one well-formed JSON object in UTF-8.",
        when="The body is not JSON, not UTF-8, not an object, has a key twice or is nested too deep.",
    ),
    InvalidRequestError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid request",
        "The request contradicts itself or has a query that cannot be understood.",
        challenge("invalid_request", "The request contradicts itself"),
        when="Two credentials are sent, a header that has one value is repeated, or the query cannot be understood.",
    ),
    MissingTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Authentication required",
        "Send the token of a log-in as Authorization: Bearer <token>.",
        {"WWW-Authenticate": REALM},
        when="No token was sent.",
    ),
    MethodNotAllowedError: Problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The Allow header has the methods of this path.",
        when="The path exists, but not for this method; Allow has those it takes.",
    ),
    RequestTimeoutError: Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        "Request timeout",
        "The request did not arrive within 10 seconds.",
        {"Connection": "close"},
    ),
    TooManyWebhooksError: Problem(
        HTTPStatus.CONFLICT, "Too many webhooks", "There are 20 webhooks, and no more may be: remove one first."
    ),
    PayloadTooLargeError: Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Payload too large",
        "A body has at most 64 KiB.",
        {"Connection": "close"},
        when="The body is longer than 64 KiB.",
    ),
    UnsupportedMediaTypeError: Problem(
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
    InternalError: Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "This is our fault. The X-Request-Id header helps us find out what happened.",
        when="A fault of ours; the log has it under the id in X-Request-Id.",
    ),
    OverloadedError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Overloaded",
        "Too many log-ins are under way: try again in a moment.",
        {"Retry-After": "2"},
        when="Too many passwords wait to be checked; Retry-After says when to try again.",
    ),
    UnavailableError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Unavailable",
        "Something this service depends on is away: try again in a moment.",
        {"Retry-After": "5"},
        when="Something this service depends on is away; Retry-After says when to try again.",
    ),
}
