"""Which fields of the input a database has no place for."""

from collections.abc import Mapping

from leadnator_auth.domain.errors import AuthError, FieldError, InvalidFieldsError, UnavailableError

_FIELDS: Mapping[str, str] = {
    "email_canonical": "email",
    "recipient": "email",
    "in_email": "query",
    "in_name": "query",
    "search": "query",
}
"""Values of statements that have another name than what a caller sent."""


def refusal_of(values: Mapping[str, object]) -> AuthError:
    """Returns what to raise where a database has no place for one of the values of a statement.

    It does not say which. Every encoding has ASCII, so it is one of the texts that hold more.
    """
    names = [name for name, value in values.items() if isinstance(value, str) and not value.isascii()]
    fields = dict.fromkeys(_FIELDS.get(name, name) for name in names)
    if not fields:
        return UnavailableError("the database does not take what is to be kept there")
    message = "This holds a character that cannot be kept."
    return InvalidFieldsError(tuple(FieldError(field, "invalid_characters", message) for field in fields))
