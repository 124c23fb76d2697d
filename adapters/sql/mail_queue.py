"""The mail queue in SQL: an outbox, and what is special about mails."""

from collections.abc import Collection
from datetime import datetime

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.outbox import NEW, SqlOutbox, outbox_columns
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, choice, plain
from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail, forgotten
from leadnator_auth.domain.values.ids import UserId

MAILS = Table(
    "mails",
    QueuedMail,
    outbox_columns(
        choice("kind", MailKind, "payload.kind"),
        plain("recipient", "payload.recipient"),
        plain("ip", "payload.ip"),
        plain("user_agent", "payload.user_agent"),
        plain("user_id", "payload.user_id"),
        plain("epoch", "payload.epoch"),
    ),
)


class SqlMailQueue(SqlOutbox[MailRequest]):
    """MailQueue on one connection."""

    def __init__(self, connection: PooledConnection) -> None:
        super().__init__(connection, MAILS, lane=connection.domain_of("recipient"))

    async def drop_to_nobody(self, now: datetime, limit: int, full: Collection[str] = ()) -> int:
        rows = await self.connection.fetch_all(
            f"WITH due AS MATERIALIZED ({self.due('id, recipient, user_id', NEW)}) DELETE FROM mails WHERE id IN "
            "(SELECT id FROM due WHERE user_id IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM users WHERE email_canonical = due.recipient)) "
            "RETURNING id",
            now=to_number(now),
            limit=limit,
            key=list(full),
        )
        return len(rows)

    async def drop_like(self, mail: QueuedMail, now: datetime, limit: int) -> int:
        rows = await self.connection.fetch_all(
            "WITH due AS MATERIALIZED (SELECT id FROM mails WHERE recipient = :recipient AND kind = :kind "
            "AND state = 'queued' AND attempts = 0 AND due_at <= :now AND coalesce(user_id, '') = :user_id "
            f"ORDER BY queued_at, id LIMIT :limit{self.connection.skip_locked}) "
            "DELETE FROM mails WHERE id IN (SELECT id FROM due) RETURNING id",
            recipient=mail.payload.recipient,
            kind=mail.payload.kind.value,
            user_id=mail.payload.user_id or "",
            now=to_number(now),
            limit=limit,
        )
        return len(rows)

    async def to(self, recipient: str, limit: int) -> list[QueuedMail]:
        # Kind by kind, for that is how the index is: together they would all have to be read and sorted.
        return await self._newest("recipient = :key AND user_id IS NULL", recipient, limit)

    async def of_user(self, user_id: UserId, limit: int) -> list[QueuedMail]:
        return await self._newest("user_id = :key", user_id, limit)

    async def _newest(self, whose: str, key: str, limit: int) -> list[QueuedMail]:
        mails = [mail for kind in MailKind for mail in await self._of_kind(kind, whose, key, limit)]
        return sorted(mails, key=lambda mail: (mail.queued_at, mail.id), reverse=True)[:limit]

    async def _of_kind(self, kind: MailKind, whose: str, key: str, limit: int) -> list[QueuedMail]:
        rows = await self.connection.fetch_all(
            f"SELECT {MAILS.columns} FROM mails WHERE {whose} AND kind = :kind ORDER BY queued_at DESC LIMIT :limit",
            key=key,
            kind=kind.value,
            limit=limit,
        )
        return [MAILS.entity(row) for row in rows]

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        keys = {"key": recipient, "forgotten": forgotten(recipient)}
        return await self._count("recipient IN (:key, :forgotten)", kind, since, **keys)

    async def count_of_user_since(self, kind: MailKind, user_id: UserId, since: datetime) -> int:
        return await self._count("user_id = :key", kind, since, key=user_id)

    async def _count(self, whose: str, kind: MailKind, since: datetime, **keys: str) -> int:
        row = await self.connection.fetch_one(
            f"SELECT count(*) AS mails FROM mails WHERE {whose} AND kind = :kind AND queued_at > :since",
            kind=kind.value,
            since=to_number(since),
            **keys,
        )
        return int(row["mails"]) if row else 0
