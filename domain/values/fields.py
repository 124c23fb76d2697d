"""Checks for the fields of an input, which report every bad field at once."""

from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Self, TypeVar, cast

from leadnator_auth.domain.errors import FieldError, InvalidFieldsError, MissingFieldsError
from leadnator_auth.domain.values.text import is_blank, is_control, is_storable, stripped

Parsed = TypeVar("Parsed")
Default = TypeVar("Default")

RawField = object
"""A field as it arrived: text if all is well, anything at all otherwise."""


class BadFieldError(ValueError):
    """Raised by the parser of one field; the parser's caller adds the name of the field."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


MISSING = "missing"


def missing() -> BadFieldError:
    """Returns the problem of a required field that is absent, null or empty."""
    return BadFieldError(MISSING, "This field is required.")


def text_of(value: RawField) -> str:
    """Returns `value` as text that every store and encoder can hold.

    Raises: BadFieldError when it is missing, is not text, or holds U+0000 or an unpaired surrogate.
    """
    if value is None or value == "":
        raise missing()
    if not isinstance(value, str):
        raise BadFieldError("wrong_type", "This must be a text.")
    if not is_storable(value):
        raise BadFieldError("invalid_characters", "This holds a character that is not allowed.")
    return value


def flag_of(value: RawField) -> bool:
    """Returns `value` as what is on or off.

    Raises: BadFieldError when it is missing, or neither true nor false.
    """
    if value is None:
        raise missing()
    if not isinstance(value, bool):
        raise BadFieldError("wrong_type", "This must be true or false.")
    return value


def parse_line(text: str, limit: int) -> str:
    """Returns a name without surrounding white space.

    Raises: BadFieldError when nothing of it is visible, or it has too many characters or a control character.
    """
    line = stripped(text)
    if is_blank(line):
        raise missing()
    if len(line) > limit:
        raise BadFieldError("too_long", f"Use at most {limit} characters.")
    if any(is_control(character) for character in line):
        raise BadFieldError("invalid_characters", "Control characters are not allowed.")
    return line


class FieldChecks:
    """Collects the problems of several fields and raises them together on exit.

    Raises, on leaving the `with` block: MissingFieldsError when any field is missing, else
    InvalidFieldsError when any is wrong; both name all the bad fields.
    """

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def __call__(self, field: str, value: RawField, parse: Callable[[str], Parsed]) -> Parsed:
        """Returns a text parsed; the result for a bad field is never seen, because leaving the block raises."""
        return self.of_any_type(field, value, lambda value: parse(text_of(value)))

    def of_any_type(self, field: str, value: RawField, parse: Callable[[RawField], Parsed]) -> Parsed:
        """Returns `value` parsed, which need not be a text; what is no good is for `parse` to say."""
        try:
            return parse(value)
        except BadFieldError as problem:
            self.refuse(field, problem)
            return cast(Parsed, None)

    def refuse(self, field: str, problem: BadFieldError) -> None:
        """Adds what turned out to be wrong with a field."""
        self._errors.append(FieldError(field, problem.code, problem.message))

    def optional(
        self, field: str, value: RawField, parse: Callable[[str], Parsed], *, default: Default
    ) -> Parsed | Default:
        """Returns `value` parsed, or `default` when it is absent, null or empty."""
        return default if value is None or value == "" else self(field, value, parse)

    def flag(self, field: str, value: RawField) -> bool:
        """Returns `value`, which is True or False and nothing that may stand for them."""
        if isinstance(value, bool):
            return value
        is_absent = value is None or value == ""
        problem = missing() if is_absent else BadFieldError("wrong_type", "This must be true or false.")
        self._errors.append(FieldError(field, problem.code, problem.message))
        return False

    def only(self, given: Iterable[str], known: Collection[str]) -> None:
        """Refuses each field that is given and not known.

        For changes: whoever names a field there means to change something, and would take silence for success.
        """
        message = f"There is no such field; there are: {', '.join(known)}."
        self._errors += [FieldError(name, "unknown_field", message) for name in given if name not in known]

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """The problems so far."""
        return tuple(self._errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None or not self._errors:
            return
        errors = self.errors
        if any(error.code == MISSING for error in errors):
            raise MissingFieldsError(errors)
        raise InvalidFieldsError(errors)
