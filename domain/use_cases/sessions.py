"""The sessions of a user: see them, end one, end many."""

from enum import StrEnum

from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.session import Identity, Session, SessionId
from leadnator_auth.domain.text import is_storable
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction


class LogOutScope(StrEnum):
    """Which sessions a log-out ends."""

    LOCAL = "local"
    """The one it is asked through."""
    OTHERS = "others"
    """All but that one."""
    GLOBAL = "global"
    """All."""


async def log_out(identity: Identity, scope: LogOutScope = LogOutScope.LOCAL, *, ports: Ports) -> None:
    """Ends sessions of the user; their tokens are refused from now on, everywhere (ASVS 7.4.1)."""

    async def end(transaction: Transaction) -> None:
        if scope is LogOutScope.LOCAL:
            await transaction.sessions.end(identity.session.id)
        else:
            keep = identity.session.id if scope is LogOutScope.OTHERS else None
            await transaction.sessions.end_all(identity.user.id, keep=keep)

    await run_in_transaction(ports.unit_of_work, end)


async def list_sessions(identity: Identity, *, ports: Ports) -> list[Session]:
    """Returns the sessions of the user that are still good, newest first."""
    now = ports.clock.now()
    async with ports.unit_of_work.snapshot() as repositories:
        sessions = await repositories.sessions.of_user(identity.user.id)
    return [session for session in sessions if session.is_live(now)]


async def end_session(identity: Identity, session_id: str, *, ports: Ports) -> None:
    """Ends one session of the user.

    Raises: NotFoundError when there is none, or it is another user's.
    """
    if not is_storable(session_id):
        raise NotFoundError

    async def end(transaction: Transaction) -> None:
        session = await transaction.sessions.by_id(SessionId(session_id))
        if session is None or session.user_id != identity.user.id:
            raise NotFoundError
        await transaction.sessions.end(session.id)

    await run_in_transaction(ports.unit_of_work, end)
