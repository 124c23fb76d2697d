"""Entities for the contract suites, with what a careless store loses: microseconds, and letters beyond ASCII."""

from datetime import UTC, datetime, timedelta

import attrs

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.event_delivery import EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.session import Client, Session
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.ids import EventId, SessionId, UserId, WebhookId
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm

# Microseconds, and not a whole second: a store that rounds is found out.
NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_user(name: str = "alice") -> User:
    return User(
        id=UserId(f"u_{name}"),
        name=f"{name.title()} ☕ O'Neil",
        email=EmailAddress(typed=f"{name.title()}@Example.com", canonical=f"{name}@example.com"),
        created_at=NOW,
    )


def some_credentials(user: User, password_hash: str = "hash-1") -> Credentials:
    return Credentials(user.id, password_hash, changed_at=NOW)


def a_session(user: User, number: int = 1) -> Session:
    return Session(
        id=SessionId(f"s_{user.id}_{number}"),
        user_id=user.id,
        created_at=NOW + timedelta(microseconds=number),
        expires_at=NOW + 7 * 24 * HOUR,
        client=Client(ip="2001:db8::1", user_agent="curl/8 (é)"),
        authenticated_at=NOW + timedelta(minutes=number),
    )


def a_token(user: User, number: int = 1, mail_id: str = "m_1") -> OneTimeToken:
    return OneTimeToken(
        Purpose.RESET,
        f"{number:064x}",
        user.id,
        user.email.canonical,
        issued_at=NOW,
        expires_at=NOW + HOUR,
        payload=mail_id,
    )


def a_mail(number: int = 1) -> QueuedMail:
    return QueuedMail(
        id=f"m_{number:04}",
        payload=MailRequest(MailKind.RESET_LINK, "alice@example.com"),
        queued_at=NOW + timedelta(microseconds=number),
        due_at=NOW + timedelta(microseconds=number),
        give_up_at=NOW + timedelta(days=3, microseconds=number),
    )


def a_delivery(number: int, lane: str) -> QueuedMail:
    """Returns a mail to somebody in a lane who has no account."""
    return attrs.evolve(a_mail(number), payload=MailRequest(MailKind.RESET_LINK, f"nobody-{number}@{lane}"))


def an_event(user: User, number: int = 1) -> Event:
    return Event(
        id=EventId(f"e_{number:04}"),
        type=EventType.USER_UPDATED,
        at=NOW + timedelta(microseconds=number),
        user_id=user.id,
        actor="u_root",
        data={"fields": 'name,"plan"', "plan": "Größe ☕ \\'", "old_plan": None, "role": ""},
    )


def a_subscription(number: int = 1) -> Subscription:
    return Subscription(
        id=f"wh_{number:04}",
        since=NOW,
        position=number,
        types=frozenset({EventType.USER_DELETED, EventType.SESSION_ENDED}),
    )


def an_event_delivery(number: int = 1, lane: str = "wh_0001", user: User | None = None) -> QueuedEvent:
    """Returns the event at a position on its way to a subscription, of an account of its own unless told."""
    event = an_event(user or a_user(f"user-{number}"), number)
    return QueuedEvent(
        id=f"d_{number:04}",
        payload=EventDelivery(lane, event, position=number),
        queued_at=event.at,
        due_at=event.at,
        give_up_at=event.at + timedelta(days=3),
    )


def a_signing_key(number: int = 1, state: KeyState = KeyState.NEXT) -> SigningKey:
    public = PublicKey(SigningAlgorithm.ES256, f"{number:043}", "y" * 43)
    key = SigningKey(
        kid=public.kid,
        public=public,
        sealed="sealed-_AQ==",
        master_key_id="k_1",
        published_at=NOW + timedelta(microseconds=number),
    )
    if state is KeyState.RETIRED:
        return key.signing(NOW).retired(NOW + HOUR, NOW + 2 * HOUR)
    return key.signing(NOW) if state is KeyState.SIGNING else key


def a_webhook(number: int = 1) -> Webhook:
    return Webhook(
        id=WebhookId(f"wh_{number:04}"),
        url=f"https://hooks.example:8443/{number}?a=%20b&c[]='d'",
        description="Größe ☕ O'Neil",
        created_at=NOW + timedelta(microseconds=number),
        key_id="k_1",
    )
