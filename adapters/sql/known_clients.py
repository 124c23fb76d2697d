"""Known clients in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, plain
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.values.ids import UserId

KNOWN_CLIENTS = Table(
    "known_clients",
    KnownClient,
    (plain("user_id"), plain("network"), instant("seen_at"), plain("epoch")),
    key="user_id, network",
)


@attrs.frozen
class SqlKnownClients:
    """KnownClients on one connection."""

    connection: PooledConnection

    async def get(self, user_id: UserId, network: str) -> KnownClient | None:
        row = await self.connection.fetch_one(
            f"SELECT {KNOWN_CLIENTS.columns} FROM known_clients WHERE user_id = :user_id AND network = :network",
            user_id=user_id,
            network=network,
        )
        return KNOWN_CLIENTS.entity(row) if row else None

    async def put(self, client: KnownClient) -> None:
        await self.connection.run(
            f"{KNOWN_CLIENTS.insert} ON CONFLICT (user_id, network) DO UPDATE SET seen_at = :seen_at, epoch = :epoch",
            **KNOWN_CLIENTS.values(client),
        )

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> int:
        return len(
            await KNOWN_CLIENTS.delete_some(
                self.connection,
                "user_id = :user_id",
                most,
                order_by="seen_at DESC, network DESC",
                skip=keep,
                user_id=user_id,
            )
        )

    async def purge(self, seen_before: datetime, most: int) -> int:
        return len(
            await KNOWN_CLIENTS.delete_some(self.connection, "seen_at < :before", most, before=to_number(seen_before))
        )
