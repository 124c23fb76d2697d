"""The difference that somebody's change made to an account."""

import attrs

from leadnator_auth.domain.entities.user import User

_TOLD = frozenset({"role", "plan", "status", "email_verified"})
"""The fields whose values are in an event; of any other it says that it changed: it may be a name or an address."""


@attrs.frozen
class Change:
    """One field before and after."""

    field: str
    old: str
    new: str


def changes_between(before: User, after: User) -> tuple[Change, ...]:
    """Returns the differences in the fields that the owner or administration sets."""
    old, new = _fields_of(before), _fields_of(after)
    return tuple(Change(field, old[field], new[field]) for field in new if old[field] != new[field])


def event_data_of(changes: tuple[Change, ...]) -> dict[str, str | None]:
    """Returns an event's data for these changes: the fields, and the values of some."""
    data: dict[str, str | None] = {"fields": ",".join(change.field for change in changes)}
    for change in changes:
        if change.field in _TOLD:
            data |= {change.field: change.new, f"old_{change.field}": change.old}
    return data


def _fields_of(user: User) -> dict[str, str]:
    return {
        "name": user.name,
        "email": user.email.typed,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "user_metadata": user.user_metadata.text,
        "app_metadata": user.app_metadata.text,
        "email_verified": "true" if user.is_email_verified else "false",
    }
