"""E-mail syntax by the email-validator library, without DNS."""

import unicodedata
from typing import TYPE_CHECKING

from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError, missing

__all__ = ["ValidatedEmailSyntax"]

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

MAX_OCTETS = 254
"""RFC 5321 section 4.5.3.1.3, without the angle brackets."""


class ValidatedEmailSyntax:
    """The EmailSyntax for the Internet: ASCII before the @, internationalised domain names after it."""

    def parse(self, text: str) -> EmailAddress:
        from email_validator import EmailNotValidError, validate_email  # not needed to start

        typed = text.strip()
        if not typed:
            raise missing()
        if len(typed) > MAX_OCTETS or len(typed.encode()) > MAX_OCTETS:
            raise BadFieldError("too_long", f"Use at most {MAX_OCTETS} bytes.")
        # "=?" begins an encoded word, which mail software decodes to another address (RFC 2047).
        if "=?" in typed or any(_turns_ascii(character) for character in typed):
            raise _invalid()
        try:
            valid = validate_email(
                typed,
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
        if not _is_spelled_out(typed.rpartition("@")[2], valid):
            raise _invalid()
        if not valid.ascii_email or len(valid.ascii_email) > MAX_OCTETS:
            raise BadFieldError("too_long", f"Use at most {MAX_OCTETS} bytes.")
        return EmailAddress(typed=typed, canonical=valid.ascii_email.lower())


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
