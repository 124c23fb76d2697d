"""An outbox in SQL: a table of deliveries, whatever is delivered."""

from collections.abc import Collection
from datetime import datetime
from typing import Generic

import attrs

from leadnator_auth.adapters.sql.instants import from_optional, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Column, Table, choice, instant, optional_instant, plain
from leadnator_auth.domain.entities.outbox import LEASE, AnyPayload, DeliveryState, OutboxEntry, OutboxStats

# Each with the end of the name of the index that finds it; literal, as the predicates of the indexes are.
NEW, TRIED = ("attempts = 0", "new"), ("attempts > 0", "waiting")


def outbox_columns(*payload: Column) -> tuple[Column, ...]:
    """Returns the columns of a table of deliveries: those of the payload, and those that all have."""
    return (
        plain("id"),
        *payload,
        instant("queued_at"),
        instant("due_at"),
        instant("give_up_at"),
        plain("attempts"),
        choice("state", DeliveryState),
        optional_instant("finished_at"),
        plain("last_error"),
    )


@attrs.define
class SqlOutbox(Generic[AnyPayload]):
    """Outbox on one connection; `has_new` tells whether a delivery was added through it.

    `lane` is the SQL for the lane of a row. The indexes `{table}_new` and `{table}_waiting` have `due_at` and `id` of
    the rows that are new, and of all that wait. `may_begin` is what else must hold of a row that is new. `turns` says
    which of them are taken first, and `on_lease` what else is set then.
    """

    connection: PooledConnection
    table: Table[OutboxEntry[AnyPayload]]
    lane: str
    may_begin: str = ""
    turns: tuple[tuple[str, str], ...] = (NEW, TRIED)
    on_lease: str = ""
    has_new: bool = False

    async def add(self, entry: OutboxEntry[AnyPayload]) -> None:
        self.has_new = True
        await self.connection.run(self.table.insert, **self.table.values(entry))

    async def lease(self, now: datetime, limit: int, full: Collection[str] = ()) -> list[OutboxEntry[AnyPayload]]:
        leased: list[OutboxEntry[AnyPayload]] = []
        for which in self.turns:
            if len(leased) < limit:
                leased += await self._lease(which, now, limit - len(leased), full)
        # RETURNING has no order of its own; all that is leased is due at one time, so it is sorted by age.
        return sorted(leased, key=lambda entry: (entry.queued_at, entry.id))

    async def _lease(
        self, which: tuple[str, str], now: datetime, limit: int, full: Collection[str]
    ) -> list[OutboxEntry[AnyPayload]]:
        return await self.take(self.due("id", which), now, limit=limit, key=list(full))

    async def take(self, due: str, now: datetime, **values: object) -> list[OutboxEntry[AnyPayload]]:
        """Leases what a query returns the ids of."""
        rows = await self.connection.fetch_all(
            f"WITH due AS MATERIALIZED ({due}) UPDATE {self.table.name} SET attempts = attempts + 1, "
            f"due_at = :lease_end{self.on_lease} WHERE id IN (SELECT id FROM due) RETURNING {self.table.columns}",
            now=to_number(now),
            lease_end=to_number(now + LEASE),
            **values,
        )
        return [self.table.entity(row) for row in rows]

    def due(self, columns: str, which: tuple[str, str]) -> str:
        """Returns the query for the next `:limit` rows that may be taken now, but for those of the lanes in `:key`.

        Materialised: as a plain subselect PostgreSQL may run it again for each row, and take more than asked.
        """
        condition, index = which
        name = self.table.name
        if which is NEW and self.may_begin:
            condition = f"{condition} AND {self.may_begin}"
        return (
            f"SELECT {columns} FROM {name}{self.connection.by_index(f'{name}_{index}')} "
            f"WHERE state = 'queued' AND {condition} AND due_at <= :now "
            f"AND NOT ({self.lane}{self.connection.is_one_of}) "
            f"ORDER BY due_at, id LIMIT :limit{self.connection.skip_locked}"
        )

    async def save(self, entry: OutboxEntry[AnyPayload]) -> bool:
        saved = ("id", "attempts", "state", "due_at", "finished_at", "last_error")
        values = self.table.values(entry)
        row = await self.connection.fetch_one(
            f"UPDATE {self.table.name} "
            "SET state = :state, due_at = :due_at, finished_at = :finished_at, last_error = :last_error "
            "WHERE id = :id AND attempts = :attempts AND state = 'queued' RETURNING id",
            **{column: values[column] for column in saved},
        )
        return row is not None

    async def by_id(self, entry_id: str) -> OutboxEntry[AnyPayload] | None:
        return await self.table.find(self.connection, entry_id)

    async def remove(self, entry_id: str) -> None:
        await self.connection.run(f"DELETE FROM {self.table.name} WHERE id = :id", id=entry_id)

    async def latest(self, state: DeliveryState | None, limit: int) -> list[OutboxEntry[AnyPayload]]:
        # State by state, for that is how the index is: together they would all have to be read and sorted.
        states = list(DeliveryState) if state is None else [state]
        entries = [entry for each in states for entry in await self._latest(each, limit)]
        return sorted(entries, key=lambda entry: (entry.queued_at, entry.id), reverse=True)[:limit]

    async def _latest(self, state: DeliveryState, limit: int) -> list[OutboxEntry[AnyPayload]]:
        rows = await self.connection.fetch_all(
            f"SELECT {self.table.columns} FROM {self.table.name} WHERE state = :state "
            "ORDER BY queued_at DESC, id DESC LIMIT :limit",
            state=state.value,
            limit=limit,
        )
        return [self.table.entity(row) for row in rows]

    async def retry(
        self, now: datetime, give_up_at: datetime, limit: int, *, after: str = "", only: str | None = None
    ) -> list[str]:
        name = self.table.name
        some = (
            f"WITH waiting AS MATERIALIZED (SELECT id FROM {name} WHERE id > :after AND state <> 'sent' "
            f"ORDER BY id LIMIT :limit{self.connection.skip_locked}) "
        )
        which, chosen = (some, "id IN (SELECT id FROM waiting)") if only is None else ("", "id = :only")
        rows = await self.connection.fetch_all(
            f"{which}UPDATE {name} SET state = 'queued', due_at = :now, give_up_at = :give_up_at, finished_at = NULL "
            f"WHERE {chosen} AND state <> 'sent' RETURNING id",
            now=to_number(now),
            give_up_at=to_number(give_up_at),
            **({"after": after, "limit": limit} if only is None else {"only": only}),
        )
        return sorted(row["id"] for row in rows)

    async def stats(self) -> OutboxStats:
        rows = await self.connection.fetch_all(
            "SELECT state, count(*) AS entries, sum(CASE WHEN attempts > 0 THEN 1 ELSE 0 END) AS tried, "
            f"min(queued_at) AS oldest FROM {self.table.name} GROUP BY state"
        )
        by_state = {row["state"]: row for row in rows}
        queued = by_state.get("queued", {"entries": 0, "tried": 0, "oldest": None})
        return OutboxStats(
            queued=queued["entries"],
            retrying=queued["tried"],
            sent=by_state.get("sent", {"entries": 0})["entries"],
            dead=by_state.get("dead", {"entries": 0})["entries"],
            oldest_queued_at=from_optional(queued["oldest"]),
        )

    async def next_due_at(self) -> datetime | None:
        name = self.table.name
        row = await self.connection.fetch_one(
            f"SELECT due_at FROM {name}{self.connection.by_index(f'{name}_waiting')} WHERE state = 'queued' "
            "ORDER BY due_at, id LIMIT 1"
        )
        return from_optional(row["due_at"]) if row else None
