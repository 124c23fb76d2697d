"""The vectors of RFC 6238 for SHA-1, through the use cases: clocks and seeds are those of its appendix B."""

from datetime import UTC, datetime

import attrs
import pyotp
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Identity,
    InvalidCodeError,
    MasterKeys,
    SecondFactorRequiredError,
    SignedIn,
    confirm_totp,
    log_in,
    log_in_with_second_factor,
    set_up_totp,
    sign_up,
    step_up,
)

EMAIL, PASSWORD = "alice@example.com", "secret"
SEED = b"12345678901234567890"
VECTORS = (
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
)
"""Seconds since 1970, and codes of eight digits, of which the last six are those of apps that show six."""


class KeysOfTheRfc(MasterKeys):
    """What the seed of the RFC is derived from, whatever it is for."""

    def derive(self, label: str, key_id: str | None = None) -> bytes:
        return SEED + bytes(32 - len(SEED))


@pytest.fixture
def memory(memory: MemoryPorts) -> MemoryPorts:
    return attrs.evolve(memory, master_keys=KeysOfTheRfc(["a key that nothing is derived from: 32 bytes"]))


async def begun(memory: MemoryPorts, seconds: int) -> Identity:
    """Returns an account with an app that shows its first code then."""
    memory.clock.instant = datetime.fromtimestamp(seconds, UTC)
    alice: SignedIn = await sign_up("Alice", EMAIL, PASSWORD, ports=memory)
    identity = Identity(alice.user, alice.session)
    given = await set_up_totp(identity, "Acme", ports=memory)
    assert given.secret == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    return identity


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
async def test_a_code_of_the_rfc_confirms_an_app(memory: MemoryPorts, seconds: int, code: str) -> None:
    identity = await begun(memory, seconds)
    with pytest.raises(InvalidCodeError):
        await confirm_totp(identity, code, ports=memory)
    with pytest.raises(InvalidCodeError):
        await confirm_totp(identity, code[:6], ports=memory)
    assert len(await confirm_totp(identity, code[2:], ports=memory)) == 10


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
async def test_a_code_of_the_rfc_logs_in_once(memory: MemoryPorts, seconds: int, code: str) -> None:
    identity = await begun(memory, seconds)
    await confirm_totp(identity, _before(seconds), ports=memory)
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in(EMAIL, PASSWORD, ports=memory)
    await log_in_with_second_factor(required.value.challenge, code[2:], ports=memory)
    with pytest.raises(InvalidCodeError):
        await step_up(identity, code=code[2:], ports=memory)


def _before(seconds: int) -> str:
    """Returns the code of the step before, by somebody else's reading of the RFC."""
    return pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(seconds - 30)
