"""Events: whatever happened to an account, kept in the transaction that did it (ASVS 16.2.1)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from leadnator_auth.domain.values.ids import EventId, UserId


class EventType(StrEnum):
    """What happened."""

    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_SUSPENDED = "user.suspended"
    USER_ACTIVATED = "user.activated"
    USER_DELETED = "user.deleted"
    USER_EMAIL_VERIFIED = "user.email_verified"
    USER_EMAIL_CHANGED = "user.email_changed"
    USER_EMAIL_CHANGE_UNDONE = "user.email_change_undone"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    WEBHOOK_TEST = "webhook.test"
    """Nothing happened: an administrator tries a webhook. It is never kept, and goes to that webhook alone."""


HAPPENINGS: tuple[EventType, ...] = tuple(each for each in EventType if each is not EventType.WEBHOOK_TEST)
"""The types of all that happens to accounts."""


@attrs.frozen
class EventFilter:
    """Which events are wanted: all, those of one account, those of one type, or both."""

    user_id: UserId | None = None
    type: EventType | None = None


@attrs.frozen
class Event:
    """Something that happened to an account. An event outlives its account, and holds no secret, address or name."""

    id: EventId
    type: EventType
    at: datetime
    user_id: UserId
    """The account it happened to."""
    actor: str
    """Who did it: the id of an account, or "operator"."""
    data: Mapping[str, str | None] = attrs.field(factory=dict)
    """Further details, such as the session that ended."""


@attrs.frozen
class PlacedEvent:
    """An event with its place in the feed: the first has position 1, and each that follows the next one."""

    position: int
    event: Event
