"""Passkeys: the ceremonies of WebAuthn, and where the public keys are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.passkey import Passkey, PasskeyAssertion, PasskeyRegistration
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import PasskeyId, UserId

Json = Mapping[str, object]
"""A JSON object: what `JSON.parse` makes of it is what the browser's functions take or give."""


class PasskeyCeremony(Protocol):
    """Writes what browsers ask authenticators for, and verifies what these answer (WebAuthn Level 3 section 7).

    It says what a genuine answer says. Whether that will do is decided by `Passkey`: who was verified, whose passkey it
    is, counters and backup flags. That a challenge is unguessable, used once and for this is the caller's to see to.

    An answer is whatever somebody sent: InvalidPasskeyError is the only error that it ever causes, however malformed or
    long it is, and its words quote nothing of it.
    """

    @property
    def related_origins(self) -> Sequence[str]:
        """The origins of web pages on other hosts that may ask for the passkeys of this relying party, in order.

        Browsers look them up at its own host (WebAuthn Level 3 section 5.11).
        """

    def registration_options(self, user: User, challenge: bytes, existing: Sequence[Passkey]) -> Json:
        """Returns a PublicKeyCredentialCreationOptionsJSON: what `parseCreationOptionsFromJSON` takes.

        It asks for a discoverable credential and for user verification, and for no attestation. An authenticator that
        has one of the existing passkeys of the account makes no other.
        """

    def verify_registration(self, credential: Json, challenge: bytes) -> PasskeyRegistration:
        """Returns what a RegistrationResponseJSON says: what `toJSON()` of a new credential gives.

        Raises: InvalidPasskeyError when it is malformed, or no answer to this challenge, from one of our origins, for
        this relying party, with a key of a kind that was asked for.
        """

    def assertion_options(self, challenge: bytes, allowed: Sequence[Passkey] = ()) -> Json:
        """Returns a PublicKeyCredentialRequestOptionsJSON: what `parseRequestOptionsFromJSON` takes.

        It asks for user verification, and for one of the allowed passkeys; without any, for whichever one the person
        chooses.
        """

    def credential_id(self, credential: Json) -> str:
        """Returns which passkey an AuthenticationResponseJSON says it is of; nothing of it is verified yet.

        Raises: InvalidPasskeyError when it is malformed.
        """

    def verify_assertion(self, credential: Json, challenge: bytes, passkey: Passkey) -> PasskeyAssertion:
        """Returns what an AuthenticationResponseJSON says: what `toJSON()` of a credential that was used gives.

        Raises: InvalidPasskeyError when it is malformed, or no answer to this challenge, from one of our origins, for
        this relying party, signed by this passkey.
        """


class Passkeys(Protocol):
    """The passkeys of all accounts."""

    async def add(self, passkey: Passkey) -> None:
        """Keeps a new passkey.

        Raises: PasskeyExistsError when there is one with this credential id, of whatever account.
        """

    async def by_id(self, passkey_id: PasskeyId) -> Passkey | None:
        """Returns the passkey with this id, if any."""

    async def by_credential_id(self, credential_id: str) -> Passkey | None:
        """Returns the passkey that authenticators know by this, if any."""

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        """Returns the passkeys of an account; the oldest come first, and of one instant those with the lower id."""

    async def rename(self, passkey_id: PasskeyId, name: str) -> None:
        """Gives a passkey another name, if it is there."""

    async def record_use(self, passkey: Passkey) -> bool:
        """Keeps the counter, the backup flags and the last use of a passkey that was used, only if its counter rises.

        Returns whether it did; a counter that is zero and stays so counts as rising. It is one atomic step: of many at
        once with the same counter, unless that is zero, one is kept.
        """

    async def remove(self, passkey_id: PasskeyId) -> bool:
        """Removes a passkey; returns whether there was one, which of many at once only one is told."""

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[Passkey]:
        """Removes the passkeys of an account that were made at or after an instant, or all.

        Returns them, in any order.
        """
