"""Known clients over one copy of the tables."""

from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class MemoryKnownClients:
    """KnownClients over one copy of the tables."""

    tables: Tables

    async def get(self, user_id: UserId, network: str) -> KnownClient | None:
        return self.tables.known_clients.get(_key(user_id, network))

    async def put(self, client: KnownClient) -> None:
        self.tables.known_clients[_key(client.user_id, client.network)] = client

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> int:
        clients = [client for client in self.tables.known_clients.values() if client.user_id == user_id]
        last_to_go = sorted(clients, key=attrgetter("seen_at", "network"), reverse=True)
        return remove(self.tables.known_clients, [_key(user_id, c.network) for c in last_to_go[keep : keep + most]])

    async def purge(self, seen_before: datetime, most: int) -> int:
        old = [key for key, client in self.tables.known_clients.items() if client.seen_at < seen_before]
        return remove(self.tables.known_clients, old[:most])


def _key(user_id: UserId, network: str) -> str:
    return f"{user_id} {network}"
