"""Giving an account back to whoever reads its mails, with nothing left by which somebody else could come back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from leadnator_auth.domain.entities.user import User, without_secrets
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.api_keys import drop_added_api_keys
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.domain.use_cases.steps.passkeys import drop_added_passkeys
from leadnator_auth.domain.use_cases.steps.second_factor import drop_second_factors

ADDED_LATELY = timedelta(days=7)
"""What was added to a verified account within this time before a reset was perhaps not added by its owner."""


class Drop(Protocol):
    """Drops one kind of what an account can be entered by, as far as it was added since an instant; None: all of it.

    Returns the account as it is then; storing it is up to the caller.
    """

    async def __call__(
        self, user: User, added_since: datetime | None, transaction: Transaction, ports: Ports, *, actor: str | None
    ) -> User: ...


PARTS: Sequence[Drop] = (drop_added_api_keys, drop_added_passkeys)
"""Each capability that lets somebody in by itself names its part here; the second factors are none of them."""


async def complete_recovery(
    user: User,
    transaction: Transaction,
    ports: Ports,
    *,
    added_since: datetime | None,
    reason: str,
    revoke_all: bool = False,
    spares_codes: bool = False,
    actor: str | None = None,
) -> User:
    """Stores the account with all its sessions ended and all its mailed secrets void, and returns it.

    Those that undo a change of address are not voided here. What was added to get in since `added_since` is dropped,
    with None all of it. With `revoke_all` nothing is left by which somebody gets in, whenever it was added, but the
    second factors: they keep out whoever reads the mails of somebody else (ASVS 6.4.3). With `spares_codes`, the
    recovery codes of an app that stays are left, whenever they were made: whoever lost the phone needs one of them.

    The user must have been read first of all in the same transaction. Without an `actor`, the owner did it.

    Raises: EmailTakenError when the account is to have an address that another one has.
    """
    left = user
    for drop in PARTS:
        left = await drop(left, None if revoke_all else added_since, transaction, ports, actor=actor)
    left = await drop_second_factors(left, added_since, transaction, ports, spares_codes=spares_codes, actor=actor)
    return await end_sessions(without_secrets(left), transaction, ports, reason=reason, actor=actor)


def added_before_reset(user: User, now: datetime) -> datetime | None:
    """Returns since when what was added is dropped by a reset: all of it, if the address was never verified."""
    return now - ADDED_LATELY if user.is_email_verified else None
