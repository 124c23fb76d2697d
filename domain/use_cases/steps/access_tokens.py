"""Signing access tokens with keys that may change while this process runs."""

from leadnator_auth.domain.entities.access_token import Claims
from leadnator_auth.domain.ports import Ports, Repositories


async def issue_token(claims: Claims, ports: Ports, repositories: Repositories | None = None) -> str:
    """Returns the token, signed with the key that signs now.

    Within a unit of work, `repositories` are its own: it need not wait for another.

    Raises: UnavailableError.
    """
    if ports.key_ring.is_due(ports.clock.now()):
        await read_keys(ports, repositories)
    return ports.tokens.issue(claims)


async def read_keys(ports: Ports, repositories: Repositories | None = None) -> None:
    """Has the ring know the keys as they are now."""
    now = ports.clock.now()
    with ports.key_ring.being_read():
        if repositories is not None:
            keys = await repositories.signing_keys.all()
        else:
            async with ports.unit_of_work.snapshot() as snapshot:
                keys = await snapshot.signing_keys.all()
    ports.key_ring.keep(keys, now)
