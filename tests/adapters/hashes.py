"""Hashes as other systems make them, and a password that takes its time."""

import threading

import attrs
import bcrypt

from leadnator_auth.domain import Password

COST = 4
ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def plain_hash(password: str, cost: int = COST, *, variant: str = "2b") -> str:
    """Returns a hash of bcrypt without anything around it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode().replace("$2b$", f"${variant}$")


def with_padding(password_hash: str, salt_bits: int, digest_bits: int) -> str:
    """Returns the hash, plain or `bcrypt-sha256`, with these bits set where encoders leave zeros."""
    changed, salt_end = list(password_hash), len(password_hash) - (33 if "sha256" in password_hash else 32)
    for place, bits in ((salt_end, salt_bits), (len(changed) - 1, digest_bits)):
        changed[place] = ALPHABET[ALPHABET.index(changed[place]) | bits]
    return "".join(changed)


@attrs.frozen
class HeldPassword(Password):
    """A password whose hashing takes as long as the test wants."""

    asked_for: threading.Event = attrs.field(factory=threading.Event)
    released: threading.Event = attrs.field(factory=threading.Event)

    @property
    def utf8(self) -> bytes:
        self.asked_for.set()
        self.released.wait()
        return self.text.encode()
