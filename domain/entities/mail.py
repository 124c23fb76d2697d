"""Mails: what waits in the queue, what is sent, and when a failed one is tried again."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.outbox import GIVE_UP_AFTER, LEASE, delay_after
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.text import without_controls

_MAX_ERROR_LENGTH = 500


class MailKind(StrEnum):
    """Which mail it is; its words are made when it is sent."""

    RESET_LINK = "reset_link"
    PASSWORD_CHANGED = "password_changed"


class MailState(StrEnum):
    """Where a queued mail is on its way."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


@attrs.frozen
class QueuedMail:
    """A mail to be sent, without its words and without any secret.

    `recipient` is a canonical address that may belong to nobody: whether it has an account is found out when the
    mail is sent, never in the request that queued it. `due_at` is also the lease: a worker that takes a mail moves it
    ahead, so that the mail comes back by itself when that worker dies. `attempts` tells one lease from the next.
    """

    id: str
    kind: MailKind
    recipient: str
    queued_at: datetime
    due_at: datetime
    give_up_at: datetime
    attempts: int = 0
    state: MailState = MailState.QUEUED
    finished_at: datetime | None = None
    last_error: str = ""

    @property
    def lane(self) -> str:
        """What may be slow or broken by itself: the domain of the recipient."""
        return self.recipient.rpartition("@")[2]

    def leased(self, now: datetime) -> "QueuedMail":
        """Returns it as taken by a worker: one more attempt, due again when the lease ends."""
        return attrs.evolve(self, attempts=self.attempts + 1, due_at=now + LEASE)

    def renewed(self, now: datetime) -> "QueuedMail":
        """Returns it with the lease prolonged."""
        return attrs.evolve(self, due_at=now + LEASE)

    def sent(self, now: datetime) -> "QueuedMail":
        """Returns it as accepted by the mail server."""
        return attrs.evolve(self, state=MailState.SENT, finished_at=now, last_error="")

    def dead(self, now: datetime, error: str) -> "QueuedMail":
        """Returns it as given up, with the reason."""
        return attrs.evolve(
            self, state=MailState.DEAD, finished_at=now, last_error=without_controls(error, _MAX_ERROR_LENGTH)
        )

    def revived(self, now: datetime) -> "QueuedMail":
        """Returns it as due at once and with all its time again, whatever went wrong before."""
        return attrs.evolve(self, state=MailState.QUEUED, due_at=now, give_up_at=now + GIVE_UP_AFTER, finished_at=None)

    def failed(self, now: datetime, error: str, jitter: float) -> "QueuedMail":
        """Returns it as due again after a delay that grows with its attempts, or dead when three days were not enough.

        `jitter` in [0, 1) is a share of chance in the delay.
        """
        return self.postponed(now, now + delay_after(self.attempts, jitter), error)

    def postponed(self, now: datetime, until: datetime, reason: str) -> "QueuedMail":
        """Returns it as due again at `until`, or dead when its time is over."""
        if now >= self.give_up_at:
            return self.dead(now, reason)
        return attrs.evolve(self, due_at=until, last_error=without_controls(reason, _MAX_ERROR_LENGTH))


@attrs.define
class Delivery:
    """What became of some mails."""

    sent: int = 0
    delayed: int = 0
    dead: int = 0
    dropped: int = 0
    """Mails to nobody: no account has the address, or it gets no reset link now."""
    failures: list[QueuedMail] = attrs.field(factory=list, eq=False)
    """The delayed and the dead ones, with the reason in `last_error`."""

    @property
    def total(self) -> int:
        """How many mails something became of."""
        return self.sent + self.delayed + self.dead + self.dropped

    @classmethod
    def of(cls, mail: QueuedMail) -> "Delivery":
        """Returns what became of one mail."""
        if mail.state is MailState.SENT:
            return cls(sent=1)
        if mail.state is MailState.DEAD:
            return cls(dead=1, failures=[mail])
        return cls(delayed=1, failures=[mail])

    def add(self, other: "Delivery") -> None:
        """Counts what became of others, too."""
        self.sent += other.sent
        self.delayed += other.delayed
        self.dead += other.dead
        self.dropped += other.dropped
        self.failures += other.failures


@attrs.frozen
class MailFigures:
    """How the queue does, for those who watch over it."""

    queued: int
    """Mails that wait, whether for their first attempt or another one."""
    retrying: int
    """Those of them that failed at least once."""
    sent: int
    """Mails of the last days that a mail server took."""
    dead: int
    """Mails that were given up and wait for somebody to look into it."""
    oldest_queued_at: datetime | None
    """When the mail that waits longest was queued."""


def new_mail(mail_id: str, kind: MailKind, recipient: str, now: datetime) -> QueuedMail:
    """Returns a mail that is due at once, and given up after three days."""
    return QueuedMail(
        id=mail_id, kind=kind, recipient=recipient, queued_at=now, due_at=now, give_up_at=now + GIVE_UP_AFTER
    )


@attrs.frozen
class ResetLinkMail:
    """The mail with the link to set a new password; the only thing that ever holds the secret."""

    id: str
    to: EmailAddress
    secret: str = attrs.field(repr=False)
    expires_at: datetime
    lifetime: timedelta


@attrs.frozen
class PasswordChangedMail:
    """The notice that a password was changed, for the case that its owner did not do it (ASVS 6.3.7)."""

    id: str
    to: EmailAddress
    changed_at: datetime


OutgoingMail = ResetLinkMail | PasswordChangedMail
