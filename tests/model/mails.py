"""The mails of the model: which wait, which leave, and what is in them."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine, rule

from leadnator_auth.domain import MailKind, deliver_due_mails
from leadnator_auth.domain.entities.mail import SecretMail
from tests.model.state import (
    HOUR,
    LINKS_AN_HOUR,
    MAILS_AN_HOUR,
    NOTICES,
    VERIFY_LIFETIME,
    ModelMail,
    ModelMove,
    ModelSecret,
    ModelUser,
    System,
)

RESETS = frozenset({MailKind.RESET_LINK, MailKind.EMAIL_CHANGE_UNDONE})
"""What leads to a new password."""
UNCOUNTED = RESETS | {MailKind.EMAIL_CHANGED, MailKind.EMAIL_CHANGED_BY_ADMIN}
"""What is not counted when it is asked for, or done."""


class Mails(RuleBasedStateMachine):
    """Accounts, and what is mailed to their owners."""

    system: ClassVar[System]

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, ModelUser] = {}
        self.secrets: list[ModelSecret] = []
        self.queue: list[ModelMail] = []
        self.counted: defaultdict[tuple[MailKind, str], list[datetime]] = defaultdict(list)
        """When mails were queued, for an address or an account, that are counted then."""

    @property
    def now(self) -> datetime:
        return self.system.clock.instant

    @rule()
    def deliver(self) -> None:
        self.deliver_all()

    def deliver_all(self) -> None:
        """Sends what waits."""
        before = len(self.system.mailbox.mails)
        core = self.system.core
        core.runner.run(deliver_due_mails(ports=core.ports))
        sent = self.system.mailbox.mails[before:]
        owners: dict[tuple[MailKind, str], tuple[ModelUser, ModelMail]] = {}
        expected: Counter[tuple[MailKind, str]] = Counter()
        for mail in self.queue:
            found = self._destination(mail)
            if found:
                user, email = found
                owners[mail.kind, email] = user, mail
                expected[mail.kind, email] += 1
            elif mail.user_id is None and mail.kind not in UNCOUNTED:
                self.counted[mail.kind, mail.email].remove(mail.queued_at)
        self.queue.clear()
        assert Counter((mail.kind, mail.to.typed) for mail in sent) == expected
        for each in sent:
            if isinstance(each, SecretMail):
                user, mail = owners[each.kind, each.to.typed]
                epoch = user.epoch if mail.user_id is None else mail.epoch
                secret = ModelSecret(
                    each.kind, each.secret, user.id, each.to.typed.lower(), self._expiry(user, mail), epoch
                )
                self.secrets.append(secret)

    def _destination(self, mail: ModelMail) -> tuple[ModelUser, str] | None:
        """Returns whose mail it is, and where it goes; None if it is dropped, or worth nothing any more."""
        if mail.user_id is None:
            user = self._by_email(mail.email)
            is_sent = user and (mail.kind in NOTICES or self._may_get_link(user, mail.kind))
            return (user, user.email) if user and is_sent else None
        user = self.users.get(mail.user_id)
        if user is None:
            return None
        if mail.kind is MailKind.EMAIL_CHANGED:
            move = self._move(user, mail.epoch)
            return (user, move.email) if move and self.now < move.until else None
        if mail.kind is MailKind.EMAIL_CHANGED_BY_ADMIN:
            return user, mail.email
        pending = user.pending
        is_worth_it = pending is not None and user.epoch == mail.epoch
        if not is_worth_it or self._is_taken(mail.email, but=user) or not self._may_get_link(user, mail.kind):
            return None
        return user, str(pending) if str(pending).lower() == mail.email else mail.email

    def _expiry(self, user: ModelUser, mail: ModelMail) -> datetime:
        move = self._move(user, mail.epoch) if mail.kind is MailKind.EMAIL_CHANGED else None
        return move.until if move else self.now + (HOUR if mail.kind in RESETS else VERIFY_LIFETIME)

    def _may_get_link(self, user: ModelUser, kind: MailKind) -> bool:
        purpose = MailKind.RESET_LINK if kind in RESETS else kind
        recent = [at for at in user.linked_at[purpose] if at > self.now - HOUR]
        is_done = kind is MailKind.VERIFY_EMAIL and user.is_verified
        is_over = len(recent) >= LINKS_AN_HOUR and kind is not MailKind.EMAIL_CHANGE_UNDONE
        if is_over or user.status == "suspended" or is_done:
            return False
        user.linked_at[purpose].append(self.now)
        return True

    def _queue_counted(self, kind: MailKind, email: str, user: ModelUser | None = None) -> None:
        """Queues a mail, unless the address had its fill of this kind, or the account that it is named after."""
        keys = [(kind, email), *([(kind, user.id)] if user else [])]
        if all(sum(at > self.now - HOUR for at in self.counted[key]) < MAILS_AN_HOUR for key in keys):
            self._queue(kind, email, user)
            for key in keys:
                self.counted[key].append(self.now)

    def _queue(self, kind: MailKind, email: str, user: ModelUser | None = None) -> None:
        named = (user.id, user.epoch) if user else (None, 0)
        self.queue.append(ModelMail(kind, email, self.now, *named))

    def _forget_mails(self, user: ModelUser) -> None:
        """With an account go the mails to its address that wait, to those that it had, and those named after it."""
        addresses = {user.email.lower(), *(move.email.lower() for move in user.moves)}
        addresses -= {other.email.lower() for other in self.users.values()}
        kept = []
        for mail in self.queue:
            if mail.user_id != user.id and (mail.user_id is not None or mail.email not in addresses):
                kept.append(mail)
            elif mail.kind not in UNCOUNTED:
                self.counted[mail.kind, mail.email].remove(mail.queued_at)
        self.queue = kept

    def _move(self, user: ModelUser, epoch: int) -> ModelMove | None:
        return next((move for move in user.moves if move.epoch == epoch), None)

    def _by_email(self, email: str) -> ModelUser | None:
        return next((user for user in self.users.values() if user.email.lower() == email.lower()), None)

    def _is_taken(self, email: str, but: ModelUser | None = None) -> bool:
        """Returns whether somebody has an address, or another than `but` had it and may take it back."""
        moves = [move for user in self.users.values() if user is not but for move in user.moves]
        is_reserved = any(move.email.lower() == email.lower() and self.now < move.until for move in moves)
        return is_reserved or self._by_email(email) is not None
