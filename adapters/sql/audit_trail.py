"""The audit trail in SQL."""

import json

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.entities.audit import AuditAction, AuditEntry, Change
from leadnator_auth.domain.entities.user import UserId
from leadnator_auth.domain.values.paging import Position

_COLUMNS = "id, at, actor, action, user_id, changes"


def _entry_of(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=from_number(row["at"]),
        actor=row["actor"],
        action=AuditAction(row["action"]),
        user_id=UserId(row["user_id"]),
        changes=tuple(Change(field, old, new) for field, (old, new) in json.loads(row["changes"]).items()),
    )


@attrs.frozen
class SqlAuditTrail:
    """AuditTrail on one connection; what changed is kept as JSON, {"role": ["user", "admin"]}."""

    slot: Slot

    async def add(self, entry: AuditEntry) -> None:
        changes = {change.field: [change.old, change.new] for change in entry.changes}
        await self.slot.run(
            f"INSERT INTO audit_entries ({_COLUMNS}) VALUES (:id, :at, :actor, :action, :user_id, :changes)",
            id=entry.id,
            at=to_number(entry.at),
            actor=entry.actor,
            action=entry.action.value,
            user_id=entry.user_id,
            changes=json.dumps(changes, ensure_ascii=False),
        )

    async def latest(self, user_id: UserId | None, most: int, after: Position | None) -> list[AuditEntry]:
        condition, values = ("", {}) if user_id is None else ("user_id = :user_id AND ", {"user_id": user_id})
        rows = await self.slot.fetch_all(
            f"SELECT {_COLUMNS} FROM audit_entries WHERE {condition}(at, id) < (:at, :after_id) "
            "ORDER BY at DESC, id DESC LIMIT :most",
            most=most,
            **place_of(after),
            **values,
        )
        return [_entry_of(row) for row in rows]
