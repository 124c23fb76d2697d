"""Minting secrets that work once, and finding out whether one still does."""

from datetime import datetime

from leadnator_auth.domain.entities.one_time_token import SECRET_BYTES, OneTimeToken, Purpose, digest_of, is_secret
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction


async def mint(
    purpose: Purpose,
    user: User,
    transaction: Transaction,
    ports: Ports,
    *,
    issued_at: datetime,
    expires_at: datetime,
    payload: str = "",
) -> str:
    """Returns a new secret of a user, of which only the digest stays here."""
    secret = purpose.prefix + ports.randomness.urlsafe(SECRET_BYTES)
    token = OneTimeToken(
        purpose,
        digest_of(secret),
        user.id,
        user.email.canonical,
        issued_at=issued_at,
        expires_at=expires_at,
        payload=payload,
        epoch=user.secret_epoch,
    )
    await transaction.one_time_tokens.add(token)
    return secret


async def find_usable(purpose: Purpose, secret: str, ports: Ports) -> OneTimeToken | None:
    """Returns the token of a secret that would work now for this purpose, if it would; it stays as it is."""
    if not is_secret(secret, purpose):
        return None
    async with ports.unit_of_work.snapshot() as repositories:
        token = await repositories.one_time_tokens.by_digest(digest_of(secret))
        user = await repositories.users.by_id(token.user_id) if token and token.user_id else None
    # That it is for this purpose is known: the digest is that of the prefix, too.
    return token if token and user and token.is_usable(user, ports.clock.now()) else None
