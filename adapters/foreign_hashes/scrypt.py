"""scrypt (RFC 7914) as Django, Werkzeug, passlib, PHC strings and Firebase write it."""

import hashlib
import hmac
import re
from collections.abc import Callable

import attrs

from leadnator_auth.adapters.foreign_hashes.encodings import check_length, from_bare, from_padded
from leadnator_auth.adapters.foreign_hashes.scheme import (
    Check,
    ForeignHash,
    HashRefusedError,
    check_installed,
    check_most,
    scheme,
)

MAX_MEMORY = 256 * 1024 * 1024
"""Bytes that one password may take while it is verified; each thread that hashes may take as much."""
MAX_WORK = 1024 * 1024 * 1024
"""Bytes that may be filled altogether: about two seconds."""
_OPENSSL_OVERHEAD = 1024 * 1024
_KEY_LENGTH = 64
_PHC_LENGTHS = (16, 24, 32, 48, 64)
_MAX_LOG2 = 24
"""Beyond it the memory is, too; so that no number grows that is only to be refused."""
_NUMBER = r"[1-9]\d{0,8}"
_B64 = r"[A-Za-z0-9+/]"
_TEXT_SALT = r"(?P<salt>[!-#%-~]{1,128})"


@attrs.frozen
class _Cost:
    """The parameters N, r and p of RFC 7914."""

    n: int
    r: int
    p: int

    def check(self) -> None:
        """Raises: HashRefusedError when they are none, or cost more than a log-in may."""
        if self.n < 2 or self.n & (self.n - 1):
            raise HashRefusedError("Its N is no power of two.")
        check_most("bytes of memory to fill", 128 * self.n * self.r, MAX_MEMORY)
        check_most("bytes to fill altogether", 128 * self.n * self.r * self.p, MAX_WORK)

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """Returns the key that is derived from a password."""
        memory = 128 * self.r * (self.n + self.p + 2) + _OPENSSL_OVERHEAD
        return hashlib.scrypt(password, salt=salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=length)


def _checked(match: re.Match[str], cost: _Cost, check: Check) -> ForeignHash:
    cost.check()
    return ForeignHash(match[0], check)


def _comparing(cost: _Cost, salt: bytes, digest: bytes) -> Check:
    return lambda password: hmac.compare_digest(cost.derive(password, salt, len(digest)), digest)


def _read_text_salt(decode: Callable[[str], bytes]) -> Callable[[re.Match[str]], ForeignHash]:
    def read(match: re.Match[str]) -> ForeignHash:
        cost = _Cost(int(match["n"]), int(match["r"]), int(match["p"]))
        digest = decode(match["digest"])
        check_length(digest, _KEY_LENGTH)
        return _checked(match, cost, _comparing(cost, match["salt"].encode(), digest))

    return read


def _logarithmic_cost(match: re.Match[str]) -> _Cost:
    check_most("as the logarithm of N", int(match["ln"]), _MAX_LOG2)
    return _Cost(1 << int(match["ln"]), int(match["r"]), int(match["p"]))


def _read_phc(match: re.Match[str]) -> ForeignHash:
    cost, digest = _logarithmic_cost(match), from_bare(match["digest"])
    check_length(digest, *_PHC_LENGTHS)
    return _checked(match, cost, _comparing(cost, from_bare(match["salt"]), digest))


def _read_firebase(match: re.Match[str]) -> ForeignHash:
    check_installed("cryptography", "firebase")
    cost, salt, keystream = _logarithmic_cost(match), from_bare(match["salt"]), from_bare(match["keystream"])

    def check(password: bytes) -> bool:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # only where such a hash is there

        key = cost.derive(password, salt, 32)
        encryptor = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
        return hmac.compare_digest(encryptor.update(bytes(len(keystream))), keystream)

    return _checked(match, cost, check)


SCRYPT_SCHEMES = (
    scheme(
        "Django's scrypt",
        r"scrypt\$\d",
        rf"scrypt\$(?P<n>{_NUMBER})\${_TEXT_SALT}\$(?P<r>{_NUMBER})\$(?P<p>{_NUMBER})\$(?P<digest>{_B64}+=*)",
        _read_text_salt(from_padded),
    ),
    scheme(
        "Werkzeug's scrypt",
        r"scrypt:",
        rf"scrypt:(?P<n>{_NUMBER}):(?P<r>{_NUMBER}):(?P<p>{_NUMBER})\${_TEXT_SALT}\$(?P<digest>(?:[0-9a-f]{{2}})+)",
        _read_text_salt(bytes.fromhex),
    ),
    scheme(
        "scrypt as passlib and PHC strings have it",
        r"\$scrypt\$",
        rf"\$scrypt\$ln=(?P<ln>[1-9]\d?),r=(?P<r>{_NUMBER}),p=(?P<p>{_NUMBER})"
        rf"\$(?P<salt>{_B64}{{2,172}})\$(?P<digest>{_B64}{{22,86}})",
        _read_phc,
    ),
    scheme(
        "Firebase's scrypt",
        r"\$firebase-scrypt\$",
        rf"\$firebase-scrypt\$ln=(?P<ln>[1-9]\d?),r=(?P<r>{_NUMBER}),p=(?P<p>1)"
        rf"\$(?P<salt>{_B64}{{2,172}})\$(?P<keystream>{_B64}{{43,172}})",
        _read_firebase,
    ),
)
