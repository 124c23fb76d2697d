"""Events in SQL."""

import json
from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.table import Column, Table, choice, plain
from leadnator_auth.domain.entities.event import Event, EventFilter, EventType, PlacedEvent
from leadnator_auth.domain.values.paging import Position


def event_columns(within: str = "") -> tuple[Column, ...]:
    """Returns the columns of an event but its id; `within` are the fields that lead to it, with a dot at the end."""
    return (
        choice("type", EventType, f"{within}type"),
        Column("at", f"{within}at", from_number, to_number),
        plain("user_id", f"{within}user_id"),
        plain("actor", f"{within}actor"),
        Column("data", f"{within}data", json.loads, json.dumps),
    )


EVENTS = Table("events", Event, (plain("id"), *event_columns()))
# Its one row stays locked until the transaction ends: whoever gives positions meanwhile waits.
_LOCK_FEED = (
    "INSERT INTO event_feed (id, position) VALUES (1, 0) "
    "ON CONFLICT (id) DO UPDATE SET position = event_feed.position RETURNING position"
)
_PLACE = """
WITH next AS MATERIALIZED (
    SELECT number, row_number() OVER (ORDER BY number) AS place
    FROM (SELECT number FROM events WHERE position IS NULL ORDER BY number LIMIT :limit) AS unplaced
)
UPDATE events SET position = :last + next.place FROM next
WHERE events.number = next.number AND events.position IS NULL RETURNING events.id
"""


@attrs.frozen
class SqlEvents:
    """Events on one connection; `added` has those that were added through it."""

    connection: PooledConnection
    added: list[Event] = attrs.Factory(list)

    async def add(self, events: Sequence[Event]) -> None:
        self.added.extend(events)
        await EVENTS.insert_all(self.connection, events)

    async def latest(self, wanted: EventFilter, limit: int, after: Position | None) -> list[Event]:
        values: dict[str, str | None] = {"user_id": wanted.user_id, "type": wanted.type and wanted.type.value}
        given = {column: value for column, value in values.items() if value is not None}
        condition = "".join(f"{column} = :{column} AND " for column in given)
        rows = await self.connection.fetch_all(
            f"SELECT {EVENTS.columns} FROM events WHERE {condition}(at, id) < (:at, :after_id) "
            "ORDER BY at DESC, id DESC LIMIT :limit",
            limit=limit,
            **place_of(after),
            **given,
        )
        return [EVENTS.entity(row) for row in rows]

    async def has_unplaced(self) -> bool:
        return await self.connection.fetch_one("SELECT 1 AS one FROM events WHERE position IS NULL LIMIT 1") is not None

    async def place(self, limit: int) -> int:
        row = await self.connection.fetch_one(_LOCK_FEED)
        last = row["position"] if row else 0
        placed = await self.connection.fetch_all(_PLACE, last=last, limit=limit)
        if placed:
            await self.connection.run(
                "UPDATE event_feed SET position = :position WHERE id = 1", position=last + len(placed)
            )
        return len(placed)

    async def last_position(self) -> int:
        row = await self.connection.fetch_one("SELECT position FROM event_feed WHERE id = 1")
        return int(row["position"]) if row else 0

    async def after(self, position: int, limit: int, of_type: EventType | None = None) -> list[PlacedEvent]:
        # Not `type = :type`: by the index of types, all of one type would have to be sorted for each page.
        condition, given = ("AND type || '' = :type ", {"type": of_type.value}) if of_type else ("", {})
        rows = await self.connection.fetch_all(
            f"SELECT position, {EVENTS.columns} FROM events WHERE position > :position {condition}"
            "ORDER BY position LIMIT :limit",
            position=position,
            limit=limit,
            **given,
        )
        return [PlacedEvent(place, EVENTS.entity(event)) for place, *event in rows]

    async def position_before(self, at: datetime) -> int:
        row = await self.connection.fetch_one(
            "SELECT position FROM events WHERE at < :at AND position IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1",
            at=to_number(at),
        )
        return int(row["position"]) if row else 0
