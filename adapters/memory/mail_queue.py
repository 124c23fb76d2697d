"""The mail queue over one copy of the tables."""

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.mail import MailFigures, MailKind, MailState, QueuedMail


@attrs.frozen
class MemoryMailQueue:
    """MailQueue over one copy of the tables."""

    tables: Tables

    async def add(self, mail: QueuedMail) -> None:
        self.tables.mails[mail.id] = mail

    async def lease(self, now: datetime, most: int, full: Collection[str] = ()) -> list[QueuedMail]:
        leased = [mail.leased(now) for mail in self._due(now, full)[:most]]
        self.tables.mails.update((mail.id, mail) for mail in leased)
        return sorted(leased, key=attrgetter("queued_at", "id"))

    async def save(self, mail: QueuedMail) -> bool:
        kept = self.tables.mails.get(mail.id)
        if kept is None or kept.attempts != mail.attempts or kept.state is not MailState.QUEUED:
            return False
        self.tables.mails[mail.id] = mail
        return True

    async def remove(self, mail_id: str) -> None:
        self.tables.mails.pop(mail_id, None)

    async def drop_to_nobody(self, now: datetime, most: int, full: Collection[str] = ()) -> int:
        addresses = {user.email.canonical for user in self.tables.users.values()}
        looked_at = [mail for mail in self._due(now, full) if mail.attempts == 0][:most]
        return remove(self.tables.mails, [mail.id for mail in looked_at if mail.recipient not in addresses])

    async def drop_like(self, mail: QueuedMail, now: datetime, most: int) -> int:
        alike = [m for m in self._due(now) if m.attempts == 0 and (m.kind, m.recipient) == (mail.kind, mail.recipient)]
        oldest_first = sorted(alike, key=attrgetter("queued_at", "id"))
        return remove(self.tables.mails, [each.id for each in oldest_first[:most]])

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        mails = self.tables.mails.values()
        return sum((m.kind, m.recipient) == (kind, recipient) and m.queued_at > since for m in mails)

    async def purge(self, state: MailState, finished_before: datetime, most: int) -> int:
        mails = [mail for mail in self.tables.mails.values() if mail.state is state]
        old = [mail.id for mail in mails if mail.finished_at and mail.finished_at < finished_before]
        return remove(self.tables.mails, old[:most])

    async def latest(self, state: MailState | None, most: int) -> list[QueuedMail]:
        mails = [mail for mail in self.tables.mails.values() if state in (None, mail.state)]
        return sorted(mails, key=attrgetter("queued_at", "id"), reverse=True)[:most]

    async def retry(self, now: datetime, mail_id: str) -> bool:
        mail = self.tables.mails.get(mail_id)
        if mail is None or mail.state is MailState.SENT:
            return False
        self.tables.mails[mail_id] = mail.revived(now)
        return True

    async def retry_some(self, now: datetime, most: int, after: str) -> list[str]:
        mails = [m for m in self.tables.mails.values() if m.id > after and m.state is not MailState.SENT]
        revived = [mail.revived(now) for mail in sorted(mails, key=attrgetter("id"))[:most]]
        self.tables.mails.update((mail.id, mail) for mail in revived)
        return [mail.id for mail in revived]

    async def figures(self) -> MailFigures:
        queued = self._queued()
        states = [mail.state for mail in self.tables.mails.values()]
        return MailFigures(
            queued=len(queued),
            retrying=sum(mail.attempts > 0 for mail in queued),
            sent=states.count(MailState.SENT),
            dead=states.count(MailState.DEAD),
            oldest_queued_at=min((mail.queued_at for mail in queued), default=None),
        )

    async def next_due_at(self) -> datetime | None:
        return min((mail.due_at for mail in self._queued()), default=None)

    def _due(self, now: datetime, full: Collection[str] = ()) -> list[QueuedMail]:
        """Returns the mails that may be taken, in the order in which they are."""
        due = [mail for mail in self._queued() if mail.due_at <= now and mail.lane not in full]
        return sorted(due, key=lambda mail: mail.attempts > 0)

    def _queued(self) -> list[QueuedMail]:
        queued = [m for m in self.tables.mails.values() if m.state is MailState.QUEUED]
        return sorted(queued, key=attrgetter("due_at", "id"))
