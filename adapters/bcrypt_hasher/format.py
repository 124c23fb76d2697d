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

_FORMAT = re.compile(
    r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>\d{1,2})\$(?P<salt>[./A-Za-z0-9]{22})\$(?P<digest>[./A-Za-z0-9]{31})",
    re.ASCII,
)
_PLAIN = re.compile(r"\$2[aby]\$(?P<cost>\d{2})\$[./A-Za-z0-9]{53}", re.ASCII)
LEAST_COST, MOST_COST = 4, 16
"""bcrypt itself goes up to 31, which takes days."""
PLAIN_LIMIT = 72
"""Bytes of a password that plain bcrypt reads; it never saw the rest."""


def make_hash(password: bytes, cost: int) -> str:
    """Returns a new `bcrypt-sha256` hash with a random salt; takes 2^cost rounds."""
    salt = bcrypt.gensalt(cost)[-22:].decode()
    return f"$bcrypt-sha256$v=2,t=2b,r={cost}${salt}${_digest(password, cost, salt)}"


def verify(password: bytes, password_hash: str) -> bool | None:
    """Returns whether the hash was made of this password, or None at once when it is no hash that can be checked."""
    if match := _FORMAT.fullmatch(password_hash):
        cost, salt, digest = int(match["cost"]), match["salt"], match["digest"]
        if not 4 <= cost <= 31:
            return None
        return hmac.compare_digest(_digest(password, cost, salt), digest)
    if _PLAIN.fullmatch(password_hash):
        try:
            return bcrypt.checkpw(password[:PLAIN_LIMIT], password_hash.encode())
        except ValueError:
            return None
    return None


def can_verify(password_hash: str) -> bool:
    """Returns whether `verify` can tell right from wrong by this hash, in a time that a log-in may take."""
    kind = kind_of(password_hash)
    return kind is not None and LEAST_COST <= kind.cost <= MOST_COST


@attrs.frozen
class HashKind:
    """What a hash tells about how it was made."""

    cost: int
    is_plain: bool


def kind_of(password_hash: str) -> HashKind | None:
    """Returns how a hash was made, or None when it is none of ours."""
    if match := _FORMAT.fullmatch(password_hash):
        return HashKind(int(match["cost"]), is_plain=False)
    if match := _PLAIN.fullmatch(password_hash):
        return HashKind(int(match["cost"]), is_plain=True)
    return None


def _digest(password: bytes, cost: int, salt: str) -> str:
    key = base64.b64encode(hmac.digest(salt.encode(), password, hashlib.sha256))
    setting = f"$2b${cost:02}${salt}".encode()
    return bcrypt.hashpw(key, setting)[-31:].decode()
