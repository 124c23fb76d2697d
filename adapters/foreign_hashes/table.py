"""The table of all ways to write hashes that are taken from other systems."""

import re

from leadnator_auth.adapters.foreign_hashes.argon2 import ARGON2_SCHEMES
from leadnator_auth.adapters.foreign_hashes.bcrypts import BCRYPT_SCHEMES
from leadnator_auth.adapters.foreign_hashes.pbkdf2 import PBKDF2_SCHEMES
from leadnator_auth.adapters.foreign_hashes.phpass import PHPASS_SCHEMES
from leadnator_auth.adapters.foreign_hashes.refused import WHAT_WOULD_DO, name_of
from leadnator_auth.adapters.foreign_hashes.scheme import ForeignHash, HashRefusedError, Scheme
from leadnator_auth.adapters.foreign_hashes.scrypt import SCRYPT_SCHEMES

SCHEMES: tuple[Scheme, ...] = (
    *BCRYPT_SCHEMES,
    *PBKDF2_SCHEMES,
    *SCRYPT_SCHEMES,
    *ARGON2_SCHEMES,
    *PHPASS_SCHEMES,
)
MAX_LENGTH = 1024
"""Characters; the longest that one of these systems writes has some hundreds."""
_WRAPPER = re.compile(
    r"(?:bcrypt\$(?=\$2)|argon2(?=\$argon2)"  # Django's
    r"|\{(?:bcrypt|argon2(?:@SpringSecurity_v5_8)?)\}(?=\$)"  # Spring's
    r"|\{(?:CRYPT|BLF-CRYPT|ARGON2ID?|ARGON2I)\}(?=\$(?:2|argon2)))",  # LDAP's and Dovecot's
    re.IGNORECASE | re.ASCII,
)


class ForeignHashes:
    """The hashes of other systems."""

    def unwrap(self, text: str) -> str:
        """Returns a hash without what its system puts around one that everybody knows."""
        bare = text.strip(" \t\r\n")
        wrapper = _WRAPPER.match(bare)
        return bare[wrapper.end() :] if wrapper else bare

    def parse(self, text: str) -> ForeignHash | None:
        """Returns the hash that a text stands for, or None when no password can be verified against it."""
        try:
            return _read(text)
        except HashRefusedError:
            return None

    def refusal(self, text: str) -> str:
        """Returns why a hash is not taken, in sentences that name it, hold nothing of it, and say what would do."""
        try:
            _read(text)
        except HashRefusedError as reason:
            return f"This is {_named(text)}. {reason} {WHAT_WOULD_DO}"
        if kind := _named(text):
            return f"This begins like {kind}, but is not whole. {WHAT_WOULD_DO}"
        if kind := name_of(text):
            return f"This is {kind}. {WHAT_WOULD_DO}"
        return f"This is no password hash that can be verified here. {WHAT_WOULD_DO}"


def _read(text: str) -> ForeignHash | None:
    if len(text) > MAX_LENGTH:
        return None
    found = ((each, each.pattern.fullmatch(text)) for each in SCHEMES)
    return next((each.read(match) for each, match in found if match), None)


def _named(text: str) -> str | None:
    return next((each.name for each in SCHEMES if each.begins.match(text)), None)
