"""What the core depends on, and does not have for now."""

from leadnator_auth.domain.errors.base import AuthError


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


class TooManyWebhooksError(AuthError):
    """There are as many webhooks as there may be."""

    code = "too_many_webhooks"
    message = "There are as many webhooks as there may be: remove one first."


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
