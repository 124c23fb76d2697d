"""What a deleted account leaves: it goes at once if it is not too much, else a little at a time."""

from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.entities.user import UserId

_TABLES = {"sessions": "id", "reset_tokens": "digest", "known_clients": "user_id, network"}
"""With their primary keys."""
_AT_ONCE = 500


async def leave_nothing(user_id: UserId, slot: Slot) -> None:
    """Removes the rows of an account that is gone, or as many as fit and writes down that there are more."""
    if await _removed(user_id, _AT_ONCE, slot) >= _AT_ONCE:
        await slot.run("INSERT INTO deleted_users (id) VALUES (:id) ON CONFLICT DO NOTHING", id=user_id)


async def purge_left(most: int, slot: Slot) -> int:
    """Removes rows of an account that left more than fitted; returns how many, and one for having found the end."""
    row = await slot.fetch_one(f"SELECT id FROM deleted_users LIMIT 1{slot.skip_locked}")
    if row is None:
        return 0
    removed = await _removed(UserId(row["id"]), most, slot)
    if removed < most:
        await slot.run("DELETE FROM deleted_users WHERE id = :id", id=row["id"])
        return removed + 1
    return removed


async def _removed(user_id: UserId, most: int, slot: Slot) -> int:
    removed = 0
    for table, key in _TABLES.items():
        rows = await slot.fetch_all(
            f"WITH old AS MATERIALIZED (SELECT {key} FROM {table} WHERE user_id = :user_id LIMIT :most) "
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM old) RETURNING user_id",
            user_id=user_id,
            most=most - removed,
        )
        removed += len(rows)
    return removed
