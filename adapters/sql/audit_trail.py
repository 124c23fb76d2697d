"""The audit trail in SQL."""

import json
from collections.abc import Sequence

import attrs

from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.adapters.sql.table import Column, Table, choice, instant, plain
from leadnator_auth.domain.entities.audit import AuditAction, AuditEntry, Change
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.paging import Position


def _changes_of(text: str) -> tuple[Change, ...]:
    return tuple(Change(field, old, new) for field, (old, new) in json.loads(text).items())


def _text_of(changes: Sequence[Change]) -> str:
    return json.dumps({change.field: [change.old, change.new] for change in changes}, ensure_ascii=False)


AUDIT_ENTRIES = Table(
    "audit_entries",
    AuditEntry,
    (
        plain("id"),
        instant("at"),
        plain("actor"),
        choice("action", AuditAction),
        plain("user_id"),
        Column("changes", "changes", _changes_of, _text_of),
    ),
)


@attrs.frozen
class SqlAuditTrail:
    """AuditTrail on one connection; what changed is kept as JSON, {"role": ["user", "admin"]}."""

    slot: Slot

    async def add(self, entry: AuditEntry) -> None:
        await self.slot.run(AUDIT_ENTRIES.insert, **AUDIT_ENTRIES.values(entry))

    async def latest(self, user_id: UserId | None, most: int, after: Position | None) -> list[AuditEntry]:
        condition, values = ("", {}) if user_id is None else ("user_id = :user_id AND ", {"user_id": user_id})
        rows = await self.slot.fetch_all(
            f"SELECT {AUDIT_ENTRIES.columns} FROM audit_entries WHERE {condition}(at, id) < (:at, :after_id) "
            "ORDER BY at DESC, id DESC LIMIT :most",
            most=most,
            **place_of(after),
            **values,
        )
        return [AUDIT_ENTRIES.entity(row) for row in rows]
