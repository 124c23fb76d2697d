"""What of second factors outlives a recovery, and who proves an address where there is one."""

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    EventType,
    Identity,
    Policy,
    SecondFactorRequiredError,
    SignedIn,
    change_email,
    confirm_email,
    confirm_totp,
    deliver_due_mails,
    identify,
    list_factors,
    log_in,
    log_in_with_code,
    log_in_with_second_factor,
    make_recovery_codes,
    request_login_code,
    request_password_reset,
    reset_password,
    set_up_totp,
    step_up,
    undo_email_change,
    verify_email,
)
from leadnator_auth.testing.totp_app import TotpApp

EMAIL = "alice@example.com"


@pytest.fixture
def memory(memory: MemoryPorts) -> MemoryPorts:
    return attrs.evolve(memory, policy=Policy(email_code_login=True))


@pytest.fixture
async def app(memory: MemoryPorts, identity: Identity) -> TotpApp:
    """An app that counts, by its first code."""
    app = TotpApp((await set_up_totp(identity, "Acme", ports=memory)).secret, memory.clock)
    await confirm_totp(identity, app.code, ports=memory)
    memory.clock.advance(minutes=1)
    return app


async def verify(memory: MemoryPorts) -> None:
    await deliver_due_mails(ports=memory)
    await verify_email(memory.mailer.verification_links[-1].secret, ports=memory)


async def reset(memory: MemoryPorts) -> None:
    await request_password_reset(EMAIL, ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "another-secret", ports=memory)


async def challenged_by_mail(memory: MemoryPorts) -> str:
    """Returns what is handed out to whoever reads the mails."""
    asked = await request_login_code(EMAIL, ports=memory)
    await deliver_due_mails(ports=memory)
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in_with_code(asked.secret, memory.mailer.login_codes[-1].secret, ports=memory)
    return required.value.challenge


async def made_again(memory: MemoryPorts, identity: Identity, app: TotpApp) -> str:
    """Returns one of ten new recovery codes."""
    await step_up(identity, code=app.code, ports=memory)
    codes = await make_recovery_codes(identity, ports=memory)
    memory.clock.advance(minutes=1)
    return codes[0]


async def test_an_app_stays_with_its_recovery_codes_whenever_they_were_made(
    memory: MemoryPorts, identity: Identity, app: TotpApp
) -> None:
    """Whoever lost the phone, made new codes, and then forgot the password gets in by one of them."""
    await verify(memory)
    memory.clock.advance(days=8)
    code = await made_again(memory, identity, app)
    await reset(memory)
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in(EMAIL, "another-secret", ports=memory)
    signed_in = await log_in_with_second_factor(required.value.challenge, code, ports=memory)
    factors = await list_factors(await identify(signed_in.token, ports=memory), ports=memory)
    assert factors.totp is not None
    assert factors.recovery_codes_left == 9


async def test_the_codes_of_an_app_that_goes_go_with_it(memory: MemoryPorts, identity: Identity, app: TotpApp) -> None:
    await verify(memory)
    memory.clock.advance(days=6)
    await made_again(memory, identity, app)
    await reset(memory)
    factors = await list_factors(identity, ports=memory)
    assert (factors.totp, factors.recovery_codes_left) == (None, 0)


@pytest.mark.parametrize(("is_before", "left"), [(True, 10), (False, 0)])
async def test_an_undo_leaves_the_codes_that_were_made_before_the_change(
    memory: MemoryPorts, identity: Identity, app: TotpApp, is_before: bool, left: int
) -> None:
    await verify(memory)
    if is_before:
        await made_again(memory, identity, app)
    await step_up(identity, code=app.code, ports=memory)
    memory.clock.advance(minutes=1)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[-1].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    memory.clock.advance(minutes=1)
    if not is_before:
        await made_again(memory, identity, app)
    await undo_email_change(memory.mailer.undo_links[-1].secret, ports=memory)
    factors = await list_factors(identity, ports=memory)
    assert factors.totp is not None
    assert factors.recovery_codes_left == left


@pytest.mark.usefixtures("app")
async def test_whoever_has_a_mailed_code_and_lacks_the_factor_proves_no_address(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    memory.clock.advance(days=30)
    await challenged_by_mail(memory)
    assert not memory.unit_of_work.tables.users[alice.user.id].is_email_verified
    await reset(memory)
    user = memory.unit_of_work.tables.users[alice.user.id]
    assert (user.is_email_verified, user.has_second_factor) == (True, False)


async def test_whoever_has_both_proves_it(memory: MemoryPorts, alice: SignedIn, app: TotpApp) -> None:
    challenge = await challenged_by_mail(memory)
    signed_in = await log_in_with_second_factor(challenge, app.code, ports=memory)
    assert signed_in.user.is_email_verified
    assert memory.unit_of_work.tables.users[alice.user.id].is_email_verified
    told = [event.type for event in memory.events]
    assert told.count(EventType.USER_EMAIL_VERIFIED) == 1
