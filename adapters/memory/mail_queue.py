"""The mail queue over one copy of the tables."""

from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.mail import MailFigures, MailState, QueuedMail


@attrs.frozen
class MemoryMailQueue:
    """MailQueue over one copy of the tables."""

    tables: Tables

    async def add(self, mail: QueuedMail) -> None:
        self.tables.mails[mail.id] = mail

    async def lease(self, now: datetime, most: int) -> list[QueuedMail]:
        due = [mail for mail in self._queued() if mail.due_at <= now]
        leased = [mail.leased(now) for mail in due[:most]]
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

    async def purge(self, state: MailState, finished_before: datetime, most: int) -> int:
        mails = [mail for mail in self.tables.mails.values() if mail.state is state]
        old = [mail.id for mail in mails if mail.finished_at and mail.finished_at < finished_before]
        return remove(self.tables.mails, old[:most])

    async def latest(self, state: MailState | None, most: int) -> list[QueuedMail]:
        mails = [mail for mail in self.tables.mails.values() if state in (None, mail.state)]
        return sorted(mails, key=attrgetter("queued_at", "id"), reverse=True)[:most]

    async def retry(self, now: datetime, mail_id: str | None = None) -> int:
        mails = [mail for mail in self.tables.mails.values() if mail_id in (None, mail.id)]
        revived = [mail.revived(now) for mail in mails if mail.state is not MailState.SENT]
        self.tables.mails.update((mail.id, mail) for mail in revived)
        return len(revived)

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

    def _queued(self) -> list[QueuedMail]:
        queued = [m for m in self.tables.mails.values() if m.state is MailState.QUEUED]
        return sorted(queued, key=attrgetter("due_at", "id"))
