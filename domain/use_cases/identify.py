"""Identifying the sender of an access token or of an API key, if it still counts.

What lets API keys in says so by calling another function than `identify`: everything else is for sessions alone.
"""

from collections.abc import Awaitable, Collection

from leadnator_auth.domain.entities.access_token import MAX_TOKEN_LENGTH, AccessPurpose, Claims
from leadnator_auth.domain.entities.api_key import KeyIdentity, is_api_key, is_key_secret
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.errors import (
    InsufficientScopeError,
    InvalidTokenError,
    SessionRequiredError,
    UnknownSigningKeyError,
)
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.steps.access_tokens import read_keys
from leadnator_auth.domain.use_cases.steps.verified_email import check_verified


async def identify(token: str, *, verified: bool | None = None, ports: Ports) -> Identity:
    """Returns the user and the session behind an access token.

    The session is looked up each time, so that a token dies with its session, its user or their suspension. `verified`
    is whether the address of the user has to be proved; None leaves it to the policy.

    Raises: InvalidTokenError; a token of over 8 KiB is refused unread. EmailNotVerifiedError, SessionRequiredError for
    an API key, however good it is.
    """
    _, identity = await identified_for([AccessPurpose.ACCESS], token, verified=verified, ports=ports)
    return identity


async def identified_for(
    purposes: Collection[AccessPurpose], token: str, *, verified: bool | None = None, ports: Ports
) -> tuple[Claims, Identity]:
    """Returns what a token made for one of these purposes says, and who is behind it; `verified` is as above.

    Raises: InvalidTokenError, EmailNotVerifiedError, SessionRequiredError.
    """
    if is_api_key(token):
        sender = await identify_key(token, verified=verified, ports=ports)
        raise SessionRequiredError(sender.user.id)
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidTokenError("too long")
    claims = _known_claims(token, ports) or await read_token(token, ports)
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
    if idle is not None and identity.session.is_use_to_be_noted(now, idle):
        ports.identities.note_use(identity.session.id, now)
    return claims, identity


async def identify_key(secret: str, *, verified: bool | None = None, ports: Ports) -> KeyIdentity:
    """Returns an API key and the user it speaks for; what it may do is in its `scopes`.

    It is looked up each time, with its user: suspension, deletion and expiry are in force at once. `verified` is
    whether the address of the user has to be proved; None leaves it to the policy.

    Raises: InvalidTokenError, EmailNotVerifiedError.
    """
    if not is_key_secret(secret):
        raise InvalidTokenError("malformed")
    sender = await ports.identities.by_api_key(digest_of(secret))
    now = ports.clock.now()
    if sender is None:
        raise InvalidTokenError("unknown API key")
    if sender.key.is_expired(now):
        raise InvalidTokenError("expired")
    if sender.user.is_suspended:
        raise InvalidTokenError("account suspended")
    check_verified(sender.user, ports, verified=verified)
    if sender.key.is_use_to_be_noted(now):
        ports.identities.note_key_use(sender.key.id, now)
    return sender


async def identify_key_for(scope: str, credential: str, *, verified: bool | None = None, ports: Ports) -> KeyIdentity:
    """Returns an API key that has a scope, and the user it speaks for; `verified` is as above.

    Raises: InvalidTokenError, EmailNotVerifiedError, InsufficientScopeError for another key and for a session.
    """
    if not is_api_key(credential):
        identity = await identify(credential, verified=verified, ports=ports)
        raise InsufficientScopeError(scope, identity.user.id)
    sender = await identify_key(credential, verified=verified, ports=ports)
    sender.check(scope)
    return sender


def identify_any(
    credential: str, *, scope: str | None = None, verified: bool | None = None, ports: Ports
) -> Awaitable[Identity | KeyIdentity]:
    """Returns who sends the token of a session, or an API key; with a `scope`, a key has to have it.

    `verified` is as above.

    Raises: InvalidTokenError, EmailNotVerifiedError, InsufficientScopeError.
    """
    if not is_api_key(credential):
        return identify(credential, verified=verified, ports=ports)
    return _identify_key(credential, scope, verified, ports)


async def _identify_key(secret: str, scope: str | None, verified: bool | None, ports: Ports) -> KeyIdentity:
    sender = await identify_key(secret, verified=verified, ports=ports)
    if scope is not None:
        sender.check(scope)
    return sender


def _known_claims(token: str, ports: Ports) -> Claims | None:
    """Returns what `read_token` does, where that can be told at once: every request asks, and hardly any has to wait.

    Raises: InvalidTokenError.
    """
    if ports.key_ring.is_used:
        return None
    try:
        return ports.tokens.read(token)
    except UnknownSigningKeyError:
        return None


async def read_token(token: str, ports: Ports) -> Claims:
    """Returns the claims of a genuine token, whatever their times say.

    Raises: InvalidTokenError.
    """
    ring = ports.key_ring
    if ring.is_due(ports.clock.now()):
        await read_keys(ports)
    try:
        return ports.tokens.read(token)
    except UnknownSigningKeyError:
        if not ring.may_look(ports.clock.now()):
            raise InvalidTokenError("signed with a key that is not known") from None
        await read_keys(ports)
    try:
        return ports.tokens.read(token)
    except UnknownSigningKeyError:
        raise InvalidTokenError("signed with a key that is not known") from None
