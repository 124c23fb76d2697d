"""Answers to what proves nobody, or not enough."""

from collections.abc import Mapping
from http import HTTPStatus

from leadnator_auth.domain.errors import (
    AuthError,
    InvalidChallengeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    LastCredentialError,
    PasskeyExistsError,
    SecondFactorRequiredError,
    StepUpRequiredError,
    TooManyPasskeysError,
)
from leadnator_auth.entrypoints.http.problems.problem import REALM, Problem, challenge
from leadnator_auth.entrypoints.http.refusals import RequestError

FACTORS: Mapping[type[AuthError] | type[RequestError], Problem] = {
    InvalidChallengeError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid or expired challenge",
        "Begin again: a challenge works once, for five minutes and a few tries.",
        when="The challenge is unknown, used up or expired, older than the password, or for something else.",
    ),
    InvalidCredentialsError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid credentials",
        "The e-mail address or the password is wrong.",
        {"WWW-Authenticate": REALM},
    ),
    InvalidCodeError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid code",
        "The code is wrong, or does not work any more.",
        {"WWW-Authenticate": REALM},
        when="The code is wrong or was used, or the challenge of a mailed code is unknown, used up or expired.",
    ),
    InvalidPasskeyError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Invalid passkey",
        "This passkey cannot be used here: use another, or log in with the password.",
        {"WWW-Authenticate": REALM},
        when="The answer of the authenticator is malformed or forged, or the passkey is unknown or may not be used.",
    ),
    StepUpRequiredError: Problem(
        HTTPStatus.UNAUTHORIZED,
        "Step-up required",
        "Give your password, or a code of your second factor, at /api/auth/step-up, and repeat the call.",
        challenge("insufficient_user_authentication", "A more recent authentication is required"),
        when="The session is good, but its last log-in or step-up is too long ago for this call.",
    ),
    SecondFactorRequiredError: Problem(
        HTTPStatus.FORBIDDEN,
        "Second factor required",
        "Answer the challenge with a second factor at /api/auth/login/second-factor.",
        when="What was given is right, but the account takes a second factor, too; `challenge`, `factors`, "
        "`expires_at` and, where a passkey will do, `passkey` are members of the answer.",
    ),
    PasskeyExistsError: Problem(
        HTTPStatus.CONFLICT, "Passkey already registered", "This passkey is registered already."
    ),
    TooManyPasskeysError: Problem(
        HTTPStatus.CONFLICT, "Too many passkeys", "The account has 20 passkeys: remove one first."
    ),
    LastCredentialError: Problem(
        HTTPStatus.CONFLICT,
        "Last credential",
        "It is the only way into the account: set a password or add another passkey first.",
        when="Without it there would be no way into the account: no password works, and there is no other passkey.",
    ),
}
