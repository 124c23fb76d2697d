"""Passkeys in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import ConstraintError
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Column, Table, instant, optional_instant, plain, words
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.errors import PasskeyExistsError
from leadnator_auth.domain.values.ids import PasskeyId, UserId

PASSKEYS = Table(
    "passkeys",
    Passkey,
    (
        plain("id"),
        plain("user_id"),
        plain("credential_id"),
        plain("name"),
        plain("public_key"),
        plain("algorithm"),
        plain("sign_count"),
        Column("backup_eligible", "backup_eligible", bool, int),
        Column("backed_up", "backed_up", bool, int),
        words("transports"),
        plain("aaguid"),
        instant("created_at"),
        optional_instant("last_used_at"),
    ),
)
_USED = ("sign_count", "backup_eligible", "backed_up", "last_used_at")


@attrs.frozen
class SqlPasskeys:
    """Passkeys on one connection."""

    connection: PooledConnection

    async def add(self, passkey: Passkey) -> None:
        try:
            await self.connection.run(PASSKEYS.insert, **PASSKEYS.values(passkey))
        except ConstraintError as error:
            raise {"passkeys_credential_id": PasskeyExistsError}[error.constraint] from error

    async def by_id(self, passkey_id: PasskeyId) -> Passkey | None:
        return await PASSKEYS.find(self.connection, passkey_id)

    async def by_credential_id(self, credential_id: str) -> Passkey | None:
        return await PASSKEYS.find(self.connection, credential_id, by="credential_id")

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        rows = await self.connection.fetch_all(
            f"SELECT {PASSKEYS.columns} FROM passkeys WHERE user_id = :user_id ORDER BY created_at, passkeys.id"
            f"{self.connection.row_lock}",
            user_id=user_id,
        )
        return [PASSKEYS.entity(row) for row in rows]

    async def rename(self, passkey_id: PasskeyId, name: str) -> None:
        await self.connection.run("UPDATE passkeys SET name = :name WHERE id = :id", id=passkey_id, name=name)

    async def record_use(self, passkey: Passkey) -> bool:
        values = PASSKEYS.values(passkey)
        row = await self.connection.fetch_one(
            f"UPDATE passkeys SET {', '.join(f'{column} = :{column}' for column in _USED)} WHERE id = :id "
            "AND (sign_count < :sign_count OR (sign_count = 0 AND :sign_count = 0)) RETURNING id",
            **{column: values[column] for column in ("id", *_USED)},
        )
        return row is not None

    async def remove(self, passkey_id: PasskeyId) -> bool:
        row = await self.connection.fetch_one("DELETE FROM passkeys WHERE id = :id RETURNING id", id=passkey_id)
        return row is not None

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[Passkey]:
        rows = await self.connection.fetch_all(
            f"DELETE FROM passkeys WHERE user_id = :user_id AND created_at >= :since RETURNING {PASSKEYS.columns}",
            user_id=user_id,
            since=0 if since is None else to_number(since),
        )
        return [PASSKEYS.entity(row) for row in rows]
