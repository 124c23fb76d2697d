"""Asking for a second factor after the first one proved right, and coming back to what was proved by then."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.challenge import Challenge
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.proof import AuthenticationMethod, Proof
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.ports.passkeys import Json
from leadnator_auth.domain.use_cases.steps.challenges import open_challenge
from leadnator_auth.domain.use_cases.steps.passkey_challenges import signed_part

LIFETIME = timedelta(minutes=5)
TRIES = 5


@attrs.frozen
class SecondFactorRequired:
    """The first factor was right; the challenge is to be answered with one of these."""

    user: User
    challenge: Challenge
    factors: tuple[str, ...]
    passkey: Json | None = None
    """What a browser asks for a passkey of the account with, where it has one."""


async def ask_second_factor(user: User, proof: Proof, transaction: Transaction, ports: Ports) -> SecondFactorRequired:
    """Returns a challenge that knows what was proved already."""
    challenge = await open_challenge(
        Purpose.SECOND_FACTOR,
        transaction,
        ports,
        lifetime=LIFETIME,
        tries=TRIES,
        user=user,
        payload=" ".join(proof.amr),
    )
    codes_left = await transaction.recovery_codes.of_user(user.id)
    passkeys = await transaction.passkeys.of_user(user.id) if ports.passkeys and user.passkey_count else []
    factors = {"totp": True, "recovery_code": bool(codes_left), "passkey": bool(passkeys)}
    options = ports.passkeys.assertion_options(signed_part(challenge.secret), passkeys) if ports.passkeys else None
    return SecondFactorRequired(
        user, challenge, tuple(name for name, is_there in factors.items() if is_there), options if passkeys else None
    )


def first_proof(token: OneTimeToken) -> Proof:
    """Returns what was proved when a challenge was handed out."""
    return Proof(token.issued_at, tuple(map(AuthenticationMethod, token.payload.split())))
