"""How somebody proved that an account is theirs."""

from datetime import datetime
from enum import StrEnum

import attrs


class AuthenticationMethod(StrEnum):
    """One way to prove it, by its name in RFC 8176 section 2."""

    PASSWORD = "pwd"
    ONE_TIME_CODE = "otp"


@attrs.frozen
class Proof:
    """A proof that an account is theirs; each way in hands one over, whatever it asks for."""

    authenticated_at: datetime
    amr: tuple[AuthenticationMethod, ...]
    """All the methods that were part of it."""


def password_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave the password of an account, or chose that of a new one."""
    return Proof(now, (AuthenticationMethod.PASSWORD,))


def code_proof(now: datetime) -> Proof:
    """Returns the proof of whoever gave a code that works once."""
    return Proof(now, (AuthenticationMethod.ONE_TIME_CODE,))
