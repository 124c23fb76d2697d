"""E-mail syntax by the email-validator library, without DNS."""

import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING

from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError, missing
from leadnator_auth.domain.values.text import is_storable, stripped

__all__ = ["ValidatedEmailSyntax"]

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

MAX_OCTETS = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""
_STAND_IN = "example.com"
"""The library looks at an allowed domain as if it were this one, which is no special case."""


class ValidatedEmailSyntax:
    """The EmailSyntax for the Internet: ASCII before the @, international domain names after it.

    Names for special use (RFC 6761) are no domains of mailboxes, but for those that are allowed, with all below them.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        """Allows these domains, which are in lower case and ASCII."""
        self._allowed = allowed

    def parse(self, text: str) -> EmailAddress:
        from email_validator import EmailNotValidError, validate_email  # not needed to start

        typed = stripped(text)
        if not typed:
            raise missing()
        if len(typed) > MAX_OCTETS or len(typed.encode("utf-8", "surrogatepass")) > MAX_OCTETS:
            raise BadFieldError("too_long", f"Use at most {MAX_OCTETS} bytes.")
        # "=?" begins an encoded word, which mail software decodes to another address (RFC 2047).
        if not is_storable(typed) or "=?" in typed or any(_turns_ascii(character) for character in typed):
            raise _invalid()
        allowed = self._allowed_in(typed)
        looked_at = typed[: -len(allowed)] + _STAND_IN if allowed else typed
        try:
            valid = validate_email(
                looked_at,
                allow_smtputf8=False,
                allow_quoted_local=False,
                allow_domain_literal=False,
                allow_display_name=False,
                check_deliverability=False,
                # The reserved domain "test" (RFC 6761) is a good place for the accounts of a test.
                test_environment=True,
                strict=True,
            )
        except EmailNotValidError as error:
            raise _invalid() from error
        if not _is_spelled_out(looked_at.rpartition("@")[2], valid):
            raise _invalid()
        canonical = (valid.ascii_email or "").lower()
        if allowed:
            canonical = canonical.removesuffix(_STAND_IN) + allowed
        if not canonical or len(canonical) > MAX_OCTETS:
            raise BadFieldError("too_long", f"Use at most {MAX_OCTETS} bytes.")
        return EmailAddress(typed=typed, canonical=canonical)

    def _allowed_in(self, address: str) -> str:
        """Returns the allowed domain that an address is in, or nothing; the longest, where one is below another."""
        domain = address.rpartition("@")[2].lower()
        return max((name for name in self._allowed if f".{domain}".endswith(f".{name}")), key=len, default="")


def _turns_ascii(character: str) -> bool:
    """Returns whether a look-alike would become an ASCII character when normalised: the Kelvin sign is not a k here."""
    return not character.isascii() and any(part.isascii() for part in unicodedata.normalize("NFKC", character).lower())


def _is_spelled_out(typed_domain: str, valid: "ValidatedEmail") -> bool:
    """Returns whether only case and IDN spelling were normalised: IDNA silently drops fillers and selectors."""
    # Character by character: lower() of a whole word would turn a final sigma into another letter.
    lower = unicodedata.normalize("NFC", "".join(character.lower() for character in typed_domain))
    labels, unicode_labels, ascii_labels = (domain.split(".") for domain in (lower, valid.domain, valid.ascii_domain))
    return len(labels) == len(ascii_labels) and all(
        label in spellings for label, *spellings in zip(labels, unicode_labels, ascii_labels, strict=True)
    )


def _invalid() -> BadFieldError:
    return BadFieldError("invalid_email", "This is not a valid e-mail address.")
