"""Token pairs: access tokens that live for minutes, and the refresh token that the next one is had for."""

from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.access_token import Claims, short_claims
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.refresh_family import PresentedToken, RefreshFamily, read_refresh_token, written
from leadnator_auth.domain.entities.session import Client, Identity, Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import (
    InvalidRefreshTokenError,
    InvalidTokenError,
    NotFoundError,
    TokenPairExistsError,
)
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.access_tokens import issue_token
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.open_session import replace_session
from leadnator_auth.domain.use_cases.steps.record import record, record_ends
from leadnator_auth.domain.use_cases.steps.throttle import throttle_session
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import check_verified
from leadnator_auth.domain.values.fields import FieldChecks, RawField

_REUSED = EventType.REFRESH_TOKEN_REUSED.value
_LEAST = timedelta(seconds=1)
"""What is left of a session for which there is a pair: tokens count in whole seconds."""

Pair = tuple[Session, RefreshFamily]


@attrs.frozen
class TokenPair:
    """A short access token, and a refresh token for the next pair."""

    access_token: str = attrs.field(repr=False)
    expires_in: int
    """For how many seconds the access token is good."""
    refresh_token: str = attrs.field(repr=False)
    refresh_expires_at: datetime
    """When the session ends: no pair of it is good any longer."""


def are_token_pairs_on(*, ports: Ports) -> bool:
    """Returns whether there are pairs: refresh tokens are derived from a master key."""
    return bool(ports.master_keys)


async def issue_token_pair(identity: Identity, *, ports: Ports) -> TokenPair:
    """Returns a pair for a session that takes the place of this one, whose token stops working everywhere.

    What the new session keeps is when it is over, how it was proved whose it is, and its client. A session that has a
    pair gets no other one: its access tokens go to services that must not be able to make them last.

    Raises: NotFoundError where pairs are off, TokenPairExistsError, InvalidTokenError when the session ended meanwhile.
    """
    _require_token_pairs(ports)

    async def exchange(transaction: Transaction) -> Pair:
        # First of all, so that whatever ends the sessions of an account and this take turns.
        user = await transaction.users.by_id(identity.user.id)
        session = await transaction.sessions.by_id(identity.session.id)
        if user is None or session is None or user.is_suspended or not _has_time(session, user, ports):
            raise InvalidTokenError("session ended")
        if await transaction.refresh_families.of_session(session.id):
            raise TokenPairExistsError
        successor = await replace_session(session, user, transaction, ports, reason="token_pair")
        family = RefreshFamily(successor.id, ports.master_keys.newest_id)
        await transaction.refresh_families.add(family)
        return successor, family

    return await _made(await run_in_transaction(ports.unit_of_work, exchange), ports)


async def refresh_token_pair(refresh_token: RawField, client: Client = Client(), *, ports: Ports) -> TokenPair:
    """Returns the next pair of a session; asked again with the same token, the same refresh token once more.

    Once the refresh token of that pair was used, its predecessors are worth nothing: whoever has one of them, copied
    or stolen, is told apart by nobody from whom the session belongs to. So the session ends, and the owner gets a mail.

    Raises: NotFoundError where pairs are off, MissingFieldsError, InvalidFieldsError, InvalidRefreshTokenError,
    TooManyRequestsError, EmailNotVerifiedError.
    """
    _require_token_pairs(ports)
    with FieldChecks() as check:
        text = check("refresh_token", refresh_token, str)
    presented = read_refresh_token(text, ports.master_keys)
    if presented is None:
        raise InvalidRefreshTokenError("not made here")
    await throttle_session(ports.policy.limits.refresh, presented.session_id, client, ports)
    identity = await ports.identities.by_session(presented.session_id)
    if identity is None:
        raise InvalidRefreshTokenError("session ended")

    async def rotate(transaction: Transaction) -> Pair | None:
        return await _rotated(presented, identity, client, transaction, ports)

    pair = await run_in_transaction(ports.unit_of_work, rotate)
    if pair is None:
        raise InvalidRefreshTokenError("used before")
    now, idle = ports.clock.now(), ports.policy.session_idle
    if idle is not None and identity.session.is_use_to_be_noted(now, idle):
        ports.identities.note_use(identity.session.id, now)
    return await _made(pair, ports)


async def _rotated(
    presented: PresentedToken, identity: Identity, client: Client, transaction: Transaction, ports: Ports
) -> Pair | None:
    """Returns the session with its tokens once this one was presented; None where that ended the session."""
    # First of all, so that whatever ends the sessions of an account and this take turns.
    user = await transaction.users.by_id(identity.user.id)
    session = await transaction.sessions.by_id(presented.session_id)
    if user is None or session is None or user.is_suspended or not _has_time(session, user, ports):
        raise InvalidRefreshTokenError("session ended")
    family = await transaction.refresh_families.of_session(session.id)
    if family is None or family.key_id != presented.key_id:
        raise InvalidRefreshTokenError("of another key")
    after = family.after(presented.number)
    if after is None:
        await _end_reused(session, user, client, transaction, ports)
        return None
    check_verified(user, ports)
    if after != family:
        await transaction.refresh_families.save(after)
    return session, after


async def _end_reused(session: Session, user: User, client: Client, transaction: Transaction, ports: Ports) -> None:
    await transaction.sessions.end(session.id)
    await record(EventType.REFRESH_TOKEN_REUSED, user.id, transaction, ports, session_id=session.id)
    await record_ends([session], _REUSED, user.id, transaction, ports)
    await queue_mail(MailKind.REFRESH_TOKEN_REUSED, user.email.canonical, transaction, ports, client=client)


def _has_time(session: Session, user: User, ports: Ports) -> bool:
    now = ports.clock.now()
    return session.is_live(user, now, ports.policy.session_idle) and now + _LEAST <= session.expires_at


async def _made(pair: Pair, ports: Ports) -> TokenPair:
    session, family = pair
    claims = short_claims(session, new_id("", ports), ports.clock.now(), ports.policy.access_token_lifetime)
    return TokenPair(
        await issue_token(claims, ports),
        _seconds(claims),
        written(family.token, ports.master_keys),
        session.expires_at,
    )


def _seconds(claims: Claims) -> int:
    return int((claims.expires_at - claims.issued_at).total_seconds())


def _require_token_pairs(ports: Ports) -> None:
    if not are_token_pairs_on(ports=ports):
        raise NotFoundError
