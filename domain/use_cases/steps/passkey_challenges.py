"""Challenges for passkeys: what an authenticator signs follows from the secret that comes back with its answer."""

import hashlib
from collections.abc import Mapping

import attrs

from leadnator_auth.domain.entities.challenge import Challenge
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidChallengeError, NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.ports.passkeys import Json, PasskeyCeremony
from leadnator_auth.domain.use_cases.steps.challenges import open_challenge, spend_try
from leadnator_auth.domain.values.fields import BadFieldError, RawField, missing


@attrs.frozen
class PasskeyOptions:
    """What a browser is given to ask an authenticator with, and the challenge that comes back with the answer."""

    challenge: Challenge
    options: Json
    """For `PublicKeyCredential.parseCreationOptionsFromJSON`, or `parseRequestOptionsFromJSON`."""


def are_passkeys_on(*, ports: Ports) -> bool:
    """Returns whether there are passkeys here."""
    return ports.passkeys is not None


def require_passkeys(ports: Ports) -> PasskeyCeremony:
    """Returns what verifies passkeys.

    Raises: NotFoundError where they are off.
    """
    if ports.passkeys is None:
        raise NotFoundError
    return ports.passkeys


def signed_part(secret: str) -> bytes:
    """Returns the bytes that an authenticator signs for a challenge (WebAuthn Level 3 section 13.4.3).

    They tell nothing of the secret, which is in no answer of an authenticator and in no log of a browser.
    """
    return hashlib.sha256(b"webauthn\0" + secret.encode()).digest()


async def open_passkey_challenge(
    purpose: Purpose, transaction: Transaction, ports: Ports, *, user: User | None = None
) -> Challenge:
    """Returns a new challenge that takes one answer, right or wrong, for minutes."""
    lifetime = ports.policy.passkey_challenge_lifetime
    return await open_challenge(purpose, transaction, ports, lifetime=lifetime, tries=1, user=user)


async def spend_passkey_challenge(purpose: Purpose, secret: str, ports: Ports) -> OneTimeToken:
    """Returns the token of a challenge that was not answered before; from now on it was.

    Whose it is, is for the caller to check, with the account as it is in the transaction that follows.

    Raises: InvalidChallengeError.
    """
    token = await spend_try(purpose, secret, ports)
    if token is None:
        raise InvalidChallengeError
    return token


def parse_credential(value: RawField) -> Json:
    """Returns what `toJSON()` of a credential gave; its members are for the ceremony to read.

    Raises: BadFieldError when it is missing, or no object.
    """
    if value is None or value == "":
        raise missing()
    if not isinstance(value, Mapping):
        raise BadFieldError("wrong_type", "This must be an object: what toJSON() of a credential gives.")
    return value
