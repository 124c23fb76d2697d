"""Identifying the sender of an access token, if the token still counts."""

from collections.abc import Collection

from leadnator_auth.domain.entities.access_token import MAX_TOKEN_LENGTH, AccessPurpose, Claims
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.steps.access_tokens import read_token
from leadnator_auth.domain.use_cases.steps.verified_email import check_verified


async def identify(token: str, *, verified: bool | None = None, ports: Ports) -> Identity:
    """Returns the user and the session behind an access token.

    The session is looked up each time, so that a token dies with its session, its user or their suspension. `verified`
    is whether the address of the user has to be proved; None leaves it to the policy.

    Raises: InvalidTokenError; a token of over 8 KiB is refused unread. EmailNotVerifiedError.
    """
    _, identity = await identified_for([AccessPurpose.ACCESS], token, verified=verified, ports=ports)
    return identity


async def identified_for(
    purposes: Collection[AccessPurpose], token: str, *, verified: bool | None = None, ports: Ports
) -> tuple[Claims, Identity]:
    """Returns what a token made for one of these purposes says, and who is behind it; `verified` is as above.

    Raises: InvalidTokenError, EmailNotVerifiedError.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidTokenError("too long")
    claims = await read_token(token, ports)
    now = ports.clock.now()
    claims.check(purposes, now)
    identity = await ports.identities.by_session(claims.session_id)
    if identity is None or identity.user.id != claims.user_id:
        raise InvalidTokenError("session ended")
    idle = ports.policy.session_idle
    if not identity.session.is_live(identity.user, now, idle):
        raise InvalidTokenError("session ended")
    if identity.user.is_suspended:
        raise InvalidTokenError("account suspended")
    check_verified(identity.user, ports, verified=verified)
    if idle is not None and identity.session.is_use_to_be_noted(now):
        ports.identities.note_use(identity.session.id, now)
    return claims, identity
