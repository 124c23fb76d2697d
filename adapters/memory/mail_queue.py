"""The mail queue over one copy of the tables: an outbox, and what is special about mails."""

from collections.abc import Collection
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.outbox import MemoryOutbox
from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail, forgotten


class MemoryMailQueue(MemoryOutbox[MailRequest]):
    """MailQueue over one copy of the tables."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables.mails)
        self.tables = tables

    async def drop_to_nobody(self, now: datetime, limit: int, full: Collection[str] = ()) -> int:
        addresses = {user.email.canonical for user in self.tables.users.values()}
        looked_at = [mail for mail in self.due(now, full) if mail.attempts == 0][:limit]
        return remove(self.entries, [mail.id for mail in looked_at if mail.payload.recipient not in addresses])

    async def drop_like(self, mail: QueuedMail, now: datetime, limit: int) -> int:
        alike = [each for each in self.due(now) if each.attempts == 0 and each.payload.is_like(mail.payload)]
        oldest_first = sorted(alike, key=attrgetter("queued_at", "id"))
        return remove(self.entries, [each.id for each in oldest_first[:limit]])

    async def to(self, recipient: str, limit: int) -> list[QueuedMail]:
        mails = [mail for mail in self.entries.values() if mail.payload.recipient == recipient]
        return sorted(mails, key=attrgetter("queued_at", "id"), reverse=True)[:limit]

    async def count_since(self, request: MailRequest, since: datetime) -> int:
        counted = (request, attrs.evolve(request, recipient=forgotten(request.recipient)))
        return sum(
            mail.queued_at > since and any(mail.payload.is_like(each) for each in counted)
            for mail in self.entries.values()
        )
