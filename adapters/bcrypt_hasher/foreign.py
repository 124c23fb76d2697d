"""What the hasher needs to know of hashes that other systems made; by itself it knows plain bcrypt alone."""

from typing import Protocol


class ForeignHash(Protocol):
    """A hash that passwords can be verified against, in a time that a log-in may take."""

    @property
    def cost(self) -> int:
        """The cost of bcrypt, where it is made with that, or 0."""

    @property
    def limit(self) -> int | None:
        """Bytes of a password that it was made of; None for all of them."""

    def matches(self, password: bytes) -> bool:
        """Returns whether it was made of this password."""


class ForeignHashes(Protocol):
    """The hashes of other systems."""

    def unwrap(self, text: str) -> str:
        """Returns a hash without what its system puts around one that everybody knows."""

    def parse(self, text: str) -> ForeignHash | None:
        """Returns the hash that a text stands for, or None when no password can be verified against it."""

    def refusal(self, text: str) -> str:
        """Returns why a hash is not taken, in sentences that name it and hold nothing of it."""


class NoForeignHashes:
    """The hashes of no other system."""

    def unwrap(self, text: str) -> str:
        return text

    def parse(self, text: str) -> ForeignHash | None:
        return None

    def refusal(self, text: str) -> str:
        return "This is no password hash that can be verified here."
