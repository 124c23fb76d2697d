"""Everything the core refuses; each leaf has a stable, machine-readable code."""

from typing import ClassVar

import attrs


class AuthError(Exception):
    """The base of every refusal by a use case."""

    code: ClassVar[str]


@attrs.frozen
class FieldError:
    """The fault of one field of the input, in words for the person who filled it in."""

    field: str
    code: str
    message: str


class FieldsError(AuthError):
    """One or more fields are missing or wrong; `errors` names every one of them."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(", ".join(f"{error.field}: {error.code}" for error in errors))
        self.errors = errors


class MissingFieldsError(FieldsError):
    """At least one required field is absent, null or empty."""

    code = "missing_fields"


class InvalidFieldsError(FieldsError):
    """Every required field is present, and at least one breaks a rule."""

    code = "invalid_fields"


class EmailTakenError(AuthError):
    """Another account has this e-mail address."""

    code = "email_taken"


class InvalidCredentialsError(AuthError):
    """The e-mail address is unknown or the password is wrong; a caller is never told which.

    `user_id` is for the security log: the account that was tried, if there is one.
    """

    code = "invalid_credentials"

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class AccountSuspendedError(AuthError):
    """The password is right, but the account may not be used."""

    code = "account_suspended"


class InvalidTokenError(AuthError):
    """The access token is forged, malformed or expired, or its session has ended."""

    code = "invalid_token"


class ForbiddenError(AuthError):
    """Only an admin may do this; `user_id` says who tried, for the security log."""

    code = "forbidden"

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class LastAdminError(AuthError):
    """No admin would be left: the last active one cannot be demoted, suspended or deleted."""

    code = "last_admin"


class InvalidPageError(AuthError):
    """A list was asked for with an invalid limit, cursor or search."""

    code = "invalid_request"


class NotFoundError(AuthError):
    """Either this does not exist or the caller may not see it; a caller is never told which."""

    code = "not_found"


class InvalidResetTokenError(AuthError):
    """The reset token is unknown, used or expired."""

    code = "invalid_reset_token"


class OverloadedError(AuthError):
    """Too many passwords are waiting to be hashed; try again soon."""

    code = "overloaded"


class UnavailableError(AuthError):
    """Something the core depends on is unavailable for now; try again soon."""

    code = "unavailable"


class ConcurrencyError(UnavailableError):
    """Two units of work conflicted and this one was undone; running it again may succeed at once."""


class MailDelayedError(UnavailableError):
    """The mail server did not take a mail, but may later; no caller of a use case ever sees this.

    Unless it `may_have_arrived`, the mail certainly went nowhere, and neither did the secret in it.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class MailRefusedError(Exception):
    """The mail server refused a mail for good (an SMTP 5xx answer); no caller of a use case ever sees this.

    Unless it `may_have_arrived`, nobody has read the mail or the secret in it.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived
