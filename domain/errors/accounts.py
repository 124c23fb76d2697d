"""Why an account cannot be made, used or changed."""

from leadnator_auth.domain.errors.base import AuthError


class SignUpClosedError(AuthError):
    """Nobody may make an account here, or nobody with an e-mail address of this domain."""

    code = "signup_closed"
    message = "Sign-up is closed, or not for e-mail addresses of this domain."


class EmailTakenError(AuthError):
    """Another account has this e-mail address."""

    code = "email_taken"
    message = "Another account has this e-mail address."


class AccountSuspendedError(AuthError):
    """The password is right, but the account may not be used."""

    code = "account_suspended"
    message = "This account may not be used for now."


class EmailNotVerifiedError(AuthError):
    """Whoever this is has not proved that the address of the account is theirs; `user_id` is for the security log."""

    code = "email_not_verified"
    message = "The e-mail address of this account has to be verified first."

    def __init__(self, user_id: str | None = None) -> None:
        super().__init__()
        self.user_id = user_id


class InvalidEmailTokenError(AuthError):
    """The token of a link that proves an address is unknown, used, expired or of an address of the past."""

    code = "invalid_email_token"
    message = "The token of the link is unknown, used up or expired."


class InvalidResetTokenError(AuthError):
    """The reset token is unknown, used or expired."""

    code = "invalid_reset_token"
    message = "The reset token is unknown, used up or expired."


class LastAdminError(AuthError):
    """No admin would be left: the last active one cannot be demoted, suspended or deleted."""

    code = "last_admin"
    message = "This is the last active admin: make somebody else one first."
