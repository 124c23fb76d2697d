"""API keys in SQL."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, optional_instant, plain, words
from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.entities.session import USE_NOTED_EVERY
from leadnator_auth.domain.values.ids import ApiKeyId, UserId

API_KEYS = Table(
    "api_keys",
    ApiKey,
    (
        plain("digest"),
        plain("id"),
        plain("user_id"),
        plain("name"),
        words("scopes"),
        instant("created_at"),
        optional_instant("expires_at"),
        optional_instant("last_used_at"),
    ),
)


@attrs.frozen
class SqlApiKeys:
    """API keys on one connection."""

    connection: PooledConnection

    async def add(self, key: ApiKey) -> None:
        await self.connection.run(API_KEYS.insert, **API_KEYS.values(key))

    async def by_id(self, key_id: ApiKeyId) -> ApiKey | None:
        return await API_KEYS.find(self.connection, key_id)

    async def by_digest(self, digest: str) -> ApiKey | None:
        return await API_KEYS.find(self.connection, digest, by="digest")

    async def of_user(self, user_id: UserId) -> list[ApiKey]:
        rows = await self.connection.fetch_all(
            f"SELECT {API_KEYS.columns} FROM api_keys WHERE user_id = :user_id ORDER BY created_at DESC, id DESC"
            f"{self.connection.row_lock}",
            user_id=user_id,
        )
        return [API_KEYS.entity(row) for row in rows]

    async def note_uses(self, uses: Mapping[ApiKeyId, datetime]) -> None:
        rows: list[dict[str, object]] = [
            {"id": key_id, "at": to_number(at), "before": to_number(at - USE_NOTED_EVERY)}
            for key_id, at in uses.items()
        ]
        await self.connection.run_many(
            "UPDATE api_keys SET last_used_at = :at WHERE id IN (SELECT id FROM api_keys WHERE id = :id "
            f"AND (last_used_at IS NULL OR last_used_at <= :before){self.connection.skip_locked})",
            rows,
        )

    async def remove(self, key_id: ApiKeyId) -> bool:
        row = await self.connection.fetch_one("DELETE FROM api_keys WHERE id = :id RETURNING id", id=key_id)
        return row is not None

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[ApiKey]:
        rows = await self.connection.fetch_all(
            f"DELETE FROM api_keys WHERE user_id = :user_id AND created_at >= :since RETURNING {API_KEYS.columns}",
            user_id=user_id,
            since=0 if since is None else to_number(since),
        )
        return [API_KEYS.entity(row) for row in rows]
