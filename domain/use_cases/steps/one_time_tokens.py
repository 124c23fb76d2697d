"""Minting secrets that work once, and finding out whether one still does."""

import attrs

from leadnator_auth.domain.entities.one_time_token import SECRET_BYTES, OneTimeToken, Purpose, digest_of, is_secret
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Repositories, Transaction


async def mint(token: OneTimeToken, transaction: Transaction, ports: Ports) -> str:
    """Returns a new secret for a token that has no digest yet; only the digest stays here."""
    secret = token.purpose.prefix + ports.randomness.urlsafe(SECRET_BYTES)
    await transaction.one_time_tokens.add(attrs.evolve(token, digest=digest_of(secret)))
    return secret


async def find(purpose: Purpose, secret: str, repositories: Repositories) -> tuple[OneTimeToken, User] | None:
    """Returns the token of a secret for this purpose, used and expired ones included, and whose it is."""
    if not is_secret(secret, purpose):
        return None
    # That it is for this purpose is known: the digest is that of the prefix, too.
    token = await repositories.one_time_tokens.by_digest(digest_of(secret))
    user = await repositories.users.by_id(token.user_id) if token and token.user_id else None
    return (token, user) if token and user else None


async def find_usable(purpose: Purpose, secret: str, ports: Ports) -> OneTimeToken | None:
    """Returns the token of a secret that would work now for this purpose, if it would; it stays as it is."""
    if not is_secret(secret, purpose):
        return None
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(purpose, secret, repositories)
    return found[0] if found and found[0].is_usable(found[1], ports.clock.now()) else None
