"""Answers to what is wrong with an account."""

from collections.abc import Mapping
from http import HTTPStatus

from leadnator_auth.domain.errors import (
    AccountSuspendedError,
    AuthError,
    EmailNotVerifiedError,
    EmailTakenError,
    InvalidEmailTokenError,
    InvalidResetTokenError,
    LastAdminError,
    SignUpClosedError,
)
from leadnator_auth.entrypoints.http.problems.problem import Problem
from leadnator_auth.entrypoints.http.refusals import RequestError

ACCOUNTS: Mapping[type[AuthError] | type[RequestError], Problem] = {
    InvalidResetTokenError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired reset token",
        "Ask for a new link: each works once, for a limited time.",
        when="The token is unknown, used or expired.",
    ),
    InvalidEmailTokenError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired e-mail token",
        "Ask for a new link: each works once, for a limited time, for the address that it was mailed to.",
        when="The token is unknown, used or expired, or the address is another or verified by now.",
    ),
    AccountSuspendedError: Problem(
        HTTPStatus.FORBIDDEN,
        "Account suspended",
        "This account may not be used for now.",
        when="The password is right, but the account may not be used.",
    ),
    EmailNotVerifiedError: Problem(
        HTTPStatus.FORBIDDEN,
        "E-mail address not verified",
        "Open the link that was mailed to this address first; setting a new password by mail proves it, too.",
        when="The credentials are right, but the address has to be verified first.",
    ),
    SignUpClosedError: Problem(
        HTTPStatus.FORBIDDEN,
        "Sign-up closed",
        "Ask whoever runs this service for an account, or use an address of theirs.",
        when="Nobody may sign up here, or nobody with an address of this domain.",
    ),
    EmailTakenError: Problem(
        HTTPStatus.CONFLICT, "Email already in use", "An account with this e-mail address exists."
    ),
    LastAdminError: Problem(
        HTTPStatus.CONFLICT, "Last admin", "This is the last active admin: make somebody else one first."
    ),
}
