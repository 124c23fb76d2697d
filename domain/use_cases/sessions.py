"""The sessions of a user: list them, end one, end many."""

from enum import StrEnum

from leadnator_auth.domain.entities.session import Identity, Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.domain.use_cases.steps.record import record_ends
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.ids import SessionId
from leadnator_auth.domain.values.text import is_storable

_LOGGED_OUT = "logged_out"


class LogOutScope(StrEnum):
    """Which sessions a log-out ends."""

    LOCAL = "local"
    """The session that asks for it."""
    OTHERS = "others"
    """All sessions but that one."""
    GLOBAL = "global"
    """All sessions."""


async def log_out(identity: Identity, scope: LogOutScope = LogOutScope.LOCAL, *, ports: Ports) -> None:
    """Ends sessions of the user; from now on their tokens are refused everywhere (ASVS 7.4.1)."""

    async def end(transaction: Transaction) -> None:
        # First of all, so that what ends sessions of one account takes turns: each ends once, and is told of once.
        user = await transaction.users.by_id(identity.user.id)
        if user is None:
            return
        if scope is LogOutScope.LOCAL:
            await _end_one(identity.session.id, user, transaction, ports)
        else:
            keep = identity.session.id if scope is LogOutScope.OTHERS else None
            await end_sessions(user, transaction, ports, reason=_LOGGED_OUT, keep=keep)

    await run_in_transaction(ports.unit_of_work, end)


async def list_sessions(identity: Identity, *, ports: Ports) -> list[Session]:
    """Returns the sessions of the user that are still live, newest first."""
    async with ports.unit_of_work.snapshot() as repositories:
        user = await repositories.users.by_id(identity.user.id)
        sessions = await repositories.sessions.of_user(user, ports.policy.max_sessions) if user else []
    now, idle = ports.clock.now(), ports.policy.session_idle
    return [session for session in sessions if user and session.is_live(user, now, idle)]


async def end_session(identity: Identity, session_id: str, *, ports: Ports) -> None:
    """Ends one session of the user.

    Raises: NotFoundError when there is none, or it is another user's.
    """
    if not is_storable(session_id):
        raise NotFoundError

    async def end(transaction: Transaction) -> None:
        user = await transaction.users.by_id(identity.user.id)
        if user is None or not await _end_one(SessionId(session_id), user, transaction, ports):
            raise NotFoundError

    await run_in_transaction(ports.unit_of_work, end)


async def _end_one(session_id: SessionId, user: User, transaction: Transaction, ports: Ports) -> bool:
    """Returns whether there was such a session, of this user and not ended yet; one that expired ends untold."""
    session = await transaction.sessions.by_id(session_id)
    if session is None or not session.belongs_to(user):
        return False
    await transaction.sessions.end(session.id)
    if session.is_live(user, ports.clock.now(), ports.policy.session_idle):
        await record_ends([session], _LOGGED_OUT, user.id, transaction, ports)
    return True
