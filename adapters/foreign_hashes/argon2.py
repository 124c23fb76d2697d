"""Argon2 (RFC 9106) as PHC strings have it; the extra [argon2] verifies it."""

import re

from leadnator_auth.adapters.foreign_hashes.encodings import check_length, from_bare
from leadnator_auth.adapters.foreign_hashes.scheme import (
    ForeignHash,
    HashRefusedError,
    check_installed,
    check_most,
    scheme,
)

MAX_MEMORY_KIB = 256 * 1024
"""What one password may take while it is verified; each thread that hashes may take as much."""
MAX_WORK_KIB = 1024 * 1024
"""Memory times passes: about a second."""
MAX_LANES = 64
MIN_SALT = 8
_LENGTHS = (16, 24, 32, 48, 64)
_NUMBER = r"[1-9]\d{0,9}"
_B64 = r"[A-Za-z0-9+/]"


def _read(match: re.Match[str]) -> ForeignHash:
    check_installed("argon2", "argon2")
    memory, passes, lanes = int(match["m"]), int(match["t"]), int(match["p"])
    check_most("KiB of memory", memory, MAX_MEMORY_KIB)
    check_most("KiB to fill altogether", memory * passes, MAX_WORK_KIB)
    check_most("lanes", lanes, MAX_LANES)
    if memory < 8 * lanes:
        raise HashRefusedError("It has less memory than Argon2 takes for as many lanes.")
    if len(from_bare(match["salt"])) < MIN_SALT:
        raise HashRefusedError(f"Its salt is shorter than {MIN_SALT} bytes.")
    check_length(from_bare(match["digest"]), *_LENGTHS)
    encoded, kind = match[0].encode(), match["kind"].upper()

    def check(password: bytes) -> bool:
        from argon2 import low_level  # an extra: only where such a hash is there
        from argon2.exceptions import VerifyMismatchError

        try:
            return low_level.verify_secret(encoded, password, low_level.Type[kind])
        except VerifyMismatchError:
            return False

    return ForeignHash(match[0], check)


ARGON2_SCHEMES = (
    scheme(
        "Argon2",
        r"\$argon2",
        rf"\$argon2(?P<kind>id|i|d)\$(?:v=(?:16|19)\$)?m=(?P<m>{_NUMBER}),t=(?P<t>{_NUMBER}),p=(?P<p>{_NUMBER})"
        rf"\$(?P<salt>{_B64}{{2,86}})\$(?P<digest>{_B64}{{16,86}})",
        _read,
    ),
)
