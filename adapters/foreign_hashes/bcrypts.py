"""bcrypt with something before it: a digest of the password, or the mistake of an old implementation."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import bcrypt

from leadnator_auth.adapters.foreign_hashes.scheme import ForeignHash, HashRefusedError, scheme

MIN_COST, MAX_COST = 4, 16
"""bcrypt itself goes up to 31, which takes days."""
_LIMIT = 72
"""Bytes that bcrypt reads."""
# The last characters of salt and digest have bits that stand for nothing; where they are not zero, it is no hash that
# any of these systems wrote.
_SALT = r"(?P<salt>[./A-Za-z0-9]{21}[.Oeu])"
_DIGEST = r"(?P<digest>[./A-Za-z0-9]{30}[.CGKOSWaeimquy26])"
_BCRYPT = rf"\$(?P<cost>\d\d)\${_SALT}{_DIGEST}"


def _reading(key_of: Callable[[bytes], bytes], limit: int | None = None) -> Callable[[re.Match[str]], ForeignHash]:
    """Returns what reads hashes that bcrypt made of a key, which it made of the password."""

    def read(match: re.Match[str]) -> ForeignHash:
        cost = int(match["cost"])
        if not MIN_COST <= cost <= MAX_COST:
            raise HashRefusedError(f"Its cost is {cost}, and those from {MIN_COST} to {MAX_COST} are taken.")
        setting, digest = f"$2b${cost:02}${match['salt']}".encode(), match["digest"].encode()

        def check(password: bytes) -> bool:
            return hmac.compare_digest(bcrypt.hashpw(key_of(password), setting)[-31:], digest)

        return ForeignHash(match[0], check, cost, limit)

    return read


def _hex_digest(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()


def _base64_digest(password: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(password).digest())


def _wordpress_digest(password: bytes) -> bytes:
    return base64.b64encode(hmac.digest(b"wp-sha384", password, hashlib.sha384))


def _sign_extended(password: bytes) -> bytes:
    """Returns what crypt_blowfish before 1.1 made of a password, as the 72 bytes that bcrypt makes of a key.

    It took each byte for a signed number (CVE-2011-2483), so that one of 128 or more overwrote those before it in the
    same word of four.
    """
    endless, place, words = password + b"\0", 0, b""
    for _ in range(_LIMIT // 4):
        word = 0
        for _ in range(4):
            byte = endless[place]
            word = (word << 8 | (byte | 0xFFFFFF00 if byte & 0x80 else byte)) & 0xFFFFFFFF
            place = (place + 1) % len(endless)
        words += word.to_bytes(4, "big")
    return words


BCRYPT_SCHEMES = (
    scheme("Django's bcrypt_sha256", r"bcrypt_sha256\$", rf"bcrypt_sha256\$\$2[aby]{_BCRYPT}", _reading(_hex_digest)),
    scheme(
        "passlib's bcrypt-sha256 of version 1",
        r"\$bcrypt-sha256\$2",
        rf"\$bcrypt-sha256\$2[ab],(?P<cost>[1-9]\d?)\${_SALT}\${_DIGEST}",
        _reading(_base64_digest),
    ),
    scheme("WordPress's bcrypt", r"\$wp\$", rf"\$wp\$2[aby]{_BCRYPT}", _reading(_wordpress_digest)),
    scheme("crypt_blowfish's $2x$", r"\$2x\$", rf"\$2x{_BCRYPT}", _reading(_sign_extended, _LIMIT)),
)
