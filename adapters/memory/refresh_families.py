"""Families of refresh tokens over one copy of the tables."""

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.values.ids import SessionId


@attrs.frozen
class MemoryRefreshFamilies:
    """RefreshFamilies over one copy of the tables."""

    tables: Tables

    async def add(self, family: RefreshFamily) -> None:
        self.tables.refresh_families[family.session_id] = family

    async def of_session(self, session_id: SessionId) -> RefreshFamily | None:
        return self.tables.refresh_families.get(session_id)

    async def save(self, family: RefreshFamily) -> None:
        kept = self.tables.refresh_families.get(family.session_id)
        if kept:
            self.tables.refresh_families[family.session_id] = attrs.evolve(kept, newest=family.newest)
