"""Asking for a recent proof before what must not be done with a stolen session (ASVS 7.5.1, RFC 9470)."""

from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidTokenError, StepUpRequiredError
from leadnator_auth.domain.ports import Ports, Repositories


async def current_user(identity: Identity, repositories: Repositories) -> User:
    """Returns the account behind a session as it is now; a transaction that writes calls it first of all.

    Raises: InvalidTokenError when the session ended meanwhile.
    """
    return (await _current(identity, repositories)).user


async def require_step_up(identity: Identity, repositories: Repositories, ports: Ports) -> User:
    """Returns the account behind a session as it is now, if somebody proved in it lately that it is theirs.

    Whatever asks for step-up calls it, in the unit of work that does what is asked.

    Raises: StepUpRequiredError; InvalidTokenError when the session ended meanwhile.
    """
    current = await _current(identity, repositories)
    lifetime = ports.policy.step_up_lifetime
    if not current.session.is_proven_within(lifetime, ports.clock.now()):
        raise StepUpRequiredError(int(lifetime.total_seconds()))
    return current.user


async def _current(identity: Identity, repositories: Repositories) -> Identity:
    user = await repositories.users.by_id(identity.user.id)
    session = await repositories.sessions.by_id(identity.session.id)
    if user is None or session is None or not session.belongs_to(user):
        raise InvalidTokenError("session ended")
    return Identity(user, session)
