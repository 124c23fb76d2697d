"""Passkeys, and what decides whether one may be kept or used: all that a signature alone does not say."""

from datetime import datetime
from typing import Self

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidPasskeyError, PasskeyClonedError
from leadnator_auth.domain.values.ids import PasskeyId, UserId

MAX_PASSKEYS = 20
"""Of one account."""
TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
"""Ways to reach an authenticator that a browser knows (WebAuthn Level 3 section 5.8.4)."""


@attrs.frozen
class AuthenticatorFlags:
    """What an authenticator says of itself and of the person before it (WebAuthn Level 3 section 6.1)."""

    user_present: bool
    user_verified: bool
    backup_eligible: bool
    """The passkey may be copied to other devices of its owner."""
    backed_up: bool
    """It is there already."""

    def check(self) -> None:
        """Raises: InvalidPasskeyError when nobody was verified, or the flags contradict themselves.

        A passkey stands for a password and a second factor, so that presence is not enough. Whether one may be backed
        up is no reason to refuse it, nor that it was not so before (WebAuthn Level 3 sections 7.1 and 7.2).
        """
        if not (self.user_present and self.user_verified):
            raise InvalidPasskeyError("the authenticator did not verify who used it")
        if self.backed_up and not self.backup_eligible:
            raise InvalidPasskeyError("it is backed up, and not eligible for that")


@attrs.frozen
class PasskeyRegistration:
    """What a genuine answer to options for registration says."""

    credential_id: str
    """In base64url without padding, as everywhere."""
    public_key: str = attrs.field(repr=False)
    """A COSE_Key (RFC 9052 section 7) in base64url."""
    algorithm: int
    """Of the key, as COSE numbers them: -7 is ES256, -8 EdDSA, -257 RS256."""
    sign_count: int
    flags: AuthenticatorFlags
    transports: tuple[str, ...]
    """How its authenticator is reached, as far as the browser tells; in the order of the alphabet."""
    aaguid: str
    """The model of the authenticator, as a UUID; zeros where it does not tell."""


@attrs.frozen
class PasskeyAssertion:
    """What a genuine answer to options for log-in says: its signature is that of the passkey it names."""

    credential_id: str
    user_handle: bytes | None
    """Whose passkey its authenticator says it is; None where it does not tell."""
    sign_count: int
    flags: AuthenticatorFlags


@attrs.frozen
class Passkey:
    """A key that an authenticator keeps, of which this is the public half; it may be used on one account."""

    id: PasskeyId
    user_id: UserId
    credential_id: str
    """What authenticators and browsers know it by; no two passkeys have the same."""
    name: str
    public_key: str = attrs.field(repr=False)
    algorithm: int
    sign_count: int
    """How often it was used, as its authenticator counts; 0 where it does not."""
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]
    aaguid: str
    created_at: datetime
    last_used_at: datetime | None = None

    @classmethod
    def made_of(cls, registration: PasskeyRegistration, id: PasskeyId, user: User, name: str, now: datetime) -> Self:  # noqa: A002 (the field's name)
        """Returns the passkey that an account gets by a registration.

        Raises: InvalidPasskeyError when its flags forbid it.
        """
        registration.flags.check()
        return cls(
            id=id,
            user_id=user.id,
            credential_id=registration.credential_id,
            name=name,
            public_key=registration.public_key,
            algorithm=registration.algorithm,
            sign_count=registration.sign_count,
            backup_eligible=registration.flags.backup_eligible,
            backed_up=registration.flags.backed_up,
            transports=registration.transports,
            aaguid=registration.aaguid,
            created_at=now,
        )

    def used_by(self, assertion: PasskeyAssertion, now: datetime, *, is_user_known: bool) -> Self:
        """Returns the passkey as it is after it was used.

        With `is_user_known`, the account was known before the passkey was asked for; else the passkey alone names it,
        and must do so.

        Raises: InvalidPasskeyError when it may not be used so, PasskeyClonedError when somebody else may have its key.
        """
        if assertion.credential_id != self.credential_id:
            raise InvalidPasskeyError("it is another passkey")
        self._check_user_handle(assertion.user_handle, is_user_known=is_user_known)
        assertion.flags.check()
        if not self.can_count(assertion.sign_count):
            raise PasskeyClonedError(self.id, self.user_id)
        return attrs.evolve(
            self,
            sign_count=assertion.sign_count,
            backup_eligible=assertion.flags.backup_eligible,
            backed_up=assertion.flags.backed_up,
            last_used_at=now,
        )

    def named(self, name: str) -> Self:
        """Returns it with another name."""
        return attrs.evolve(self, name=name)

    def can_count(self, sign_count: int) -> bool:
        """Returns whether a counter rises by this, or is one that never counts (WebAuthn Level 3 section 6.1.1)."""
        return sign_count > self.sign_count or not (sign_count or self.sign_count)

    def _check_user_handle(self, user_handle: bytes | None, *, is_user_known: bool) -> None:
        if user_handle is None and is_user_known:
            return
        if user_handle != user_handle_of(self.user_id):
            raise InvalidPasskeyError("it is the passkey of another account, or does not say whose it is")


def user_handle_of(user_id: UserId) -> bytes:
    """Returns what authenticators know an account by: at most 64 bytes, which say nothing of a person."""
    return user_id.encode()
