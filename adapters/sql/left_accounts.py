"""What a removed account leaves: rows that name it, and mails to its address."""

from leadnator_auth.adapters.sql.known_clients import KNOWN_CLIENTS
from leadnator_auth.adapters.sql.left_rows import AT_ONCE, LeftRows
from leadnator_auth.adapters.sql.mail_queue import MAILS
from leadnator_auth.adapters.sql.one_time_tokens import ONE_TIME_TOKENS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.sessions import SESSIONS
from leadnator_auth.domain.entities.mail import forgotten
from leadnator_auth.domain.values.ids import UserId

_ROWS = LeftRows((SESSIONS, ONE_TIME_TOKENS, KNOWN_CLIENTS), "user_id", "deleted_users")
_MAILS_LEFT = "recipient = :address AND NOT EXISTS (SELECT 1 FROM users WHERE email_canonical = :address)"
"""Whoever signed up with the address since then has mails of their own; an address that was not noted has none."""


async def leave_nothing(user_id: UserId, address: str, connection: PooledConnection) -> None:
    """Removes the rows of a removed account, or as many as fit, and then notes that there are more."""
    removed = await _removed(user_id, address, AT_ONCE, connection)
    if removed >= AT_ONCE or await _has_mails(address, connection):
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
    removed = await _removed(row["id"], row["address"], limit, connection)
    if removed < limit and not await _has_mails(row["address"], connection):
        await connection.run("DELETE FROM deleted_users WHERE id = :id", id=row["id"])
        return removed + 1
    return removed


async def _removed(user_id: str, address: str | None, limit: int, connection: PooledConnection) -> int:
    removed = await _ROWS.remove_some(user_id, limit, connection)
    if address is None:
        return removed
    removed += await _forget(address, limit - removed, connection)
    new = await MAILS.delete_some(connection, f"attempts = 0 AND {_MAILS_LEFT}", limit - removed, address=address)
    return removed + len(new)


async def _forget(address: str, limit: int, connection: PooledConnection) -> int:
    """Takes the address out of mails that may have arrived; returns out of how many."""
    rows = await connection.fetch_all(
        "UPDATE mails SET recipient = :forgotten, last_error = '' WHERE id IN (SELECT id FROM mails WHERE "
        f"attempts > 0 AND {_MAILS_LEFT} LIMIT :limit{connection.skip_locked}) RETURNING id",
        address=address,
        forgotten=forgotten(address),
        limit=limit,
    )
    return len(rows)


async def _has_mails(address: str | None, connection: PooledConnection) -> bool:
    """Returns whether there are more: one that is being handed over is passed over, for its sender waits for us."""
    return await connection.fetch_one(f"SELECT id FROM mails WHERE {_MAILS_LEFT} LIMIT 1", address=address) is not None
