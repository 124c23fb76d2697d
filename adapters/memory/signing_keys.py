"""Signing keys over one copy of the tables."""

from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.errors import ConcurrencyError


@attrs.frozen
class MemorySigningKeys:
    """SigningKeys over one copy of the tables."""

    tables: Tables

    async def all(self) -> list[SigningKey]:
        return sorted(self.tables.signing_keys.values(), key=attrgetter("published_at", "kid"))

    async def add(self, key: SigningKey) -> None:
        self._check_alone(key)
        self.tables.signing_keys[key.kid] = key

    async def change(self, key: SigningKey, was: KeyState) -> bool:
        kept = self.tables.signing_keys.get(key.kid)
        if kept is None or kept.state is not was:
            return False
        self._check_alone(key)
        self.tables.signing_keys[key.kid] = attrs.evolve(
            kept,
            state=key.state,
            signs_since=key.signs_since,
            retired_at=key.retired_at,
            verifies_until=key.verifies_until,
        )
        return True

    async def remove(self, kid: str) -> None:
        self.tables.signing_keys.pop(kid, None)

    def _check_alone(self, key: SigningKey) -> None:
        others = (each for each in self.tables.signing_keys.values() if each.kid != key.kid)
        if key.state is not KeyState.RETIRED and any(each.state is key.state for each in others):
            raise ConcurrencyError("another key has this state")
