"""The mail queue over one copy of the tables: an outbox, and what is special about mails."""

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter

from leadnator_auth.adapters.memory.outbox import MemoryOutbox
from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail, forgotten
from leadnator_auth.domain.values.ids import UserId


class MemoryMailQueue(MemoryOutbox[MailRequest]):
    """MailQueue over one copy of the tables."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables.mails)
        self.tables = tables

    async def drop_to_nobody(self, now: datetime, limit: int, full: Collection[str] = ()) -> int:
        addresses = {user.email.canonical for user in self.tables.users.values()}
        looked_at = [mail for mail in self.due(now, full) if mail.attempts == 0][:limit]
        requests = {mail.id: mail.payload for mail in looked_at}
        to_nobody = [key for key, each in requests.items() if each.user_id is None and each.recipient not in addresses]
        return remove(self.entries, to_nobody)

    async def drop_like(self, mail: QueuedMail, now: datetime, limit: int) -> int:
        alike = [each for each in self.due(now) if each.attempts == 0 and each.payload.is_like(mail.payload)]
        oldest_first = sorted(alike, key=attrgetter("queued_at", "id"))
        return remove(self.entries, [each.id for each in oldest_first[:limit]])

    async def to(self, recipient: str, limit: int) -> list[QueuedMail]:
        return self._newest(limit, recipient=recipient, user_id=None)

    async def of_user(self, user_id: UserId, limit: int) -> list[QueuedMail]:
        return self._newest(limit, user_id=user_id)

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        counted = [
            *self._such(kind=kind, recipient=recipient),
            *self._such(kind=kind, recipient=forgotten(recipient)),
        ]
        return sum(mail.queued_at > since for mail in counted)

    async def count_of_user_since(self, kind: MailKind, user_id: UserId, since: datetime) -> int:
        return sum(mail.queued_at > since for mail in self._such(kind=kind, user_id=user_id))

    def _such(self, **wanted: str | None) -> list[QueuedMail]:
        """Returns the mails whose request has these values."""
        return [
            mail
            for mail in self.entries.values()
            if all(getattr(mail.payload, name) == value for name, value in wanted.items())
        ]

    def _newest(self, limit: int, **wanted: str | None) -> list[QueuedMail]:
        return sorted(self._such(**wanted), key=attrgetter("queued_at", "id"), reverse=True)[:limit]
