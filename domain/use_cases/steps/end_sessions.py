"""Ending all sessions of an account in a time that does not depend on their number."""

import attrs

from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User, without_sessions
from leadnator_auth.domain.policy import MOST_SESSIONS
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.record import record_ends
from leadnator_auth.domain.values.ids import SessionId

MAX_REMOVED = 200
"""Rows that are removed at once; any beyond them lead to nobody, and are purged later."""


async def end_sessions(
    user: User,
    transaction: Transaction,
    ports: Ports,
    *,
    reason: str,
    actor: str | None = None,
    keep: SessionId | None = None,
) -> User:
    """Stores the account with all its sessions but `keep` ended, and returns it.

    The user must have been read first of all in the same transaction: then no session begins meanwhile. Without an
    `actor`, the owner ended them.
    """
    sessions = await live_sessions(user, transaction, ports)
    ended = without_sessions(user)
    await transaction.users.save(ended)
    session = await transaction.sessions.by_id(keep) if keep else None
    kept = session if session and session.belongs_to(user) else None
    if kept:
        await transaction.sessions.save(attrs.evolve(kept, epoch=ended.session_epoch))
    await transaction.sessions.trim(user.id, keep=int(kept is not None), limit=MAX_REMOVED)
    await record_ends((each for each in sessions if each.id != keep), reason, actor or user.id, transaction, ports)
    return ended


async def live_sessions(user: User, transaction: Transaction, ports: Ports) -> list[Session]:
    """Returns the sessions of the user that have neither ended nor expired, newest first; at most `MOST_SESSIONS`.

    There may be more than an account may have by now: the limit may have been higher when they began.
    """
    sessions = await transaction.sessions.of_user(user, max(MOST_SESSIONS, ports.policy.max_sessions))
    now, idle = ports.clock.now(), ports.policy.session_idle
    return [session for session in sessions if session.is_live(user, now, idle)]
