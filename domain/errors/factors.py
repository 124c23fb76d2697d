"""Why what was given proves nobody, or not enough."""

from collections.abc import Mapping
from datetime import datetime

from leadnator_auth.domain.errors.base import AuthError


class InvalidCredentialsError(AuthError):
    """The e-mail address is unknown or the password is wrong; a caller is never told which.

    `user_id` is for the security log: the account that was tried, if there is one.
    """

    code = "invalid_credentials"
    message = "The e-mail address or the password is wrong."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


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


class InvalidCodeError(AuthError):
    """The code is wrong, or its challenge is unknown, used up or expired; a caller is never told which.

    `user_id` is for the security log: the account that was tried, if there is one.
    """

    code = "invalid_code"
    message = "The code is wrong, or does not work any more."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


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
