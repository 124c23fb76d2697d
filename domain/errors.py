"""Everything the core refuses; each leaf has a stable, machine-readable code."""

from collections.abc import Mapping
from datetime import datetime
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


class SignUpClosedError(AuthError):
    """Nobody may make an account here, or nobody with an e-mail address of this domain."""

    code = "signup_closed"
    message = "Sign-up is closed, or not for e-mail addresses of this domain."


class EmailTakenError(AuthError):
    """Another account has this e-mail address."""

    code = "email_taken"
    message = "Another account has this e-mail address."


class InvalidCredentialsError(AuthError):
    """The e-mail address is unknown or the password is wrong; a caller is never told which.

    `user_id` is for the security log: the account that was tried, if there is one.
    """

    code = "invalid_credentials"
    message = "The e-mail address or the password is wrong."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class AccountSuspendedError(AuthError):
    """The password is right, but the account may not be used."""

    code = "account_suspended"
    message = "This account may not be used for now."


class SecondFactorRequiredError(AuthError):
    """What was given is right, and does not do alone: the challenge has to be answered with a second factor, too.

    `factors` says which ones will do. `passkey` is what to ask an authenticator for, where a passkey is one of them.
    """

    code = "second_factor_required"
    message = "This account takes a second factor, too."

    def __init__(
        self,
        user_id: str,
        challenge: str,
        expires_at: datetime,
        factors: tuple[str, ...],
        passkey: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(user_id, challenge, expires_at, factors, passkey)
        self.user_id = user_id
        self.challenge = challenge
        self.expires_at = expires_at
        self.factors = factors
        self.passkey = passkey

    @property
    def reason(self) -> str:
        """Nothing: the challenge is not for logs."""
        return ""


class InvalidChallengeError(AuthError):
    """The challenge is unknown, used up, expired, older than the password, or for something or somebody else."""

    code = "invalid_challenge"
    message = "The challenge is unknown, used up or expired: begin again."


class EmailNotVerifiedError(AuthError):
    """Whoever this is has not proved that the address of the account is theirs; `user_id` is for the security log."""

    code = "email_not_verified"
    message = "The e-mail address of this account has to be verified first."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class InvalidTokenError(AuthError):
    """The access token is forged, malformed or expired, or its session has ended."""

    code = "invalid_token"
    message = "The access token is malformed, expired or no longer valid."

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}: {self.reason}" if self.reason else self.message


class StepUpRequiredError(AuthError):
    """The session is good, but it is too long ago that somebody proved in it that the account is theirs.

    `max_age` is how many seconds ago that may be (RFC 9470 section 3).
    """

    code = "step_up_required"
    message = "It takes a more recent proof that this account is yours: log in or step up first."

    def __init__(self, max_age: int = 600) -> None:
        super().__init__(max_age)
        self.max_age = max_age

    @property
    def reason(self) -> str:
        """Nothing: the period is the same for all."""
        return ""


class ForbiddenError(AuthError):
    """Only an admin may do this; `user_id` says who tried, for the security log."""

    code = "forbidden"
    message = "Only an admin may do this."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class SessionRequiredError(AuthError):
    """An API key was sent where only somebody who logged in may act; `user_id` says whose, for the security log."""

    code = "session_required"
    message = "No API key may do this: log in, and send the token of the session."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class InsufficientScopeError(AuthError):
    """The credential is good, but is no API key that has the scope for this; `user_id` is for the security log."""

    code = "insufficient_scope"
    message = "This takes an API key that has the scope for it."

    def __init__(self, scope: str = "", user_id: str | None = None) -> None:
        super().__init__(scope)
        self.scope = str(scope)
        self.user_id = user_id

    @property
    def reason(self) -> str:
        """The scope that it takes."""
        return f"it takes an API key with the scope {self.scope}" if self.scope else ""


class TooManyApiKeysError(AuthError):
    """The account has as many API keys as it may have."""

    code = "too_many_api_keys"
    message = "The account has 50 API keys: remove one first."


class LastAdminError(AuthError):
    """No admin would be left: the last active one cannot be demoted, suspended or deleted."""

    code = "last_admin"
    message = "This is the last active admin: make somebody else one first."


class TooManyWebhooksError(AuthError):
    """There are as many webhooks as there may be."""

    code = "too_many_webhooks"
    message = "There are as many webhooks as there may be: remove one first."


class InvalidPageError(AuthError):
    """A list was asked for with an invalid limit, cursor or search."""

    code = "invalid_request"
    message = "A list has no such limit, cursor or search."

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}: {self.reason}" if self.reason else self.message


class NotFoundError(AuthError):
    """Either this does not exist or the caller may not see it; a caller is never told which."""

    code = "not_found"
    message = "It does not exist, or is not yours to see."


class InvalidResetTokenError(AuthError):
    """The reset token is unknown, used or expired."""

    code = "invalid_reset_token"
    message = "The reset token is unknown, used up or expired."


class InvalidRefreshTokenError(AuthError):
    """The refresh token is malformed, forged or replaced, or its session has ended; a caller is never told which."""

    code = "invalid_refresh_token"
    message = "The refresh token is malformed or no longer valid."

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}: {self.reason}" if self.reason else self.message


class TokenPairExistsError(AuthError):
    """The session has a token pair already: the next one is had for its refresh token."""

    code = "token_pair_exists"
    message = "This session has a token pair already."


class InvalidPasskeyError(AuthError):
    """The answer of an authenticator is malformed, forged, or not one that may be used here and now."""

    code = "invalid_passkey"
    message = "This passkey cannot be used here."


class PasskeyClonedError(InvalidPasskeyError):
    """The counter of a passkey did not rise: somebody else may have its key. Both may be told, a caller never is."""

    def __init__(self, passkey_id: str, user_id: str) -> None:
        super().__init__(passkey_id, user_id)
        self.passkey_id = passkey_id
        self.user_id = user_id

    @property
    def reason(self) -> str:
        """What is known of all of its kind."""
        return "its counter did not rise"


class PasskeyExistsError(AuthError):
    """This passkey is registered already."""

    code = "passkey_exists"
    message = "This passkey is registered already."


class TooManyPasskeysError(AuthError):
    """The account has as many passkeys as it may have."""

    code = "too_many_passkeys"
    message = "The account has 20 passkeys: remove one first."


class LastCredentialError(AuthError):
    """There would be no way left into the account: no password works, and this is its last passkey."""

    code = "last_credential"
    message = "It is the only way into the account: set a password or add another passkey first."


class InvalidEmailTokenError(AuthError):
    """The token of a link that proves an address is unknown, used, expired or of an address of the past."""

    code = "invalid_email_token"
    message = "The token of the link is unknown, used up or expired."


class InvalidCodeError(AuthError):
    """The code is wrong, or its challenge is unknown, used up or expired; a caller is never told which.

    `user_id` is for the security log: the account that was tried, if there is one.
    """

    code = "invalid_code"
    message = "The code is wrong, or does not work any more."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class OverloadedError(AuthError):
    """Too many passwords are waiting to be hashed; try again soon."""

    code = "overloaded"
    message = "Too many passwords wait to be hashed: try again in a moment."


class UnavailableError(AuthError):
    """Something the core depends on is unavailable for now; try again soon."""

    code = "unavailable"
    message = "Something that this depends on is away for now: try again in a moment."


class ConcurrencyError(UnavailableError):
    """Two units of work conflicted and this one was undone; running it again may succeed at once."""

    message = "Two units of work got in each other's way and this one was undone: run it again."


class UnknownSigningKeyError(InvalidTokenError):
    """A token names a key that is not known in this process; no caller of a use case ever sees this."""

    message = "The access token was signed with a key that is not known here."


class MasterKeyMissingError(UnavailableError):
    """A secret was derived from a master key that is not there, or not there any more."""

    message = "The master key that this was made with is not among those that are set."


class UnreachableError(UnavailableError):
    """Nothing was sent, for no connection came about: that says nothing of what was to be sent."""

    message = "No connection came about."


class WebhookTargetRefusedError(UnavailableError):
    """Nothing was sent to the target of a webhook: it is at an address, or reached in a way, that is not allowed.

    No caller of a use case ever sees this. A name that leads elsewhere later may be allowed then.
    """

    message = "Nothing may be sent to the target of this webhook."


class MailDelayedError(UnavailableError):
    """The mail server did not take a mail, but may later; no caller of a use case ever sees this.

    Unless it `may_have_arrived`, the mail certainly went nowhere, and neither did the secret in it.
    """

    message = "The mail server did not take the mail yet."

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class MailRefusedError(Exception):
    """The mail server refused a mail for good (an SMTP 5xx answer); no caller of a use case ever sees this.

    Unless it `may_have_arrived`, nobody has read the mail or the secret in it.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(reason or "The mail server refused the mail for good.")
        self.may_have_arrived = may_have_arrived


class SigningKeysError(Exception):
    """The signing keys cannot be changed in this way now; the message says why, and when they can."""
