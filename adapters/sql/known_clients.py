"""Known clients in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.user import UserId


@attrs.frozen
class SqlKnownClients:
    """KnownClients on one connection."""

    slot: Slot

    async def get(self, user_id: UserId, network: str) -> KnownClient | None:
        row = await self.slot.fetch_one(
            "SELECT seen_at, epoch FROM known_clients WHERE user_id = :user_id AND network = :network",
            user_id=user_id,
            network=network,
        )
        return KnownClient(user_id, network, from_number(row["seen_at"]), row["epoch"]) if row else None

    async def put(self, client: KnownClient) -> None:
        await self.slot.run(
            "INSERT INTO known_clients (user_id, network, seen_at, epoch) "
            "VALUES (:user_id, :network, :seen_at, :epoch) "
            "ON CONFLICT (user_id, network) DO UPDATE SET seen_at = :seen_at, epoch = :epoch",
            user_id=client.user_id,
            network=client.network,
            seen_at=to_number(client.seen_at),
            epoch=client.epoch,
        )

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH over AS MATERIALIZED (SELECT network FROM known_clients WHERE user_id = :user_id "
            "ORDER BY seen_at DESC, network DESC LIMIT :most OFFSET :keep) "
            "DELETE FROM known_clients WHERE user_id = :user_id AND network IN (SELECT network FROM over) "
            "RETURNING network",
            user_id=user_id,
            keep=keep,
            most=most,
        )
        return len(rows)

    async def purge(self, seen_before: datetime, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH old AS MATERIALIZED (SELECT user_id, network FROM known_clients WHERE seen_at < :before "
            f"LIMIT :most{self.slot.skip_locked}) "
            "DELETE FROM known_clients WHERE (user_id, network) IN (SELECT user_id, network FROM old) "
            "RETURNING network",
            before=to_number(seen_before),
            most=most,
        )
        return len(rows)
