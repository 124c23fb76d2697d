"""Handing all accounts over to another system, with their password hashes."""

from collections.abc import AsyncIterator

import attrs

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.paging import Position

AT_ONCE = 500
"""Accounts in one look-up: it must be short, for a server may be running beside."""


@attrs.frozen
class ExportedUser:
    """An account, and what its password is verified against."""

    user: User
    password_hash: str | None = attrs.field(repr=False)
    """None for an account that has none."""


async def export_users(*, ports: Ports) -> AsyncIterator[ExportedUser]:
    """Yields all accounts, newest first; no more than some hundreds are in memory.

    The hashes are a secret: this is for the operator, and never for an answer over the network. An account that is
    there all the while is yielded once, whoever signs up or is deleted meanwhile.

    Raises: UnavailableError.
    """
    after: Position | None = None
    while True:
        async with ports.unit_of_work.snapshot() as repositories:
            users = await repositories.users.page("", AT_ONCE, after)
            kept = await repositories.credentials.by_emails([user.email.canonical for user in users])
        for user in users:
            credentials = kept.get(user.email.canonical)
            yield ExportedUser(user, credentials.usable_hash if credentials else None)
        if len(users) < AT_ONCE:
            return
        after = Position(users[-1].created_at, users[-1].id)
