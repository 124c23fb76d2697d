"""PBKDF2 (RFC 8018 section 5.2) as Django, Werkzeug, passlib and PHC strings write it."""

import hashlib
import hmac
import re

from leadnator_auth.adapters.foreign_hashes.encodings import check_length, from_bare, from_dotted, from_padded
from leadnator_auth.adapters.foreign_hashes.scheme import ForeignHash, check_most, scheme

MAX_ITERATIONS = 5_000_000
"""Some seconds; Django 6 makes 1,200,000."""
_ITERATIONS = r"(?P<iterations>[1-9]\d{0,9})"
_TEXT_SALT = r"(?P<salt>[!-#%-~]{1,128})"
_BASE64 = r"[A-Za-z0-9+/.]"


def _hash(match: re.Match[str], hash_name: str, salt: bytes, digest: bytes) -> ForeignHash:
    iterations = int(match["iterations"])
    check_most("iterations", iterations, MAX_ITERATIONS)
    check_length(digest, hashlib.new(hash_name, usedforsecurity=False).digest_size)

    def check(password: bytes) -> bool:
        return hmac.compare_digest(hashlib.pbkdf2_hmac(hash_name, password, salt, iterations), digest)

    return ForeignHash(match[0], check)


def _read_django(match: re.Match[str]) -> ForeignHash:
    return _hash(match, match["hash"], match["salt"].encode(), from_padded(match["digest"]))


def _read_werkzeug(match: re.Match[str]) -> ForeignHash:
    return _hash(match, match["hash"], match["salt"].encode(), bytes.fromhex(match["digest"]))


def _read_passlib(match: re.Match[str]) -> ForeignHash:
    return _hash(match, match["hash"] or "sha1", from_dotted(match["salt"]), from_dotted(match["digest"]))


def _read_phc(match: re.Match[str]) -> ForeignHash:
    digest = from_bare(match["digest"])
    check_length(digest, int(match["length"]))
    return _hash(match, match["hash"], from_bare(match["salt"]), digest)


PBKDF2_SCHEMES = (
    scheme(
        "Django's PBKDF2",
        r"pbkdf2_sha",
        rf"pbkdf2_(?P<hash>sha1|sha256)\${_ITERATIONS}\${_TEXT_SALT}\$(?P<digest>{_BASE64}+=*)",
        _read_django,
    ),
    scheme(
        "Werkzeug's PBKDF2",
        r"pbkdf2:",
        rf"pbkdf2:(?P<hash>sha(?:1|224|256|384|512)):{_ITERATIONS}\${_TEXT_SALT}\$(?P<digest>(?:[0-9a-f]{{2}})+)",
        _read_werkzeug,
    ),
    scheme(
        "PBKDF2 as a PHC string",
        r"\$pbkdf2-sha\d+\$i=",
        rf"\$pbkdf2-(?P<hash>sha1|sha256|sha512)\$i={_ITERATIONS},l=(?P<length>[1-9]\d?)"
        rf"\$(?P<salt>{_BASE64}{{2,172}})\$(?P<digest>{_BASE64}+)",
        _read_phc,
    ),
    scheme(
        "passlib's PBKDF2",
        r"\$pbkdf2",
        rf"\$pbkdf2(?:-(?P<hash>sha256|sha512))?\${_ITERATIONS}\$(?P<salt>{_BASE64}{{2,172}})\$(?P<digest>{_BASE64}+)",
        _read_passlib,
    ),
)
