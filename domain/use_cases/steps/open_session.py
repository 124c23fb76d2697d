"""What signing up and logging in end with: a session and the token that stands for it."""

from datetime import datetime

import attrs

from leadnator_auth.domain.entities.claims import access_claims
from leadnator_auth.domain.entities.session import SESSION_ID_PREFIX, Client, Session, SessionId
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.end_sessions import MAX_REMOVED

ID_BYTES = 16


@attrs.frozen
class SignedIn:
    """A user with a new session, and the access token to prove it."""

    user: User
    session: Session
    token: str = attrs.field(repr=False)


def new_session(user: User, client: Client, now: datetime, ports: Ports) -> Session:
    """Returns a session that begins now; keeping it is up to the caller."""
    return Session(
        id=SessionId(SESSION_ID_PREFIX + ports.randomness.urlsafe(ID_BYTES)),
        user_id=user.id,
        created_at=now,
        expires_at=now + ports.policy.session_lifetime,
        client=client,
        epoch=user.session_epoch,
    )


async def keep_session(session: Session, transaction: Transaction, ports: Ports) -> None:
    """Keeps a new session; the oldest of its user ends where there would be too many."""
    await transaction.sessions.trim(session.user_id, keep=ports.policy.max_sessions - 1, most=MAX_REMOVED)
    await transaction.sessions.add(session)


def signed_in(user: User, session: Session, ports: Ports) -> SignedIn:
    """Returns the user with an access token of their own for the session."""
    return SignedIn(user, session, ports.tokens.issue(access_claims(session, ports.randomness.urlsafe(ID_BYTES))))
