"""Accounts and events as JSON, the same over HTTP and at the command line."""

from datetime import datetime

from leadnator_auth.domain import Event, User


def user_view(user: User) -> dict[str, str | bool]:
    """Returns an account as an administrator sees it."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "email_verified": user.is_email_verified,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "created_at": rfc3339(user.created_at),
    }


def event_view(event: Event) -> dict[str, str | dict[str, str | None]]:
    """Returns an event as an administrator sees it."""
    return {
        "id": event.id,
        "type": event.type.value,
        "at": rfc3339(event.at),
        "user_id": event.user_id,
        "actor": event.actor,
        "data": dict(event.data),
    }


def rfc3339(instant: datetime) -> str:
    """Returns an instant in UTC as RFC 3339 writes it, in whole seconds."""
    return _utc(instant.isoformat(timespec="seconds"))


def exact_rfc3339(instant: datetime) -> str:
    """Returns an instant in UTC as RFC 3339 writes it, with microseconds where it has any."""
    return _utc(instant.isoformat())


def _utc(text: str) -> str:
    return text.removesuffix("+00:00") + "Z"
