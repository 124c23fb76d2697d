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

    async def get(self, user_id: UserId, network: str, agent: str = "") -> KnownClient | None:
        return self.tables.known_clients.get(_key(user_id, network, agent))

    async def of_user(self, user_id: UserId) -> list[KnownClient]:
        clients = [each for each in self.tables.known_clients.values() if each.user_id == user_id]
        return sorted(clients, key=attrgetter("seen_at", "network", "agent"), reverse=True)

    async def put(self, client: KnownClient, *, keep: int) -> None:
        self.tables.known_clients[_key(client.user_id, client.network, client.agent)] = client
        alike = [each for each in await self.of_user(client.user_id) if bool(each.agent) is bool(client.agent)]
        remove(self.tables.known_clients, [_key(each.user_id, each.network, each.agent) for each in alike[keep:]])


def _key(user_id: UserId, network: str, agent: str) -> str:
    return f"{user_id} {network} {agent}"
