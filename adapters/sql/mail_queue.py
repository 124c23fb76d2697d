"""The mail queue in SQL."""

from collections.abc import Collection
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_number, from_optional, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.domain.entities.mail import MailFigures, MailKind, MailState, QueuedMail
from leadnator_auth.domain.entities.outbox import GIVE_UP_AFTER, LEASE

_COLUMNS = "id, kind, recipient, queued_at, due_at, give_up_at, attempts, state, finished_at, last_error"
_REVIVE = "UPDATE mails SET state = 'queued', due_at = :now, give_up_at = :give_up_at, finished_at = NULL"
# Each with the index that finds it; literal, as the predicates of the indexes are.
_NEW, _TRIED = ("attempts = 0", "mails_new"), ("attempts > 0", "mails_waiting")


def _mail_of(row: Row) -> QueuedMail:
    return QueuedMail(
        id=row["id"],
        kind=MailKind(row["kind"]),
        recipient=row["recipient"],
        queued_at=from_number(row["queued_at"]),
        due_at=from_number(row["due_at"]),
        give_up_at=from_number(row["give_up_at"]),
        attempts=row["attempts"],
        state=MailState(row["state"]),
        finished_at=from_optional(row["finished_at"]),
        last_error=row["last_error"],
    )


@attrs.define
class SqlMailQueue:
    """MailQueue on one connection; `has_new` tells whether a mail was added through it."""

    connection: PooledConnection
    has_new: bool = False

    async def add(self, mail: QueuedMail) -> None:
        self.has_new = True
        await self.connection.run(
            f"INSERT INTO mails ({_COLUMNS}) VALUES (:id, :kind, :recipient, :queued_at, :due_at, :give_up_at, "
            ":attempts, :state, :finished_at, :last_error)",
            id=mail.id,
            kind=mail.kind.value,
            recipient=mail.recipient,
            queued_at=to_number(mail.queued_at),
            due_at=to_number(mail.due_at),
            give_up_at=to_number(mail.give_up_at),
            attempts=mail.attempts,
            state=mail.state.value,
            finished_at=to_number(mail.finished_at) if mail.finished_at else None,
            last_error=mail.last_error,
        )

    async def lease(self, now: datetime, most: int, full: Collection[str] = ()) -> list[QueuedMail]:
        leased: list[QueuedMail] = []
        for which in (_NEW, _TRIED):
            if len(leased) < most:
                leased += await self._lease(which, now, most - len(leased), full)
        # RETURNING has no order of its own; all leased mails are due at one time, so they are sorted by age.
        return sorted(leased, key=lambda mail: (mail.queued_at, mail.id))

    async def _lease(self, which: tuple[str, str], now: datetime, most: int, full: Collection[str]) -> list[QueuedMail]:
        rows = await self.connection.fetch_all(
            f"WITH due AS MATERIALIZED ({self._due('id', which)}) "
            "UPDATE mails SET attempts = attempts + 1, due_at = :lease_end WHERE id IN (SELECT id FROM due) "
            f"RETURNING {_COLUMNS}",
            now=to_number(now),
            lease_end=to_number(now + LEASE),
            most=most,
            key=list(full),
        )
        return [_mail_of(row) for row in rows]

    def _due(self, columns: str, which: tuple[str, str]) -> str:
        """Returns the query for the next `:most` mails that may be taken now, but for those of the lanes in `:key`.

        Materialised: as a plain subselect PostgreSQL may run it again for each row, and take more than asked.
        """
        condition, index = which
        return (
            f"SELECT {columns} FROM mails{self.connection.by_index(index)} "
            f"WHERE state = 'queued' AND {condition} AND due_at <= :now "
            f"AND NOT ({self.connection.domain_of('recipient')}{self.connection.is_one_of}) "
            f"ORDER BY due_at, id LIMIT :most{self.connection.skip_locked}"
        )

    async def save(self, mail: QueuedMail) -> bool:
        row = await self.connection.fetch_one(
            "UPDATE mails SET state = :state, due_at = :due_at, finished_at = :finished_at, last_error = :last_error "
            "WHERE id = :id AND attempts = :attempts AND state = 'queued' RETURNING id",
            id=mail.id,
            attempts=mail.attempts,
            state=mail.state.value,
            due_at=to_number(mail.due_at),
            finished_at=to_number(mail.finished_at) if mail.finished_at else None,
            last_error=mail.last_error,
        )
        return row is not None

    async def remove(self, mail_id: str) -> None:
        await self.connection.run("DELETE FROM mails WHERE id = :id", id=mail_id)

    async def drop_to_nobody(self, now: datetime, most: int, full: Collection[str] = ()) -> int:
        rows = await self.connection.fetch_all(
            f"WITH due AS MATERIALIZED ({self._due('id, recipient', _NEW)}) DELETE FROM mails WHERE id IN "
            "(SELECT id FROM due WHERE NOT EXISTS (SELECT 1 FROM users WHERE email_canonical = due.recipient)) "
            "RETURNING id",
            now=to_number(now),
            most=most,
            key=list(full),
        )
        return len(rows)

    async def drop_like(self, mail: QueuedMail, now: datetime, most: int) -> int:
        rows = await self.connection.fetch_all(
            "WITH due AS MATERIALIZED (SELECT id FROM mails WHERE recipient = :recipient AND kind = :kind "
            "AND state = 'queued' AND attempts = 0 AND due_at <= :now "
            f"ORDER BY queued_at, id LIMIT :most{self.connection.skip_locked}) "
            "DELETE FROM mails WHERE id IN (SELECT id FROM due) RETURNING id",
            recipient=mail.recipient,
            kind=mail.kind.value,
            now=to_number(now),
            most=most,
        )
        return len(rows)

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        row = await self.connection.fetch_one(
            "SELECT count(*) AS mails FROM mails WHERE recipient = :recipient AND kind = :kind AND queued_at > :since",
            recipient=recipient,
            kind=kind.value,
            since=to_number(since),
        )
        return int(row["mails"]) if row else 0

    async def purge(self, state: MailState, finished_before: datetime, most: int) -> int:
        rows = await self.connection.fetch_all(
            "WITH old AS MATERIALIZED (SELECT id FROM mails WHERE state = :state AND finished_at < :before "
            f"LIMIT :most{self.connection.skip_locked}) "
            "DELETE FROM mails WHERE id IN (SELECT id FROM old) RETURNING id",
            state=state.value,
            before=to_number(finished_before),
            most=most,
        )
        return len(rows)

    async def latest(self, state: MailState | None, most: int) -> list[QueuedMail]:
        # State by state, for that is how the index is: together they would all have to be read and sorted.
        states = list(MailState) if state is None else [state]
        mails = [mail for each in states for mail in await self._latest(each, most)]
        return sorted(mails, key=lambda mail: (mail.queued_at, mail.id), reverse=True)[:most]

    async def _latest(self, state: MailState, most: int) -> list[QueuedMail]:
        rows = await self.connection.fetch_all(
            f"SELECT {_COLUMNS} FROM mails WHERE state = :state ORDER BY queued_at DESC, id DESC LIMIT :most",
            state=state.value,
            most=most,
        )
        return [_mail_of(row) for row in rows]

    async def retry(self, now: datetime, mail_id: str) -> bool:
        row = await self.connection.fetch_one(
            f"{_REVIVE} WHERE id = :id AND state IN ('queued', 'dead') RETURNING id",
            now=to_number(now),
            give_up_at=to_number(now + GIVE_UP_AFTER),
            id=mail_id,
        )
        return row is not None

    async def retry_some(self, now: datetime, most: int, after: str) -> list[str]:
        rows = await self.connection.fetch_all(
            "WITH waiting AS MATERIALIZED (SELECT id FROM mails WHERE id > :after AND state <> 'sent' "
            f"ORDER BY id LIMIT :most{self.connection.skip_locked}) "
            f"{_REVIVE} WHERE id IN (SELECT id FROM waiting) RETURNING id",
            now=to_number(now),
            give_up_at=to_number(now + GIVE_UP_AFTER),
            after=after,
            most=most,
        )
        return sorted(row["id"] for row in rows)

    async def figures(self) -> MailFigures:
        rows = await self.connection.fetch_all(
            "SELECT state, count(*) AS mails, sum(CASE WHEN attempts > 0 THEN 1 ELSE 0 END) AS tried, "
            "min(queued_at) AS oldest FROM mails GROUP BY state"
        )
        by_state = {row["state"]: row for row in rows}
        queued = by_state.get("queued", {"mails": 0, "tried": 0, "oldest": None})
        return MailFigures(
            queued=queued["mails"],
            retrying=queued["tried"],
            sent=by_state.get("sent", {"mails": 0})["mails"],
            dead=by_state.get("dead", {"mails": 0})["mails"],
            oldest_queued_at=from_optional(queued["oldest"]),
        )

    async def next_due_at(self) -> datetime | None:
        row = await self.connection.fetch_one(
            f"SELECT due_at FROM mails{self.connection.by_index('mails_waiting')} WHERE state = 'queued' "
            "ORDER BY due_at, id LIMIT 1"
        )
        return from_optional(row["due_at"]) if row else None
