"""The passkey in the examples of the document, and answers of its authenticator that no generator comes by."""

from typing import Any

import attrs

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import OneTimeToken, Passkey, PasskeyId, Purpose, User
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.use_cases.steps.passkey_challenges import signed_part
from leadnator_auth.testing import VirtualAuthenticator

CEREMONY = Fido2Passkeys("auth.example.com", "Acme", ["https://auth.example.com", "https://app.example.org"])
PASSKEY = PasskeyId("p_123")
_MAKING, _USING, _STEPPING_UP = (
    purpose.prefix + "A" * 43
    for purpose in (Purpose.PASSKEY_REGISTRATION, Purpose.PASSKEY_LOGIN, Purpose.PASSKEY_STEP_UP)
)


def add_passkey(tables: Tables, user: User, like: OneTimeToken) -> dict[str, dict[str, Any]]:
    """Adds a passkey of the user, and challenges to be answered; returns right members of bodies, by path."""
    device = VirtualAuthenticator(algorithms=(-7,))
    made = device.create(CEREMONY.registration_options(user, signed_part(_MAKING), ()))
    passkey = Passkey.made_of(
        CEREMONY.verify_registration(made, signed_part(_MAKING)), PASSKEY, user, "My phone", like.issued_at
    )
    tables.passkeys[passkey.id] = passkey
    challenges = {
        _MAKING: (Purpose.PASSKEY_REGISTRATION, user.id),
        _USING: (Purpose.PASSKEY_LOGIN, None),
        _STEPPING_UP: (Purpose.PASSKEY_STEP_UP, user.id),
    }
    for secret, (purpose, user_id) in challenges.items():
        token = attrs.evolve(like, purpose=purpose, digest=digest_of(secret), user_id=user_id)
        tables.one_time_tokens[token.digest] = token
    other = VirtualAuthenticator(algorithms=(-7,)).create(CEREMONY.registration_options(user, signed_part(_MAKING), ()))
    return {
        "/api/auth/passkeys": {"challenge_id": _MAKING, "credential": other},
        "/api/auth/login/passkey": {"challenge_id": _USING, "credential": _used(device, _USING)},
        "/api/auth/step-up": {"challenge_id": _STEPPING_UP, "credential": _used(device, _STEPPING_UP)},
    }


def _used(device: VirtualAuthenticator, secret: str) -> dict[str, Any]:
    return device.get(CEREMONY.assertion_options(signed_part(secret)))
