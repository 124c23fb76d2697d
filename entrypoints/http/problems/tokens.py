"""Answers to tokens, keys and roles that do not allow a call."""

from collections.abc import Mapping
from http import HTTPStatus

from leadnator_auth.domain.errors import (
    AuthError,
    ForbiddenError,
    InsufficientScopeError,
    InvalidRefreshTokenError,
    InvalidTokenError,
    SessionRequiredError,
    TokenPairExistsError,
    TooManyApiKeysError,
)
from leadnator_auth.entrypoints.http.problems.problem import REALM, Problem, challenge
from leadnator_auth.entrypoints.http.refusals import RequestError

TOKENS: Mapping[type[AuthError] | type[RequestError], Problem] = {
    InvalidTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid token",
        "The token is malformed, expired or no longer valid: log in again.",
        challenge("invalid_token", "The token is malformed, expired or no longer valid"),
        when="The token is malformed, expired or revoked.",
    ),
    InvalidRefreshTokenError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid refresh token",
        "The refresh token is malformed, replaced, or of a session that ended: log in again.",
        {"WWW-Authenticate": REALM},
        when="The refresh token is malformed or forged, or its session ended; one that was replaced before ends it.",
    ),
    ForbiddenError: Problem(
        HTTPStatus.FORBIDDEN,
        "Forbidden",
        "Only an admin may do this.",
        challenge("insufficient_scope", "Only an admin may do this"),
    ),
    SessionRequiredError: Problem(
        HTTPStatus.FORBIDDEN,
        "Session required",
        "No API key may do this: log in, and send the token of the session.",
        challenge("insufficient_scope", "This takes the token of a session"),
        when="An API key was sent where only somebody who logged in may act.",
    ),
    InsufficientScopeError: Problem(
        HTTPStatus.FORBIDDEN,
        "Insufficient scope",
        "This takes an API key that has the scope for it.",
        challenge("insufficient_scope", "This takes an API key with a scope"),
        when="What was sent is no API key with the scope for this, which WWW-Authenticate names; some are for the "
        "keys of admins alone.",
    ),
    TokenPairExistsError: Problem(
        HTTPStatus.CONFLICT,
        "Token pair exists",
        "This session has a token pair already: POST its refresh token to /api/auth/refresh.",
        when="The token is the access token of a pair, whose session gets the next pair for its refresh token alone.",
    ),
    TooManyApiKeysError: Problem(
        HTTPStatus.CONFLICT, "Too many API keys", "The account has 50 API keys: remove one first."
    ),
}
