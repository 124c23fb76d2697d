"""Changes of address in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.values.ids import UserId

EMAIL_CHANGES = Table(
    "email_changes",
    EmailChange,
    (
        plain("user_id"),
        plain("epoch"),
        plain("email", "email.typed"),
        plain("email_canonical", "email.canonical"),
        optional_instant("email_verified_at"),
        instant("changed_at"),
        instant("undoable_until"),
    ),
    key="user_id, epoch",
)

RESERVED = (
    "SELECT 1 FROM email_changes JOIN users AS owner ON owner.id = email_changes.user_id "
    "WHERE email_changes.email_canonical = :{address} AND email_changes.undoable_until > :{now}"
)
"""The query for who may take an address back; what a removed account left reserves nothing."""


@attrs.frozen
class SqlEmailChanges:
    """EmailChanges on one connection."""

    connection: PooledConnection

    async def add(self, change: EmailChange) -> None:
        await self.connection.run(EMAIL_CHANGES.insert, **EMAIL_CHANGES.values(change))

    async def get(self, user_id: UserId, epoch: int) -> EmailChange | None:
        row = await self.connection.fetch_one(
            f"SELECT {EMAIL_CHANGES.columns} FROM email_changes WHERE user_id = :user_id AND epoch = :epoch",
            user_id=user_id,
            epoch=epoch,
        )
        return EMAIL_CHANGES.entity(row) if row else None

    async def of_user(self, user_id: UserId, limit: int) -> list[EmailChange]:
        rows = await self.connection.fetch_all(
            f"SELECT {EMAIL_CHANGES.columns} FROM email_changes WHERE user_id = :user_id "
            "ORDER BY user_id DESC, epoch DESC LIMIT :limit",
            user_id=user_id,
            limit=limit,
        )
        return [EMAIL_CHANGES.entity(row) for row in rows]

    async def is_reserved(self, canonical: str, now: datetime, *, but: UserId) -> bool:
        reserved = RESERVED.format(address="address", now="now")
        row = await self.connection.fetch_one(
            f"{reserved} AND email_changes.user_id <> :but LIMIT 1", address=canonical, now=to_number(now), but=but
        )
        return row is not None

    async def drop_since(self, user_id: UserId, epoch: int) -> None:
        await self.connection.run(
            "DELETE FROM email_changes WHERE user_id = :user_id AND epoch >= :epoch", user_id=user_id, epoch=epoch
        )
