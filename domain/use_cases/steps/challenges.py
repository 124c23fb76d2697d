"""Challenges: handing one out, and taking a try of it before an answer is looked at."""

from datetime import timedelta

from leadnator_auth.domain.entities.challenge import Challenge
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose, digest_of, is_secret
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.one_time_tokens import mint
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction


async def open_challenge(
    purpose: Purpose,
    transaction: Transaction,
    ports: Ports,
    *,
    lifetime: timedelta,
    tries: int,
    user: User | None = None,
    payload: str = "",
) -> Challenge:
    """Returns a new challenge, which is kept with what its `payload` says; it is of a user only if that may show."""
    now = ports.clock.now()
    expires_at = now + lifetime
    token = OneTimeToken(
        purpose,
        "",
        user.id if user else None,
        user.email.canonical if user else None,
        issued_at=now,
        expires_at=expires_at,
        tries_left=tries,
        payload=payload,
        epoch=user.secret_epoch if user else 0,
    )
    return Challenge(await mint(token, transaction, ports), expires_at)


async def spend_try(purpose: Purpose, secret: str, ports: Ports) -> OneTimeToken | None:
    """Returns the token of a challenge that may be answered now, with one try less; None if there is none.

    The try is spent for good, in a transaction of its own, before anybody looks at the answer: guesses made at once
    get no further than guesses made in turn. Whose answer is right then has to `use` the token.
    """
    if not is_secret(secret, purpose):
        return None

    async def spend(transaction: Transaction) -> OneTimeToken | None:
        return await transaction.one_time_tokens.spend_try(digest_of(secret), ports.clock.now())

    return await run_in_transaction(ports.unit_of_work, spend)
