"""Handing over to the owner of an account all that is kept about it (GDPR articles 15 and 20)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.event import Event, EventFilter
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.mail import QueuedMail
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.session import Identity, Session
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.policy import MOST_SESSIONS
from leadnator_auth.domain.ports import Ports, Repositories
from leadnator_auth.domain.use_cases.steps.require_step_up import require_step_up
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.paging import Position

MOST_OF_A_KIND = 10_000
"""Of anything but events; the limits of mails and sessions leave far fewer."""
_EVENTS_AT_ONCE = 500


@attrs.frozen
class AccountExport:
    """All that is kept about an account. The hash of its password and the digests of its secrets are not shown."""

    user: User
    password_changed_at: datetime | None
    """None if it has none."""
    sessions: tuple[Session, ...]
    """Those that did not end; the newest first."""
    one_time_tokens: tuple[OneTimeToken, ...]
    """Those of mails to its own addresses: that there is one for another address tells that nobody has that."""
    email_changes: tuple[EmailChange, ...]
    """Those that can still be undone."""
    known_clients: tuple[KnownClient, ...]
    api_keys: tuple[ApiKey, ...]
    passkeys: tuple[Passkey, ...]
    totp_factors: tuple[TotpFactor, ...]
    recovery_codes: tuple[RecoveryCode, ...]
    """Those that were not used."""
    mails: tuple[QueuedMail, ...]
    """Those that were or will be sent to its address, or to one that it asked for or had; the newest first.

    What became of one to an address that it asked for is not for its owner: `MailRequest.is_to_wanted_address`.
    """
    events: AsyncIterator[Event]
    """The newest first; there may be too many to be in memory at once."""


async def export_account(identity: Identity, *, ports: Ports) -> AccountExport:
    """Returns all that is kept about the account behind a session.

    Raises: StepUpRequiredError, InvalidTokenError when the session ended meanwhile; the events may raise
    UnavailableError while they are read.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        user = await require_step_up(identity, repositories, ports)
        credentials = await repositories.credentials.of(user.id)
        changes = await repositories.email_changes.of_user(user.id, MOST_OF_A_KIND)
        tokens = await repositories.one_time_tokens.of_user(user.id, MOST_OF_A_KIND)
        return AccountExport(
            user=user,
            password_changed_at=credentials.changed_at if credentials and credentials.usable_hash else None,
            sessions=tuple(await repositories.sessions.of_user(user, MOST_SESSIONS)),
            one_time_tokens=tuple(token for token in tokens if token.purpose is not Purpose.EMAIL),
            email_changes=tuple(changes),
            known_clients=tuple(await repositories.known_clients.of_user(user.id)),
            api_keys=tuple(await repositories.api_keys.of_user(user.id)),
            passkeys=tuple(await repositories.passkeys.of_user(user.id)),
            totp_factors=tuple(await repositories.totp_factors.of_user(user.id)),
            recovery_codes=tuple(await repositories.recovery_codes.of_user(user.id)),
            mails=await _mails_of(user, changes, repositories),
            events=_events_of(user.id, ports),
        )


async def _mails_of(user: User, changes: Sequence[EmailChange], repositories: Repositories) -> tuple[QueuedMail, ...]:
    queue = repositories.mail_queue
    mails = [*await queue.to(user.email.canonical, MOST_OF_A_KIND), *await queue.of_user(user.id, MOST_OF_A_KIND)]
    for change in changes:
        to_former = await queue.to(change.email.canonical, MOST_OF_A_KIND)
        mails += [mail for mail in to_former if mail.queued_at <= change.changed_at]  # later ones may be another's
    newest_first = sorted({mail.id: mail for mail in mails}.values(), key=lambda each: (each.queued_at, each.id))[::-1]
    return tuple(newest_first[:MOST_OF_A_KIND])


async def _events_of(user_id: UserId, ports: Ports) -> AsyncIterator[Event]:
    after: Position | None = None
    while True:
        async with ports.unit_of_work.snapshot() as repositories:
            events = await repositories.events.latest(EventFilter(user_id), _EVENTS_AT_ONCE, after)
        for event in events:
            yield event
        if len(events) < _EVENTS_AT_ONCE:
            return
        after = Position(events[-1].at, events[-1].id)
