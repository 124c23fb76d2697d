"""The kept state, and the repositories of accounts over one copy of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.event_delivery import QueuedEvent
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail, forgotten
from leadnator_auth.domain.entities.one_time_token import OneTimeToken
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.entities.user import User, is_found
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import EmailTakenError
from leadnator_auth.domain.values.ids import ApiKeyId, EventId, FactorId, PasskeyId, SessionId, UserId, WebhookId
from leadnator_auth.domain.values.paging import Position

Key = TypeVar("Key")
Entity = TypeVar("Entity")


@attrs.define
class Tables:
    """Everything that is kept; the entities are immutable, so a copy of the dictionaries is a copy of it all."""

    users: dict[UserId, User] = attrs.Factory(dict)
    credentials: dict[UserId, Credentials] = attrs.Factory(dict)
    sessions: dict[SessionId, Session] = attrs.Factory(dict)
    one_time_tokens: dict[str, OneTimeToken] = attrs.Factory(dict)
    email_changes: dict[str, EmailChange] = attrs.Factory(dict)
    known_clients: dict[str, KnownClient] = attrs.Factory(dict)
    api_keys: dict[ApiKeyId, ApiKey] = attrs.Factory(dict)
    passkeys: dict[PasskeyId, Passkey] = attrs.Factory(dict)
    totp_factors: dict[FactorId, TotpFactor] = attrs.Factory(dict)
    recovery_codes: dict[str, RecoveryCode] = attrs.Factory(dict)
    signing_keys: dict[str, SigningKey] = attrs.Factory(dict)
    refresh_families: dict[SessionId, RefreshFamily] = attrs.Factory(dict)
    mails: dict[str, QueuedMail] = attrs.Factory(dict)
    events: dict[EventId, Event] = attrs.Factory(dict)
    places: dict[EventId, int] = attrs.Factory(dict)
    """The positions of events, the last one given at the end, whether its event is there or not."""
    subscriptions: dict[str, Subscription] = attrs.Factory(dict)
    event_deliveries: dict[str, QueuedEvent] = attrs.Factory(dict)
    webhooks: dict[WebhookId, Webhook] = attrs.Factory(dict)

    def copy(self) -> "Tables":
        """Returns tables that can be changed without changing these."""
        return Tables(**{field.name: dict(getattr(self, field.name)) for field in attrs.fields(Tables)})


def remove(table: dict[Key, Entity], keys: list[Key]) -> int:
    """Removes these keys and returns how many they were."""
    for key in keys:
        del table[key]
    return len(keys)


def page_of(entities: Iterable[Entity], time: str, limit: int, after: Position | None) -> list[Entity]:
    """Returns the newest by the attribute `time`, those of one instant by descending id, from after a position on."""
    place = attrgetter(time, "id")
    newest_first = sorted(entities, key=place, reverse=True)
    return [each for each in newest_first if after is None or place(each) < (after.at, after.id)][:limit]


def remove_sessions(tables: Tables, keys: Iterable[str]) -> int:
    """Removes these sessions, with what belongs to each, and returns how many they were."""
    removed = [tables.sessions.pop(SessionId(key)) for key in keys]
    for session in removed:
        tables.refresh_families.pop(session.id, None)
    return len(removed)


def is_reserved(canonical: str, now: datetime, tables: Tables, *, but: UserId | None = None) -> bool:
    """Returns whether an account other than `but` had this canonical address and may take it back now."""
    return any(
        change.email.canonical == canonical and change.user_id != but and change.is_undoable(now)
        for change in tables.email_changes.values()
    )


@attrs.frozen
class MemoryUsers:
    """Users over one copy of the tables."""

    tables: Tables

    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        for user in users:
            canonical = user.email.canonical
            if await self.by_email(canonical):
                raise EmailTakenError
            if unless_reserved_at and is_reserved(canonical, unless_reserved_at, self.tables):
                raise EmailTakenError
            self.tables.users[user.id] = user

    async def is_taken(self, canonical: str, now: datetime) -> bool:
        return await self.by_email(canonical) is not None or is_reserved(canonical, now, self.tables)

    async def by_id(self, user_id: UserId) -> User | None:
        return self.tables.users.get(user_id)

    async def by_email(self, canonical: str) -> User | None:
        users = self.tables.users.values()
        return next((user for user in users if user.email.canonical == canonical), None)

    async def save(self, user: User) -> None:
        kept, owner = self.tables.users.get(user.id), await self.by_email(user.email.canonical)
        if kept and owner and owner.id != user.id:
            raise EmailTakenError
        if kept:
            self.tables.users[user.id] = attrs.evolve(user, created_at=kept.created_at)

    async def remove(self, user_id: UserId) -> None:
        tables = self.tables
        user = tables.users.pop(user_id, None)
        changes = {key: change for key, change in tables.email_changes.items() if change.user_id == user_id}
        addresses = {change.email.canonical for change in changes.values()} | (
            {user.email.canonical} if user else set()
        )
        addresses -= {other.email.canonical for other in tables.users.values()}
        for mail in [mail for mail in tables.mails.values() if _is_of(mail, user_id, addresses)]:
            if mail.attempts:
                payload = MailRequest(mail.payload.kind, forgotten(mail.payload.recipient))
                tables.mails[mail.id] = attrs.evolve(mail, payload=payload, last_error="")
            else:
                del tables.mails[mail.id]
        remove(tables.email_changes, list(changes))
        tables.credentials.pop(user_id, None)
        remove_sessions(tables, [s.id for s in tables.sessions.values() if s.user_id == user_id])
        owned: tuple[dict[Any, Any], ...] = (
            tables.one_time_tokens,
            tables.known_clients,
            tables.api_keys,
            tables.passkeys,
            tables.totp_factors,
            tables.recovery_codes,
        )
        for table in owned:
            remove(table, [key for key, each in table.items() if each.user_id == user_id])

    async def active_admins(self) -> list[User]:
        admins = [user for user in self.tables.users.values() if user.is_active_admin]
        return sorted(admins, key=attrgetter("id"))

    async def page(self, search: str, limit: int, after: Position | None) -> list[User]:
        users = [user for user in self.tables.users.values() if is_found(user, search)]
        return page_of(users, "created_at", limit, after)


def _is_of(mail: QueuedMail, user_id: UserId, addresses: Collection[str]) -> bool:
    request = mail.payload
    return request.recipient in addresses if request.user_id is None else request.user_id == user_id


@attrs.frozen
class MemoryCredentialStore:
    """CredentialStore over one copy of the tables."""

    tables: Tables

    async def add(self, credentials: Sequence[Credentials]) -> None:
        self.tables.credentials.update((each.user_id, each) for each in credentials)

    async def of(self, user_id: UserId) -> Credentials | None:
        return self.tables.credentials.get(user_id)

    async def by_emails(self, canonicals: Sequence[str]) -> dict[str, Credentials]:
        ids = {user.email.canonical: user.id for user in self.tables.users.values()}
        known = [email for email in canonicals if ids.get(email) in self.tables.credentials]
        return {email: self.tables.credentials[ids[email]] for email in known}

    async def replace(self, old: Credentials, new: Credentials) -> bool:
        kept = self.tables.credentials.get(old.user_id)
        if kept is None or (kept.version, kept.password_hash) != (old.version, old.password_hash):
            return False
        self.tables.credentials[new.user_id] = new
        return True
