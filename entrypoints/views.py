"""Accounts, passkeys, events, webhooks and signing keys as JSON, the same over HTTP and at the command line."""

from collections.abc import Callable
from datetime import datetime, timedelta

from leadnator_auth.domain import (
    ApiKey,
    DeliveryState,
    Event,
    KeyState,
    Passkey,
    QueuedEvent,
    SigningKey,
    SubscribedWebhook,
    User,
)
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.values.json_object import Json


def rfc3339(instant: datetime) -> str:
    """Returns an instant in UTC as RFC 3339 writes it, in whole seconds."""
    return _utc(instant.isoformat(timespec="seconds"))


def rfc3339_ceiling(instant: datetime) -> str:
    """Returns an instant in UTC as RFC 3339 writes it, or the next whole second after it."""
    return rfc3339(instant if not instant.microsecond else instant.replace(microsecond=0) + timedelta(seconds=1))


def exact_rfc3339(instant: datetime) -> str:
    """Returns an instant in UTC as RFC 3339 writes it, with microseconds where it has any."""
    return _utc(instant.isoformat())


def _utc(text: str) -> str:
    return text.removesuffix("+00:00") + "Z"


def user_view(user: User) -> dict[str, str | bool]:
    """Returns an account in short, for a line of a list."""
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


def account_view(user: User) -> dict[str, Json]:
    """Returns an account with all there is to know, as its owner and administrators see it."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "email_verified": user.is_email_verified,
        "pending_email": user.pending_email.typed if user.pending_email else None,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "created_at": rfc3339(user.created_at),
        "user_metadata": dict(user.user_metadata),
        "app_metadata": dict(user.app_metadata),
    }


def passkey_view(passkey: Passkey) -> dict[str, str | bool | list[str] | None]:
    """Returns a passkey as its owner sees it."""
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created_at": rfc3339(passkey.created_at),
        "last_used_at": rfc3339(passkey.last_used_at) if passkey.last_used_at else None,
        "backed_up": passkey.backed_up,
        "transports": list(passkey.transports),
    }


def event_view(event: Event, rfc3339: Callable[[datetime], str] = rfc3339) -> dict[str, str | dict[str, str | None]]:
    """Returns an event as an administrator sees it."""
    return {
        "id": event.id,
        "type": event.type.value,
        "at": rfc3339(event.at),
        "user_id": event.user_id,
        "actor": event.actor,
        "data": dict(event.data),
    }


def api_key_view(key: ApiKey) -> dict[str, str | list[str] | None]:
    """Returns an API key as its owner and the operator see it: its secret was shown once, and never is again."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
        "last_used_at": rfc3339(key.last_used_at) if key.last_used_at else None,
    }


def webhook_view(subscribed: SubscribedWebhook) -> dict[str, str | bool | list[str]]:
    """Returns a webhook as an administrator sees it: its secret was shown once, and never is again."""
    webhook, subscription = subscribed.webhook, subscribed.subscription
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": [each.value for each in HAPPENINGS if each in subscription.types],
        "description": webhook.description,
        "enabled": subscription.enabled,
        "created_at": rfc3339(webhook.created_at),
    }


def delivery_view(delivery: QueuedEvent) -> dict[str, str | int | None]:
    """Returns the delivery of an event as an administrator sees it."""
    is_queued = delivery.state is DeliveryState.QUEUED
    return {
        "id": delivery.id,
        "event_id": delivery.payload.event.id,
        "type": delivery.payload.event.type.value,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "created_at": rfc3339(delivery.queued_at),
        "next_attempt_at": rfc3339(delivery.due_at) if is_queued else None,
        "finished_at": rfc3339(delivery.finished_at) if delivery.finished_at else None,
        "last_error": delivery.last_error or None,
    }


def signing_key_view(key: SigningKey) -> dict[str, str | None]:
    """Returns a signing key as its operator sees it; a time that did not come, or is none of its state's, is None."""

    def at(instant: datetime | None) -> str | None:
        return None if instant is None else rfc3339(instant)

    return {
        "kid": key.kid,
        "algorithm": key.public.algorithm.value,
        "state": key.state.value,
        "published_at": at(key.published_at),
        "can_sign_from": at(key.may_sign_from) if key.state is KeyState.NEXT else None,
        "signs_since": at(key.signs_since),
        "retired_at": at(key.retired_at),
        "verifies_until": at(key.verifies_until),
    }
