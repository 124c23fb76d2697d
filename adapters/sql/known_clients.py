"""Known clients in SQL."""

import attrs

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, plain
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.values.ids import UserId

KNOWN_CLIENTS = Table(
    "known_clients",
    KnownClient,
    (plain("user_id"), plain("network"), instant("seen_at"), plain("epoch"), plain("agent")),
    key="user_id, network, agent",
)
_MAX_REMOVED = 100
"""At once: one is too many as a rule, and more only where fewer are to be kept than before."""


@attrs.frozen
class SqlKnownClients:
    """KnownClients on one connection."""

    connection: PooledConnection

    async def get(self, user_id: UserId, network: str, agent: str = "") -> KnownClient | None:
        row = await self.connection.fetch_one(
            f"SELECT {KNOWN_CLIENTS.columns} FROM known_clients "
            "WHERE user_id = :user_id AND network = :network AND agent = :agent",
            user_id=user_id,
            network=network,
            agent=agent,
        )
        return KNOWN_CLIENTS.entity(row) if row else None

    async def of_user(self, user_id: UserId) -> list[KnownClient]:
        rows = await self.connection.fetch_all(
            f"SELECT {KNOWN_CLIENTS.columns} FROM known_clients WHERE user_id = :user_id "
            "ORDER BY seen_at DESC, network DESC, agent DESC",
            user_id=user_id,
        )
        return [KNOWN_CLIENTS.entity(row) for row in rows]

    async def put(self, client: KnownClient, *, keep: int) -> None:
        await self.connection.run(
            f"{KNOWN_CLIENTS.insert} ON CONFLICT ({KNOWN_CLIENTS.key}) "
            "DO UPDATE SET seen_at = :seen_at, epoch = :epoch",
            **KNOWN_CLIENTS.values(client),
        )
        await KNOWN_CLIENTS.delete_some(
            self.connection,
            "user_id = :user_id AND agent " + ("<> ''" if client.agent else "= ''"),
            _MAX_REMOVED,
            order_by="seen_at DESC, network DESC, agent DESC",
            skip=keep,
            user_id=client.user_id,
        )
