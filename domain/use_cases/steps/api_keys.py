"""Making and dropping API keys, whoever wants it."""

from collections.abc import Collection
from datetime import datetime
from typing import Self

import attrs

from leadnator_auth.domain.entities.api_key import (
    ADMIN_SCOPES,
    MAX_API_KEYS,
    SECRET_BYTES,
    SECRET_PREFIX,
    ApiKey,
    parse_key_name,
    parse_scopes,
)
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import Role, User
from leadnator_auth.domain.errors import ForbiddenError, TooManyApiKeysError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import API_KEY_ID_PREFIX, ApiKeyId
from leadnator_auth.domain.values.instant import parse_future


@attrs.frozen
class ApiKeyWithSecret:
    """An API key and its secret, which is never told again."""

    key: ApiKey
    secret: str = attrs.field(repr=False)


@attrs.frozen
class KeyRequest:
    """What a key is to be."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None

    @classmethod
    def checked(cls, name: RawField, scopes: RawField, expires_at: RawField, ports: Ports) -> Self:
        """Raises: MissingFieldsError, InvalidFieldsError."""
        known: Collection[str] = ADMIN_SCOPES | ports.policy.host_scopes
        now = ports.clock.now()
        with FieldChecks() as check:
            return cls(
                check("name", name, parse_key_name),
                check.of_any_type("scopes", scopes, lambda value: parse_scopes(value, known)),
                # An empty text is no way to say "never".
                None if expires_at is None else check("expires_at", expires_at, lambda text: parse_future(text, now)),
            )


async def keep_api_key(
    user: User,
    request: KeyRequest,
    client: Client,
    transaction: Transaction,
    ports: Ports,
    *,
    actor: str | None = None,
) -> ApiKeyWithSecret:
    """Returns a new key of an account, and tells its owner by mail; without an `actor`, the owner asked for it.

    The user was read in the same transaction, and first of all: so the keys of one account are counted in turn.

    Raises: ForbiddenError when a scope is for the keys of admins alone, TooManyApiKeysError.
    """
    if user.role is not Role.ADMIN and ADMIN_SCOPES.intersection(request.scopes):
        raise ForbiddenError(user.id)
    if len(await transaction.api_keys.of_user(user.id)) >= MAX_API_KEYS:
        raise TooManyApiKeysError
    secret = SECRET_PREFIX + ports.randomness.urlsafe(SECRET_BYTES)
    key = ApiKey(
        digest=digest_of(secret),
        id=ApiKeyId(new_id(API_KEY_ID_PREFIX, ports)),
        user_id=user.id,
        name=request.name,
        scopes=request.scopes,
        created_at=ports.clock.now(),
        expires_at=request.expires_at,
    )
    await transaction.api_keys.add(key)
    await _record(EventType.API_KEY_CREATED, key, actor, transaction, ports)
    # It names the account, so that it reaches this address though the account may have another one by then.
    await queue_mail(MailKind.API_KEY_CREATED, user.email.canonical, transaction, ports, client=client, account=user)
    return ApiKeyWithSecret(key, secret)


async def drop_api_key(key: ApiKey, transaction: Transaction, ports: Ports, *, actor: str | None = None) -> None:
    """Removes a key, at once in force; without an `actor`, its owner does it."""
    if await transaction.api_keys.remove(key.id):
        await _record(EventType.API_KEY_REVOKED, key, actor, transaction, ports)


async def drop_added_api_keys(
    user: User, added_since: datetime | None, transaction: Transaction, ports: Ports, *, actor: str | None
) -> User:
    """Returns the account, whose keys that were made since an instant are removed, with None all.

    The user was read in the same transaction, and first of all. Without an `actor`, the owner removed them.
    """
    for key in await transaction.api_keys.remove_of_user(user.id, added_since):
        await _record(EventType.API_KEY_REVOKED, key, actor, transaction, ports)
    return user


async def _record(
    event_type: EventType, key: ApiKey, actor: str | None, transaction: Transaction, ports: Ports
) -> None:
    scopes = " ".join(key.scopes)
    await record(event_type, key.user_id, transaction, ports, actor=actor, api_key_id=key.id, scopes=scopes)
