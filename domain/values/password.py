"""Passwords: the rules for new ones, and a type that never shows one."""

import unicodedata
from collections.abc import Set

import attrs

from leadnator_auth.domain.values.fields import BadFieldError

MAX_PASSWORD_BYTES = 1024
LONGEST_SPELLING_BYTES = 4 * MAX_PASSWORD_BYTES
"""Decomposed text takes at most three times the bytes of the same text composed."""


@attrs.frozen
class Password:
    """A password in Unicode normal form C (RFC 8265 section 4.2, OpaqueString), hidden from every repr."""

    text: str = attrs.field(repr=False)
    raw: str | None = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """The text as it was typed, where that is another: other systems may have hashed it so."""

    @classmethod
    def typed(cls, text: str) -> "Password":
        """Returns the password somebody typed to prove who they are, of any length, because it may be wrong."""
        # Normalising takes quadratic time, and no spelling of a valid password is this long.
        if len(text.encode()) > LONGEST_SPELLING_BYTES:
            return cls(text)
        normal = unicodedata.normalize("NFC", text)
        return cls(normal, raw=None if normal == text else text)

    @property
    def utf8(self) -> bytes:
        """The bytes that are hashed."""
        return self.text.encode()

    @property
    def spellings(self) -> tuple[bytes, ...]:
        """What a kept hash may have been made of, `utf8` first: one, or two where typed and normal form differ."""
        return (self.utf8,) if self.raw is None else (self.utf8, self.raw.encode())


def comparable(text: str) -> str:
    """Returns the form in which a password is held against a list: letter case and width make no other one of it.

    That is Unicode's compatibility form of the folded text (UAX 15, NFKC).
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@attrs.frozen
class PasswordPolicy:
    """The rules for a new password; nothing is trimmed and no kind of character is required (ASVS 6.2.5, 6.2.8)."""

    min_length: int = 6
    """Unicode code points, counted in normal form C."""
    blocklist: Set[str] = attrs.field(default=frozenset(), repr=False)
    """Passwords that nobody may choose, each as `comparable` returns it (NIST SP 800-63B 3.1.1.2, ASVS 6.2.4)."""

    def choose(self, text: str) -> Password:
        """Returns the new password.

        Raises: BadFieldError when it is shorter than `min_length`, over 1,024 bytes of UTF-8 or in the `blocklist`.
        """
        password = Password.typed(text)
        if len(password.text) < self.min_length:
            raise BadFieldError("too_short", f"Use at least {self.min_length} characters.")
        if len(password.utf8) > MAX_PASSWORD_BYTES:
            raise BadFieldError("too_long", f"Use at most {MAX_PASSWORD_BYTES:,} bytes.")
        if self.blocklist and comparable(password.text) in self.blocklist:
            raise BadFieldError("common_password", "Many people use this password: choose another one.")
        return password
