"""Why a token, a key or a role does not allow a call."""

from leadnator_auth.domain.errors.base import AuthError, message_and_reason


class InvalidTokenError(AuthError):
    """The access token is forged, malformed or expired, or its session has ended."""

    code = "invalid_token"
    message = "The access token is malformed, expired or no longer valid."

    __str__ = message_and_reason


class UnknownSigningKeyError(InvalidTokenError):
    """A token names a key that is not known in this process; no caller of a use case ever sees this."""

    message = "The access token was signed with a key that is not known here."


class InvalidRefreshTokenError(AuthError):
    """The refresh token is malformed, forged or replaced, or its session has ended; a caller is never told which."""

    code = "invalid_refresh_token"
    message = "The refresh token is malformed or no longer valid."

    __str__ = message_and_reason


class TokenPairExistsError(AuthError):
    """The session has a token pair already: the next one is had for its refresh token."""

    code = "token_pair_exists"
    message = "This session has a token pair already."


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


class SigningKeysError(Exception):
    """The signing keys cannot be changed in this way now; the message says why, and when they can."""

    def __init__(self, reason: str = "The signing keys cannot be changed in this way now.") -> None:
        super().__init__(reason)
