"""Guesses at a second factor: what makes no room for more of them."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Client,
    Identity,
    InvalidCodeError,
    Limits,
    MissingFieldsError,
    Policy,
    RateLimit,
    SecondFactorRequiredError,
    SignedIn,
    TooManyRequestsError,
    change_password,
    confirm_totp,
    deliver_due_mails,
    log_in,
    log_in_with_second_factor,
    request_password_reset,
    reset_password,
    set_up_totp,
    sign_up,
    step_up,
    verify_email,
    was_password_reset,
)
from leadnator_auth.testing.totp_app import TotpApp

EMAIL, PASSWORD, HOME = "alice@example.com", "secret", Client("192.0.2.1")
LIMITS = Limits(log_in=RateLimit("login", 4, timedelta(hours=1)))
WRONG = "no code"


@pytest.fixture
def memory() -> MemoryPorts:
    return memory_ports(policy=Policy(limits=LIMITS))


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    """A user whose address is verified."""
    alice = await sign_up("Alice", EMAIL, PASSWORD, HOME, ports=memory)
    await deliver_due_mails(ports=memory)
    await verify_email(memory.mailer.verification_links[-1].secret, ports=memory)
    return alice


@pytest.fixture
async def app(memory: MemoryPorts, identity: Identity) -> TotpApp:
    """Her app, which she has had for long."""
    app = TotpApp((await set_up_totp(identity, "Acme", ports=memory)).secret, memory.clock)
    await confirm_totp(identity, app.code, ports=memory)
    memory.clock.advance(days=8)
    return app


async def guessed(memory: MemoryPorts, identity: Identity) -> str:
    """Returns what comes of a guess in a session: "wrong", or the limit that was reached."""
    try:
        await step_up(identity, client=HOME, code=WRONG, ports=memory)
    except InvalidCodeError:
        return "wrong"
    except TooManyRequestsError as error:
        return error.limit.name
    raise AssertionError


async def give_the_password(memory: MemoryPorts, identity: Identity) -> None:
    with pytest.raises(MissingFieldsError):
        await step_up(identity, PASSWORD, HOME, ports=memory)


async def change_it(memory: MemoryPorts, identity: Identity) -> None:
    await change_password(identity, PASSWORD, PASSWORD, HOME, ports=memory)


async def reset(memory: MemoryPorts, identity: Identity) -> str:
    await request_password_reset(EMAIL, HOME, ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, PASSWORD, HOME, ports=memory)
    return memory.mailer.reset_links[-1].secret


async def reset_and_come_again(memory: MemoryPorts, identity: Identity) -> None:
    assert await was_password_reset(await reset(memory, identity), PASSWORD, HOME, ports=memory)


async def log_in_once_more(memory: MemoryPorts, identity: Identity) -> None:
    with pytest.raises(SecondFactorRequiredError):
        await log_in(EMAIL, PASSWORD, HOME, ports=memory)


@pytest.mark.parametrize("act", [give_the_password, change_it, log_in_once_more])
@pytest.mark.usefixtures("app")
async def test_whoever_has_the_password_alone_gets_no_further_guesses_by_it(
    memory: MemoryPorts, identity: Identity, act: object
) -> None:
    assert [await guessed(memory, identity) for _ in range(3)] == ["wrong"] * 3
    await act(memory, identity)  # type: ignore[operator]
    more = [await guessed(memory, identity) for _ in range(2)]
    assert more[-1] == "login"


@pytest.mark.parametrize("act", [reset, reset_and_come_again])
@pytest.mark.usefixtures("app")
async def test_whoever_has_the_mails_gets_none_either(memory: MemoryPorts, identity: Identity, act: object) -> None:
    challenges = [await challenged(memory) for _ in range(2)]
    assert [await answered(memory, challenges[0]) for _ in range(1)] == ["wrong"]
    await act(memory, identity)  # type: ignore[operator]
    challenge = await challenged(memory)
    assert await answered(memory, challenge) == "login"


async def challenged(memory: MemoryPorts) -> str:
    """Returns what a log-in hands out, which is counted, too."""
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in(EMAIL, PASSWORD, HOME, ports=memory)
    return required.value.challenge


async def answered(memory: MemoryPorts, challenge: str) -> str:
    """Returns what comes of a guess: "wrong", or the limit that was reached."""
    try:
        await log_in_with_second_factor(challenge, WRONG, HOME, ports=memory)
    except InvalidCodeError:
        return "wrong"
    except TooManyRequestsError as error:
        return error.limit.name
    raise AssertionError


async def test_the_right_code_does(memory: MemoryPorts, identity: Identity, app: TotpApp) -> None:
    for _ in range(3):
        assert [await guessed(memory, identity) for _ in range(3)] == ["wrong"] * 3
        await step_up(identity, client=HOME, code=app.code, ports=memory)
        memory.clock.advance(seconds=30)


async def test_a_password_that_is_right_is_never_refused(memory: MemoryPorts, identity: Identity) -> None:
    unlimited = attrs.evolve(memory, policy=attrs.evolve(memory.policy, account_changes=None))
    for _ in range(10):
        await step_up(identity, PASSWORD, HOME, ports=unlimited)
        await change_password(identity, PASSWORD, PASSWORD, HOME, ports=unlimited)
