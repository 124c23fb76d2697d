"""phpass's portable hashes, which WordPress and phpBB have: MD5, again and again."""

import hashlib
import hmac
import re

from leadnator_auth.adapters.foreign_hashes.scheme import ForeignHash, HashRefusedError, scheme

MAX_LOG2 = 18
"""It holds the interpreter, unlike the others: some hundredths of a second."""
MIN_LOG2 = 7
MAX_PASSWORD = 4096
"""Bytes that phpass itself takes; each of them is hashed in each round."""
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _read(match: re.Match[str]) -> ForeignHash:
    log2, salt, digest = _ALPHABET.index(match["log2"]), match["salt"].encode(), match["digest"].encode()
    if not MIN_LOG2 <= log2 <= MAX_LOG2:
        raise HashRefusedError(f"It has 2^{log2} rounds, and those from 2^{MIN_LOG2} to 2^{MAX_LOG2} are taken.")

    def check(password: bytes) -> bool:
        if len(password) > MAX_PASSWORD:
            return False
        made = hashlib.md5(salt + password, usedforsecurity=False).digest()
        for _ in range(1 << log2):
            made = hashlib.md5(made + password, usedforsecurity=False).digest()
        return hmac.compare_digest(_encoded(made).encode(), digest)

    return ForeignHash(match[0], check)


def _encoded(content: bytes) -> str:
    """Returns phpass's own base64: three bytes, the first one lowest, are a number, and that is four characters."""
    text = ""
    for start in range(0, len(content), 3):
        part = content[start : start + 3]
        number = int.from_bytes(part, "little")
        text += "".join(_ALPHABET[number >> 6 * place & 63] for place in range(len(part) + 1))
    return text


PHPASS_SCHEMES = (
    scheme(
        "phpass",
        r"\$[PH]\$",
        r"\$[PH]\$(?P<log2>[./0-9A-Za-z])(?P<salt>[./0-9A-Za-z]{8})(?P<digest>[./0-9A-Za-z]{21}[./01])",
        _read,
    ),
)
