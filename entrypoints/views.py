"""How accounts and the audit trail look as JSON, over HTTP and at the command line alike."""

from datetime import datetime

from leadnator_auth.domain import AuditEntry, User

Json = str | dict[str, dict[str, str | None]]


def user_view(user: User) -> dict[str, str]:
    """Returns an account as an administrator sees it."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "created_at": _rfc3339(user.created_at),
    }


def entry_view(entry: AuditEntry) -> dict[str, Json]:
    """Returns what was done; null where there was no account before, or is none after."""
    return {
        "at": _rfc3339(entry.at),
        "actor": entry.actor,
        "action": entry.action.value,
        "user": entry.user_id,
        "changes": {change.field: {"old": change.old, "new": change.new} for change in entry.changes},
    }


def _rfc3339(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
