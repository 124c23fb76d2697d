"""Alice's second factor and passkey, and the right answers to the challenges that she was handed."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.memory.second_factors import MemoryRecoveryCodes
from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import OneTimeToken, Passkey, PasskeyId, Purpose, Session, User
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.proof import password_proof
from leadnator_auth.domain.entities.recovery_code import RecoveryCode, digest_of_code, written
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.use_cases.steps.passkey_challenges import signed_part
from leadnator_auth.domain.values.ids import FactorId
from leadnator_auth.domain.values.totp import shown
from leadnator_auth.testing import TotpApp, VirtualAuthenticator

Json = Mapping[str, Any]  # JSON: any value at any key

CEREMONY = Fido2Passkeys("example.com", "Example", ["https://example.com", "https://app.example.org"])
PASSKEY = PasskeyId("p_123")
"""The passkey in the examples of the document."""
FACTOR_CHALLENGE = "mfa_" + "A" * 43
REGISTRATION = "register_" + "A" * 43
LOG_IN = "passkey_" + "A" * 43
STEP_UP = "stepup_" + "A" * 43
RECOVERY_CODE = written(bytes(15))
_WAITING, _COUNTING = FactorId("f_waiting"), FactorId("f_counting")
_EARLIER = b"an earlier challenge"


@attrs.frozen
class Device:
    """An authenticator with a passkey of Alice, one that has none yet, and what the server knows."""

    kept: VirtualAuthenticator
    new: VirtualAuthenticator
    passkey: Passkey
    ports: MemoryPorts

    @classmethod
    def of(cls, alice: User, ports: MemoryPorts) -> "Device":
        """Returns the device once it has its first passkey."""
        kept = VirtualAuthenticator(counts=False)
        answer = kept.create(CEREMONY.registration_options(alice, _EARLIER, []))
        registration = CEREMONY.verify_registration(answer, _EARLIER)
        passkey = Passkey.made_of(registration, PASSKEY, alice, "My phone", ports.clock.now())
        return cls(kept, VirtualAuthenticator(counts=False), passkey, ports)

    def answers(self, alice: User) -> Mapping[str, Sequence[Json]]:
        """Returns the right bodies by path, of each kind that the path takes."""
        made = self.new.create(CEREMONY.registration_options(alice, signed_part(REGISTRATION), [self.passkey]))
        code = {"code": _code(_COUNTING, alice, self.ports)}
        return {
            "/api/auth/passkeys": [{"challenge_id": REGISTRATION, "credential": made}],
            "/api/auth/login/passkey": [{"challenge_id": LOG_IN, "credential": self._used(LOG_IN)}],
            "/api/auth/totp/confirm": [{"code": _code(_WAITING, alice, self.ports)}],
            "/api/auth/login/second-factor": [
                {"challenge": FACTOR_CHALLENGE, "credential": self._used(FACTOR_CHALLENGE)},
                *({"challenge": FACTOR_CHALLENGE, **each} for each in (code, {"code": RECOVERY_CODE})),
            ],
            "/api/auth/step-up": [{"challenge_id": STEP_UP, "credential": self._used(STEP_UP)}, code],
        }

    def _used(self, secret: str) -> Json:
        return self.kept.get(CEREMONY.assertion_options(signed_part(secret), [self.passkey]))


def add_passkeys(tables: Tables, device: Device, session: Session) -> None:
    """Adds Alice's passkey, and the challenges that a passkey answers."""
    tables.passkeys[device.passkey.id] = device.passkey
    for purpose, secret in (
        (Purpose.PASSKEY_REGISTRATION, REGISTRATION),
        (Purpose.PASSKEY_LOGIN, LOG_IN),
        (Purpose.PASSKEY_STEP_UP, STEP_UP),
    ):
        _add_challenge(tables, purpose, secret, session, is_nobodys=purpose is Purpose.PASSKEY_LOGIN)


def add_waiting_app(tables: Tables, session: Session, ports: MemoryPorts) -> None:
    """Adds an app that Alice set up, and that has shown no code yet."""
    key_id = ports.master_keys.newest_id
    tables.totp_factors[_WAITING] = TotpFactor(_WAITING, session.user_id, key_id, session.created_at)


async def add_second_factor(tables: Tables, session: Session, ports: MemoryPorts) -> None:
    """Adds an app that counts, with a recovery code; every session of Alice has proved it, and one log-in has not."""
    user_id, at, key_id = session.user_id, session.created_at, ports.master_keys.newest_id
    tables.totp_factors[_COUNTING] = TotpFactor(_COUNTING, user_id, key_id, at, confirmed_at=at)
    code = RecoveryCode(user_id, digest_of_code(RECOVERY_CODE), at)
    await MemoryRecoveryCodes(tables).replace(user_id, [code])
    tables.users[user_id] = attrs.evolve(tables.users[user_id], second_factor_at=at)
    first = password_proof(at)
    mine = [each for each in tables.sessions.values() if each.user_id == user_id]
    tables.sessions |= {each.id: each.proven_by(first.with_code(at)) for each in mine}
    _add_challenge(tables, Purpose.SECOND_FACTOR, FACTOR_CHALLENGE, session, payload=" ".join(first.amr))


def _add_challenge(
    tables: Tables, purpose: Purpose, secret: str, session: Session, *, payload: str = "", is_nobodys: bool = False
) -> None:
    user = tables.users[session.user_id]
    token = OneTimeToken(
        purpose,
        digest_of(secret),
        None if is_nobodys else user.id,
        None if is_nobodys else user.email.canonical,
        session.created_at,
        session.expires_at,
        payload=payload,
    )
    tables.one_time_tokens[token.digest] = token


def _code(factor_id: FactorId, user: User, ports: MemoryPorts) -> str:
    factor = TotpFactor(factor_id, user.id, ports.master_keys.newest_id, ports.clock.now())
    return TotpApp(shown(factor.seed(ports.master_keys)), ports.clock).code
