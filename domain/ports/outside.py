"""Everything the core needs from outside except storage: hashing, signing, mail, webhooks, time and chance."""

from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.access_token import Claims
from leadnator_auth.domain.entities.mail import OutgoingMail
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.json_object import JsonObject
from leadnator_auth.domain.values.password import Password


class PasswordHasher(Protocol):
    """Makes and checks password hashes, slowly on purpose and off the event loop.

    `client` is who the work is for: where many wait, one network should not keep the others out. All clients whose
    network is unknown count as one. OverloadedError says that too many passwords are waiting.
    """

    async def hash(self, password: Password, client: Client = Client()) -> str:
        """Returns a new salted hash."""

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        """Returns whether the hash was made of this password; None or a broken hash costs the same and is False.

        Each of the password's `spellings` may be the one: other systems hash what was typed. Two of them cost twice as
        much, whatever the hash, or without one.
        """

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        """Returns a stronger hash of a password just verified against this one, or None if this one may stay.

        It is made of the password in its normal form. The new hash never costs less to guess at than an old one that
        was made in the same way; a hash that cannot be verified against may stay.
        """

    def normalize(self, password_hash: str) -> str | None:
        """Returns the form in which to keep a hash that may come from another system, or None if it is no hash.

        `verify` works with the form returned, and normalizing it again changes nothing.
        """

    def refusal(self, password_hash: str) -> str:
        """Returns why `normalize` does not take a hash, in words that name its kind and hold nothing of it."""


class AccessTokens(Protocol):
    """Writes claims as signed text and reads them back."""

    def issue(self, claims: Claims) -> str:
        """Returns the token.

        Raises: UnavailableError while there is no key to sign with.
        """

    def read(self, token: str) -> Claims:
        """Returns the claims of a genuine token, whatever their times say.

        Raises: InvalidTokenError when it was not issued here, was changed, or is malformed; UnknownSigningKeyError
        when its key is none of the ring's, and may be known to others already. `identify` looks again then.
        """


class EmailSyntax(Protocol):
    """Knows what an e-mail address looks like."""

    def parse(self, text: str) -> EmailAddress:
        """Returns the one address in `text`.

        Raises: BadFieldError when it is blank, more than one address, too long or malformed.
        """


class MetadataSchema(Protocol):
    """Knows what shape `user_metadata` must have, beyond what is asked of all JSON that is kept."""

    async def problem(self, metadata: JsonObject) -> str | None:
        """Returns in one line what is wrong, for whoever set it, or None if all is well.

        It takes a bounded time, however cunning the metadata is, and asks nobody else.
        """


class Mailer(Protocol):
    """Hands mails over for delivery."""

    async def send(self, mail: OutgoingMail) -> None:
        """Returns once another system has taken responsibility for the mail.

        Raises: MailRefusedError when it will never be accepted, UnavailableError when it may be accepted later. A
        MailDelayedError can also say that the mail certainly did not arrive; then its link does not count.
        """


class WebhookSender(Protocol):
    """Hands messages to the targets of webhooks, signed as Standard Webhooks 1.0 says."""

    async def post(self, message: WebhookMessage) -> int:
        """Returns the HTTP status that the target answers, whatever it is; a redirect is an answer like all others.

        Raises: UnavailableError when there is no answer within 15 seconds, WebhookTargetRefusedError when the target is
        none that may be sent to. Their words hold no secret, and nothing of the URL but its host.
        """


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Returns the present instant."""


class Randomness(Protocol):
    """The source of unguessable values."""

    def urlsafe(self, size: int) -> str:
        """Returns `size` random bytes in base64url without padding."""

    def fraction(self) -> float:
        """Returns a number in [0, 1), for spreading things in time; not for secrets."""


class Readiness(Protocol):
    """Whether requests can be served."""

    async def check(self) -> None:
        """Raises: UnavailableError when the database cannot be reached or its schema is not current."""
