"""Credentials in SQL."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, plain
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.values.ids import UserId

CREDENTIALS = Table(
    "credentials",
    Credentials,
    (plain("user_id"), plain("password_hash"), instant("changed_at"), plain("version")),
    key="user_id",
)


@attrs.frozen
class SqlCredentialStore:
    """CredentialStore on one connection."""

    connection: PooledConnection

    async def add(self, credentials: Credentials) -> None:
        await self.connection.run(CREDENTIALS.insert, **CREDENTIALS.values(credentials))

    async def add_all(self, credentials: Sequence[Credentials]) -> None:
        await self.connection.run_many(CREDENTIALS.insert, [CREDENTIALS.values(each) for each in credentials])

    async def of(self, user_id: UserId) -> Credentials | None:
        return await CREDENTIALS.find(self.connection, user_id)

    async def by_emails(self, canonicals: Sequence[str]) -> dict[str, Credentials]:
        if not canonicals:
            return {}
        values = {f"email_{number}": canonical for number, canonical in enumerate(canonicals)}
        rows = await self.connection.fetch_all(
            f"SELECT users.email_canonical, {CREDENTIALS.qualified} "
            "FROM credentials JOIN users ON users.id = credentials.user_id "
            f"WHERE users.email_canonical IN ({', '.join(f':{name}' for name in values)})",
            **values,
        )
        return {email: CREDENTIALS.entity(values) for email, *values in rows}

    async def change(self, user_id: UserId, new_hash: str, now: datetime) -> None:
        await self.connection.run(
            "UPDATE credentials SET password_hash = :new_hash, changed_at = :now, version = version + 1 "
            "WHERE user_id = :user_id",
            user_id=user_id,
            new_hash=new_hash,
            now=to_number(now),
        )

    async def upgrade(self, user_id: UserId, *, old_hash: str, new_hash: str) -> bool:
        row = await self.connection.fetch_one(
            "UPDATE credentials SET password_hash = :new_hash "
            "WHERE user_id = :user_id AND password_hash = :old_hash RETURNING user_id",
            user_id=user_id,
            old_hash=old_hash,
            new_hash=new_hash,
        )
        return row is not None
