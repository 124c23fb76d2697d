"""Asking for a recent proof before what must not be done with a stolen session (ASVS 7.5.1, RFC 9470)."""

from leadnator_auth.domain.entities.session import Identity, Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidTokenError, StepUpRequiredError
from leadnator_auth.domain.ports import Ports, Repositories


async def current_identity(identity: Identity, repositories: Repositories) -> Identity:
    """Returns the account and the session behind it as they are now; a transaction that writes calls it first of all.

    Raises: InvalidTokenError when the session ended meanwhile.
    """
    user = await repositories.users.by_id(identity.user.id)
    session = await repositories.sessions.by_id(identity.session.id)
    if user is None or session is None or not session.belongs_to(user):
        raise InvalidTokenError("session ended")
    return Identity(user, session)


async def current_user(identity: Identity, repositories: Repositories) -> User:
    """Returns the account behind a session as it is now; a transaction that writes calls it first of all.

    Raises: InvalidTokenError when the session ended meanwhile.
    """
    return (await current_identity(identity, repositories)).user


async def require_step_up(identity: Identity, repositories: Repositories, ports: Ports) -> User:
    """Returns the account behind a session as it is now, if somebody proved in it lately that it is theirs.

    Whatever asks for step-up calls it, in the unit of work that does what is asked.

    Raises: what `stepped_up` raises.
    """
    return (await stepped_up(identity, repositories, ports))[0]


async def stepped_up(identity: Identity, repositories: Repositories, ports: Ports) -> tuple[User, Session]:
    """Returns the account and the session as they are now, if somebody proved in it lately that the account is theirs.

    Where there is a second factor, it has to be part of the proof.

    Raises: StepUpRequiredError; InvalidTokenError when the session ended meanwhile.
    """
    current = await current_identity(identity, repositories)
    user, session, lifetime = current.user, current.session, ports.policy.step_up_lifetime
    is_recent = session.is_proven_within(lifetime, ports.clock.now())
    if not is_recent or (user.has_second_factor and not session.proof.has_second_factor):
        raise StepUpRequiredError(int(lifetime.total_seconds()))
    return user, session
