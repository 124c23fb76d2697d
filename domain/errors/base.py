"""What every refusal has, and those of any call."""

from typing import ClassVar

import attrs


class AuthError(Exception):
    """Everything a use case refuses; catch it to catch them all.

    `str()` says what is wrong, in words for whoever called; `code` is for programs.
    """

    code: ClassVar[str]
    message: ClassVar[str] = "The request was refused."
    """What is wrong with all of its kind."""

    @property
    def reason(self) -> str:
        """What is known of this one alone, for logs; empty if nothing is."""
        return super().__str__()

    def __str__(self) -> str:
        return self.reason or self.message


def message_and_reason(error: AuthError) -> str:
    """Returns what is wrong with all of its kind and, where that is known, with this one: a few words, no sentence."""
    return f"{error.message.rstrip('.')}: {error.reason}" if error.reason else error.message


@attrs.frozen
class FieldError:
    """The fault of one field of the input, in words for the person who filled it in."""

    field: str
    code: str
    message: str


class FieldsError(AuthError):
    """One or more fields are missing or wrong; `errors` names every one of them."""

    message = "Some fields are missing or wrong."

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(errors)
        self.errors = errors

    @property
    def reason(self) -> str:
        """Every bad field, with what is wrong with it."""
        return "; ".join(f"{error.field}: {error.code} ({error.message})" for error in self.errors)


class MissingFieldsError(FieldsError):
    """At least one required field is absent, null or empty."""

    code = "missing_fields"


class InvalidFieldsError(FieldsError):
    """Every required field is present, and at least one breaks a rule."""

    code = "invalid_fields"


class InvalidPageError(AuthError):
    """A list was asked for with an invalid limit, cursor or search."""

    code = "invalid_request"
    message = "A list has no such limit, cursor or search."

    __str__ = message_and_reason


class NotFoundError(AuthError):
    """Either this does not exist or the caller may not see it; a caller is never told which."""

    code = "not_found"
    message = "It does not exist, or is not yours to see."
