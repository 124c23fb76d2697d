"""Clearing away what is over, over one copy of the tables: for each sort, where it is and when it was."""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from leadnator_auth.adapters.memory.tables import Tables, remove, remove_sessions
from leadnator_auth.domain.entities.outbox import DeliveryState, OutboxEntry
from leadnator_auth.domain.ports import Expired


def _finished_as(state: DeliveryState) -> Callable[[OutboxEntry[Any]], datetime | None]:
    return lambda entry: entry.finished_at if entry.state is state else None


_OVER: Mapping[Expired, tuple[str, Callable[[Any], datetime | None]]] = {
    Expired.SESSIONS: ("sessions", attrgetter("expires_at")),
    Expired.IDLE_SESSIONS: ("sessions", attrgetter("last_used_at")),
    Expired.ONE_TIME_TOKENS: ("one_time_tokens", attrgetter("expires_at")),
    Expired.EMAIL_CHANGES: ("email_changes", attrgetter("undoable_until")),
    Expired.KNOWN_CLIENTS: ("known_clients", attrgetter("seen_at")),
    Expired.SENT_MAILS: ("mails", _finished_as(DeliveryState.SENT)),
    Expired.DEAD_MAILS: ("mails", _finished_as(DeliveryState.DEAD)),
    Expired.SENT_EVENTS: ("event_deliveries", _finished_as(DeliveryState.SENT)),
    Expired.DEAD_EVENTS: ("event_deliveries", _finished_as(DeliveryState.DEAD)),
    Expired.EVENTS: ("events", attrgetter("at")),
}


def purge(what: Expired, before: datetime, limit: int, tables: Tables) -> int:
    """Removes up to `limit` entities of one sort that were over before this instant; returns how many."""
    if what in (Expired.OF_REMOVED_USERS, Expired.OF_REMOVED_SUBSCRIPTIONS):
        return 0  # they took all with them
    name, over_at = _OVER[what]
    table: dict[str, Any] = getattr(tables, name)
    old = [key for key, entity in table.items() if (at := over_at(entity)) is not None and at < before]
    count = remove_sessions(tables, old[:limit]) if table is tables.sessions else remove(table, old[:limit])
    if what is Expired.EVENTS:
        _forget_places(tables)
    return count


def _forget_places(tables: Tables) -> None:
    """Forgets the positions of events that are gone, but for the last one: none is ever given again."""
    last = next(reversed(tables.places), None)
    remove(tables.places, [key for key in tables.places if key not in tables.events and key != last])
