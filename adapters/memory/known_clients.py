"""Known clients over one copy of the tables."""

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

    async def of_user(self, user_id: UserId) -> list[KnownClient]:
        clients = [each for each in self.tables.known_clients.values() if each.user_id == user_id]
        return sorted(clients, key=attrgetter("seen_at", "network"), reverse=True)

    async def put(self, client: KnownClient, *, keep: int) -> None:
        self.tables.known_clients[_key(client.user_id, client.network)] = client
        last_to_go = await self.of_user(client.user_id)
        remove(self.tables.known_clients, [_key(each.user_id, each.network) for each in last_to_go[keep:]])


def _key(user_id: UserId, network: str) -> str:
    return f"{user_id} {network}"
