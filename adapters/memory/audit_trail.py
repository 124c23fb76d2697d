"""The audit trail over one copy of the tables."""

from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.audit import AuditEntry
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.paging import Position


@attrs.frozen
class MemoryAuditTrail:
    """AuditTrail over one copy of the tables."""

    tables: Tables

    async def add(self, entry: AuditEntry) -> None:
        self.tables.audit_trail[entry.id] = entry

    async def latest(self, user_id: UserId | None, most: int, after: Position | None) -> list[AuditEntry]:
        entries = [entry for entry in self.tables.audit_trail.values() if user_id in (None, entry.user_id)]
        newest_first = sorted(entries, key=attrgetter("at", "id"), reverse=True)
        return [entry for entry in newest_first if after is None or (entry.at, entry.id) < (after.at, after.id)][:most]
