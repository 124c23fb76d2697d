"""Deliveries of events in SQL: an outbox, and what is special about events."""

from collections.abc import Collection, Sequence
from datetime import datetime

from leadnator_auth.adapters.sql.events import event_columns
from leadnator_auth.adapters.sql.instants import from_optional, to_number
from leadnator_auth.adapters.sql.outbox import NEW, TRIED, SqlOutbox, outbox_columns
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.table import Table, plain
from leadnator_auth.domain.entities.event_delivery import TOO_LATE, EventBacklog, EventDelivery, QueuedEvent
from leadnator_auth.domain.values.paging import Position

EVENT_DELIVERIES = Table(
    "event_deliveries",
    QueuedEvent,
    outbox_columns(
        plain("subscription_id", "payload.subscription_id"),
        plain("position", "payload.position"),
        plain("event_id", "payload.event.id"),
        *event_columns("payload.event."),
    ),
)
_BACKLOG = (
    "WITH waiting AS MATERIALIZED (SELECT attempts, queued_at FROM event_deliveries WHERE state = 'queued' "
    "ORDER BY queued_at, id LIMIT :limit), "
    "over AS MATERIALIZED (SELECT 1 AS one FROM event_deliveries WHERE state = 'dead' LIMIT :limit) "
    "SELECT count(*) AS queued, coalesce(sum(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0) AS retrying, "
    "min(queued_at) AS oldest, (SELECT count(*) FROM over) AS dead FROM waiting"
)
_IS_FIRST = (
    "NOT EXISTS (SELECT 1 FROM event_deliveries AS earlier "
    "WHERE earlier.subscription_id = event_deliveries.subscription_id "
    "AND earlier.user_id = event_deliveries.user_id AND earlier.position < event_deliveries.position "
    "AND earlier.state = 'queued' AND earlier.last_error = '')"
)


class SqlEventDeliveries(SqlOutbox[EventDelivery]):
    """EventDeliveries on one connection."""

    def __init__(self, connection: PooledConnection) -> None:
        # What failed and is due goes first, or what happened to its account later would overtake it.
        super().__init__(
            connection, EVENT_DELIVERIES, "subscription_id", _IS_FIRST, (TRIED, NEW), on_lease=", last_error = ''"
        )

    async def add_all(self, entries: Sequence[QueuedEvent]) -> None:
        self.has_new = self.has_new or bool(entries)
        await EVENT_DELIVERIES.insert_all(self.connection, entries)

    async def lease_one_of(self, subscription_id: str, now: datetime) -> QueuedEvent | None:
        for condition in (TRIED[0], f"{NEW[0]} AND {_IS_FIRST}"):
            due = (
                f"SELECT id FROM event_deliveries{self.connection.by_index('event_deliveries_lane')} "
                f"WHERE state = 'queued' AND subscription_id = :lane AND {condition} AND due_at <= :now "
                f"ORDER BY attempts, due_at, id LIMIT 1{self.connection.skip_locked}"
            )
            for entry in await self.take(due, now, lane=subscription_id):
                return entry
        return None

    async def is_any_due(self, now: datetime, full: Collection[str] = ()) -> bool:
        row = await self.connection.fetch_one(
            f"SELECT 1 AS one FROM event_deliveries{self.connection.by_index('event_deliveries_waiting')} "
            f"WHERE state = 'queued' AND due_at <= :now AND NOT (subscription_id{self.connection.is_one_of}) LIMIT 1",
            now=to_number(now),
            key=list(full),
        )
        return row is not None

    async def count_queued(self, subscription_id: str, limit: int) -> int:
        row = await self.connection.fetch_one(
            "SELECT count(*) AS queued FROM (SELECT 1 AS one FROM event_deliveries "
            "WHERE state = 'queued' AND subscription_id = :lane LIMIT :limit) AS waiting",
            lane=subscription_id,
            limit=limit,
        )
        return int(row["queued"]) if row else 0

    async def hasten(self, subscription_id: str, now: datetime) -> int:
        rows = await self.connection.fetch_all(
            "UPDATE event_deliveries SET due_at = :now WHERE state = 'queued' AND subscription_id = :lane "
            "AND due_at > :now AND last_error <> '' RETURNING id",
            lane=subscription_id,
            now=to_number(now),
        )
        return len(rows)

    async def is_any_late(self, now: datetime) -> bool:
        row = await self.connection.fetch_one(self._late("LIMIT 1"), now=to_number(now))
        return row is not None

    async def give_up(self, now: datetime, limit: int) -> int:
        rows = await self.connection.fetch_all(
            f"WITH old AS MATERIALIZED ({self._late(f'LIMIT :limit{self.connection.skip_locked}')}) "
            "UPDATE event_deliveries SET state = 'dead', finished_at = :now, "
            "last_error = CASE last_error WHEN '' THEN :too_late ELSE last_error END "
            "WHERE id IN (SELECT id FROM old) RETURNING id",
            now=to_number(now),
            limit=limit,
            too_late=TOO_LATE,
        )
        return len(rows)

    def _late(self, limited: str) -> str:
        """Returns the query for deliveries whose time is over, and which nobody makes at the moment."""
        index = self.connection.by_index("event_deliveries_give_up_at")
        return (
            f"SELECT id FROM event_deliveries{index} WHERE state = 'queued' AND give_up_at <= :now AND due_at <= :now "
            f"{limited}"
        )

    async def latest_of(self, subscription_id: str, limit: int, after: Position | None) -> list[QueuedEvent]:
        rows = await self.connection.fetch_all(
            f"SELECT {EVENT_DELIVERIES.columns} FROM event_deliveries WHERE subscription_id = :lane "
            "AND (queued_at, id) < (:at, :after_id) ORDER BY queued_at DESC, id DESC LIMIT :limit",
            lane=subscription_id,
            limit=limit,
            **place_of(after),
        )
        return [EVENT_DELIVERIES.entity(row) for row in rows]

    async def backlog(self, limit: int) -> EventBacklog:
        (row,) = await self.connection.fetch_all(_BACKLOG, limit=limit)
        return EventBacklog(int(row["queued"]), int(row["retrying"]), int(row["dead"]), from_optional(row["oldest"]))
