"""What a removed account leaves: rows that name it, and mails to it or to its addresses."""

from typing import Any

from leadnator_auth.adapters.sql.email_changes import EMAIL_CHANGES
from leadnator_auth.adapters.sql.known_clients import KNOWN_CLIENTS
from leadnator_auth.adapters.sql.left_rows import AT_ONCE, LeftRows
from leadnator_auth.adapters.sql.mail_queue import MAILS
from leadnator_auth.adapters.sql.one_time_tokens import ONE_TIME_TOKENS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.sessions import SESSIONS
from leadnator_auth.domain.entities.mail import forgotten
from leadnator_auth.domain.values.ids import UserId

_ROWS = LeftRows((SESSIONS, ONE_TIME_TOKENS, EMAIL_CHANGES, KNOWN_CLIENTS), "user_id", "deleted_users")
_MAILS_LEFT = (
    "recipient IN (SELECT CAST(:address AS TEXT) UNION ALL "
    "SELECT email_canonical FROM email_changes WHERE email_changes.user_id = :user_id) AND mails.user_id IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM users WHERE users.email_canonical = recipient)"
)
"""To its address, and to those that it had and may take back: so these are removed before its changes of address.

Whoever signed up with the address since then has mails of their own; an address that was not noted has none."""


async def leave_nothing(user_id: UserId, address: str, connection: PooledConnection) -> None:
    """Removes the rows of a removed account, or as many as fit, and then notes that there are more."""
    removed = await _removed(user_id, address, AT_ONCE, connection)
    if removed >= AT_ONCE or await _has_mails(user_id, address, connection):
        await connection.run(
            "INSERT INTO deleted_users (id, address) VALUES (:id, :address) ON CONFLICT DO NOTHING",
            id=user_id,
            address=address,
        )


async def purge_left_accounts(limit: int, connection: PooledConnection) -> int:
    """Removes rows of an account that left more than fitted; returns how many, and one for having found the end."""
    row = await connection.fetch_one(f"SELECT id, address FROM deleted_users LIMIT 1{connection.skip_locked}")
    if row is None:
        return 0
    removed = await _removed(UserId(row["id"]), row["address"], limit, connection)
    if removed < limit and not await _has_mails(UserId(row["id"]), row["address"], connection):
        await connection.run("DELETE FROM deleted_users WHERE id = :id", id=row["id"])
        return removed + 1
    return removed


async def _removed(user_id: UserId, address: str | None, limit: int, connection: PooledConnection) -> int:
    removed = await _without_mails(_MAILS_LEFT, limit, connection, address=address, user_id=user_id)
    removed += await _without_mails("mails.user_id = :user_id", limit - removed, connection, user_id=user_id)
    return removed + await _ROWS.remove_some(user_id, limit - removed, connection)


async def _without_mails(which: str, limit: int, connection: PooledConnection, **values: Any) -> int:
    """Removes new mails, and takes address and account out of those that may have arrived; returns of how many."""
    tried = await connection.fetch_all(
        f"SELECT id, recipient FROM mails WHERE attempts > 0 AND {which} LIMIT :limit{connection.skip_locked}",
        limit=limit,
        **values,
    )
    await connection.run_many(
        "UPDATE mails SET recipient = :forgotten, user_id = NULL, epoch = 0, ip = '', user_agent = '', "
        "last_error = '' WHERE id = :id",
        [{"id": row["id"], "forgotten": forgotten(row["recipient"])} for row in tried],
    )
    new = await MAILS.delete_some(connection, f"attempts = 0 AND {which}", limit - len(tried), **values)
    return len(tried) + len(new)


async def _has_mails(user_id: UserId, address: str | None, connection: PooledConnection) -> bool:
    """Returns whether there are more: one that is being handed over is passed over, for its sender waits for us."""
    row = await connection.fetch_one(
        f"SELECT 1 FROM mails WHERE {_MAILS_LEFT} UNION ALL SELECT 1 FROM mails WHERE user_id = :user_id LIMIT 1",
        address=address,
        user_id=user_id,
    )
    return row is not None
