"""Where signing keys are kept, and what makes them."""

from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.public_key import SigningAlgorithm


class SigningKeys(Protocol):
    """The signing keys, of which there are a handful."""

    async def all(self) -> list[SigningKey]:
        """Returns every key, those published first first, and of one instant those with the lower kid."""

    async def add(self, key: SigningKey) -> None:
        """Keeps a new key.

        Raises: ConcurrencyError when another one is in its state, and that state is for one alone: next, or signing.
        """

    async def change(self, key: SigningKey, was: KeyState) -> bool:
        """Keeps the state and the times of a key, if it is there and in the state that it was; returns whether it did.

        It is one atomic step: of many at once, one changes it.

        Raises: ConcurrencyError as `add` does.
        """

    async def remove(self, kid: str) -> None:
        """Removes a key, if it is there."""


class KeyMaker(Protocol):
    """Makes pairs of keys; the private half leaves it only sealed."""

    def new_key(self, algorithm: SigningAlgorithm, master_keys: MasterKeys, now: datetime) -> SigningKey:
        """Returns a new key that is next, sealed with what is derived from the first master key.

        Raises: MasterKeyMissingError when there is none.
        """

    def can_sign(self, key: SigningKey, master_keys: MasterKeys) -> bool:
        """Returns whether its private half can be opened, and belongs to its public half."""
