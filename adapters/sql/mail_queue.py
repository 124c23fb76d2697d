"""The mail queue in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_number, from_optional, to_number
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.entities.mail import GIVE_UP_AFTER, LEASE, MailFigures, MailKind, MailState, QueuedMail

_COLUMNS = "id, kind, recipient, queued_at, due_at, give_up_at, attempts, state, finished_at, last_error"


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

    slot: Slot
    has_new: bool = False

    async def add(self, mail: QueuedMail) -> None:
        self.has_new = True
        await self.slot.run(
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

    async def lease(self, now: datetime, most: int) -> list[QueuedMail]:
        rows = await self.slot.fetch_all(
            # Materialised: as a plain subselect PostgreSQL may run it again for each row, and take more than asked.
            "WITH due AS MATERIALIZED (SELECT id FROM mails WHERE state = 'queued' AND due_at <= :now "
            f"ORDER BY due_at, id LIMIT :most{self.slot.skip_locked}) "
            "UPDATE mails SET attempts = attempts + 1, due_at = :lease_end WHERE id IN (SELECT id FROM due) "
            f"RETURNING {_COLUMNS}",
            now=to_number(now),
            lease_end=to_number(now + LEASE),
            most=most,
        )
        # RETURNING has no order of its own; all leased mails are due at one time, so they are sorted by age.
        return sorted((_mail_of(row) for row in rows), key=lambda mail: (mail.queued_at, mail.id))

    async def save(self, mail: QueuedMail) -> bool:
        row = await self.slot.fetch_one(
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
        await self.slot.run("DELETE FROM mails WHERE id = :id", id=mail_id)

    async def purge(self, state: MailState, finished_before: datetime, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH old AS MATERIALIZED (SELECT id FROM mails WHERE state = :state AND finished_at < :before "
            f"LIMIT :most{self.slot.skip_locked}) "
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
        rows = await self.slot.fetch_all(
            f"SELECT {_COLUMNS} FROM mails WHERE state = :state ORDER BY queued_at DESC, id DESC LIMIT :most",
            state=state.value,
            most=most,
        )
        return [_mail_of(row) for row in rows]

    async def retry(self, now: datetime, mail_id: str | None = None) -> int:
        condition, values = ("", {}) if mail_id is None else (" AND id = :id", {"id": mail_id})
        rows = await self.slot.fetch_all(
            "UPDATE mails SET state = 'queued', due_at = :now, give_up_at = :give_up_at, finished_at = NULL "
            f"WHERE state IN ('queued', 'dead'){condition} RETURNING id",
            now=to_number(now),
            give_up_at=to_number(now + GIVE_UP_AFTER),
            **values,
        )
        return len(rows)

    async def figures(self) -> MailFigures:
        rows = await self.slot.fetch_all(
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
        row = await self.slot.fetch_one("SELECT min(due_at) AS due_at FROM mails WHERE state = 'queued'")
        return from_optional(row["due_at"]) if row else None
