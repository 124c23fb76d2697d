"""Events in SQL."""

import json
from collections.abc import Sequence

import attrs

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.table import Column, Table, choice, instant, plain
from leadnator_auth.domain.entities.event import Event, EventFilter, EventType
from leadnator_auth.domain.values.paging import Position

EVENTS = Table(
    "events",
    Event,
    (
        plain("id"),
        choice("type", EventType),
        instant("at"),
        plain("user_id"),
        plain("actor"),
        Column("data", "data", json.loads, json.dumps),
    ),
)


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
