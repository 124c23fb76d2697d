"""Clearing away what is over, in SQL: for each sort, where it is and what makes it so."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from leadnator_auth.adapters.sql.email_changes import EMAIL_CHANGES
from leadnator_auth.adapters.sql.event_deliveries import EVENT_DELIVERIES
from leadnator_auth.adapters.sql.events import EVENTS
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.known_clients import KNOWN_CLIENTS
from leadnator_auth.adapters.sql.left_accounts import purge_left_accounts
from leadnator_auth.adapters.sql.left_rows import OF_SUBSCRIPTIONS
from leadnator_auth.adapters.sql.mail_queue import MAILS
from leadnator_auth.adapters.sql.one_time_tokens import ONE_TIME_TOKENS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.sessions import SESSIONS
from leadnator_auth.adapters.sql.table import Table
from leadnator_auth.domain.ports import Expired

_OVER: Mapping[Expired, tuple[Table[Any], str]] = {
    Expired.SESSIONS: (SESSIONS, "expires_at < :before"),
    Expired.IDLE_SESSIONS: (SESSIONS, "last_used_at < :before"),
    Expired.ONE_TIME_TOKENS: (ONE_TIME_TOKENS, "expires_at < :before"),
    Expired.EMAIL_CHANGES: (EMAIL_CHANGES, "undoable_until < :before"),
    Expired.KNOWN_CLIENTS: (KNOWN_CLIENTS, "seen_at < :before"),
    Expired.SENT_MAILS: (MAILS, "state = 'sent' AND finished_at < :before"),
    Expired.DEAD_MAILS: (MAILS, "state = 'dead' AND finished_at < :before"),
    Expired.SENT_EVENTS: (EVENT_DELIVERIES, "state = 'sent' AND finished_at < :before"),
    Expired.DEAD_EVENTS: (EVENT_DELIVERIES, "state = 'dead' AND finished_at < :before"),
    Expired.EVENTS: (EVENTS, "at < :before"),
}
_LEFT = {
    Expired.OF_REMOVED_USERS: purge_left_accounts,
    Expired.OF_REMOVED_SUBSCRIPTIONS: OF_SUBSCRIPTIONS.purge,
}


async def purge(what: Expired, before: datetime, limit: int, connection: PooledConnection) -> int:
    """Removes up to `limit` rows of one sort that were over before this instant; returns how many."""
    if what in _LEFT:
        return await _LEFT[what](limit, connection)
    table, condition = _OVER[what]
    return len(await table.delete_some(connection, condition, limit, before=to_number(before)))
