"""Password hashes in passlib's published `bcrypt-sha256` version 2 format, and old ones in plain bcrypt.

bcrypt itself reads 72 bytes, and treats what it read as a cycle that a NUL can fake. Here it only ever sees the base64
of an HMAC-SHA-256 of the password, keyed with the salt: every byte counts, none is special, and no hash that leaked
elsewhere can be tried as a password ("shucking", OWASP Password Storage Cheat Sheet).
"""

import base64
import hashlib
import hmac
import re

import attrs
import bcrypt

_SALT, _DIGEST = r"(?P<salt>[./A-Za-z0-9]{22})", r"(?P<digest>[./A-Za-z0-9]{31})"
_KEYED = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>\d{1,2})\$" + _SALT + r"\$" + _DIGEST, re.ASCII)
_PLAIN = re.compile(r"\$(?P<variant>2[aby])\$(?P<cost>\d{2})\$" + _SALT + _DIGEST, re.ASCII)
_BEGINS = re.compile(r"\$2[aby]\$|\$bcrypt-sha256\$v=", re.ASCII)
_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
"""bcrypt's own order of the characters of base64."""
_SALT_PADDING, _DIGEST_PADDING = 4, 2
"""Bits of the last character that stand for nothing: 22 characters have 132 bits for 128, and 31 have 186 for 184."""

MIN_COST, MAX_COST = 4, 16
"""bcrypt itself goes up to 31, which takes days."""
PLAIN_LIMIT = 72
"""Bytes of a password that plain bcrypt reads; it never saw the rest."""


@attrs.frozen
class BcryptHash:
    """A hash that passwords can be verified against, in a time that a log-in may take."""

    cost: int
    salt: str = attrs.field(repr=False)
    digest: str = attrs.field(repr=False)
    variant: str | None = None
    """The version that a plain bcrypt hash says it was made by; None for `bcrypt-sha256`."""

    @property
    def is_plain(self) -> bool:
        """Whether it was made of the password itself."""
        return self.variant is not None

    @property
    def limit(self) -> int | None:
        """Bytes of a password that it was made of; None for all of them."""
        return PLAIN_LIMIT if self.is_plain else None

    def matches(self, password: bytes) -> bool:
        """Returns whether it was made of this password; takes 2^cost rounds."""
        key = password[:PLAIN_LIMIT] if self.is_plain else _key(password, self.salt)
        return hmac.compare_digest(_digest(key, self.cost, self.salt), self.digest)

    def __str__(self) -> str:
        if self.is_plain:
            return f"${self.variant}${self.cost:02}${self.salt}{self.digest}"
        return f"$bcrypt-sha256$v=2,t=2b,r={self.cost}${self.salt}${self.digest}"


def make_hash(password: bytes, cost: int) -> BcryptHash:
    """Returns a new `bcrypt-sha256` hash with a random salt; takes 2^cost rounds."""
    salt = bcrypt.gensalt(cost)[-22:].decode()
    return BcryptHash(cost, salt, _digest(_key(password, salt), cost, salt))


def parse(password_hash: str) -> BcryptHash | None:
    """Returns the hash that a text stands for, or None when no password can be verified against it.

    Some systems wrote whatever they had into the padding bits of a salt, which bcrypt refuses. As passlib does, they
    are cleared: they took no part in the making.
    """
    match = _KEYED.fullmatch(password_hash) or _PLAIN.fullmatch(password_hash)
    if match is None or not MIN_COST <= int(match["cost"]) <= MAX_COST:
        return None
    return BcryptHash(
        int(match["cost"]),
        _cleared(match["salt"], _SALT_PADDING),
        _cleared(match["digest"], _DIGEST_PADDING),
        match.groupdict().get("variant"),
    )


def refusal(password_hash: str) -> str | None:
    """Returns why a hash that looks like one of these is not taken, or None where it looks like none."""
    match = _KEYED.fullmatch(password_hash) or _PLAIN.fullmatch(password_hash)
    if match:
        return f"This is bcrypt of cost {int(match['cost'])}, and costs from {MIN_COST} to {MAX_COST} are taken."
    return "This begins like bcrypt, but is not whole." if _BEGINS.match(password_hash) else None


def _cleared(text: str, padding: int) -> str:
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) >> padding << padding]


def _key(password: bytes, salt: str) -> bytes:
    return base64.b64encode(hmac.digest(salt.encode(), password, hashlib.sha256))


def _digest(key: bytes, cost: int, salt: str) -> str:
    return bcrypt.hashpw(key, f"$2b${cost:02}${salt}".encode())[-31:].decode()
