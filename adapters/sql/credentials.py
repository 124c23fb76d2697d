"""Credentials in SQL."""

from collections.abc import Sequence

import attrs

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

    async def add(self, credentials: Sequence[Credentials]) -> None:
        await CREDENTIALS.insert_all(self.connection, credentials)

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

    async def replace(self, old: Credentials, new: Credentials) -> bool:
        row = await self.connection.fetch_one(
            "UPDATE credentials SET password_hash = :password_hash, changed_at = :changed_at, version = :version "
            "WHERE user_id = :user_id AND password_hash = :old_hash AND version = :old_version RETURNING user_id",
            **CREDENTIALS.values(new),
            old_hash=old.password_hash,
            old_version=old.version,
        )
        return row is not None
