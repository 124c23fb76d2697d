"""The audit trail: who changed whose account, when, and what it was before (ASVS 16.2.1)."""

from datetime import datetime
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import UserId


class AuditAction(StrEnum):
    """What was done."""

    USER_CREATED = "user_created"
    USER_CHANGED = "user_changed"
    USER_DELETED = "user_deleted"


@attrs.frozen
class Change:
    """One field before and after; None where there was or is no account."""

    field: str
    old: str | None
    new: str | None


@attrs.frozen
class AuditEntry:
    """One change of one account. It outlives the account, and never holds a secret or an e-mail address."""

    id: str
    at: datetime
    actor: str
    """The id of an admin's account, or "operator"."""
    action: AuditAction
    user_id: UserId
    changes: tuple[Change, ...]


def changes_between(before: User | None, after: User | None) -> tuple[Change, ...]:
    """Returns what is different, of the fields that administration sets."""
    old, new = _fields_of(before), _fields_of(after)
    return tuple(Change(field, old[field], new[field]) for field in new if old[field] != new[field])


def _fields_of(user: User | None) -> dict[str, str | None]:
    if user is None:
        return dict.fromkeys(("name", "role", "plan", "status"))
    return {"name": user.name, "role": user.role.value, "plan": user.plan, "status": user.status.value}
