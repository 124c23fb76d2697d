"""Removing an account, whoever wants it gone."""

from collections.abc import Sequence

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import LastAdminError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.end_sessions import live_sessions
from leadnator_auth.domain.use_cases.steps.record import record, record_ends


async def remove_user(user: User, actor: str, admins: Sequence[User], transaction: Transaction, ports: Ports) -> None:
    """Removes an account with all that belongs to it but its events; `admins` were locked first of all.

    Raises: LastAdminError.
    """
    keep_an_admin(user, None, admins)
    sessions = await live_sessions(user, transaction, ports)
    await record_ends(sessions, "deleted", actor, transaction, ports)
    await transaction.users.remove(user.id)
    await record(EventType.USER_DELETED, user.id, transaction, ports, actor=actor)


def keep_an_admin(before: User, after: User | None, admins: Sequence[User]) -> None:
    """Raises: LastAdminError when a change, or a removal, would leave no active admin."""
    is_lost = before.is_active_admin and not (after and after.is_active_admin)
    if is_lost and not any(admin.id != before.id for admin in admins):
        raise LastAdminError
