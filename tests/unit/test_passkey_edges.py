"""Answers of an authenticator that come again, and what is none."""

from contextlib import nullcontext
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Identity,
    InvalidChallengeError,
    InvalidCodeError,
    InvalidFieldsError,
    InvalidPasskeyError,
    LastCredentialError,
    MissingFieldsError,
    NotFoundError,
    SecondFactorRequiredError,
    TooManyPasskeysError,
    User,
    add_passkey,
    change_user,
    list_passkeys,
    log_in,
    log_in_with_passkey,
    log_in_with_second_factor,
    remove_passkey,
    request_passkey_log_in,
    request_passkey_registration,
    request_passkey_step_up,
    step_up,
)
from leadnator_auth.domain.use_cases.steps.require_step_up import current_user
from leadnator_auth.testing import VirtualAuthenticator
from leadnator_auth.testing.contract.passkeys import a_passkey
from tests.unit.test_passkey_life import added, reset
from tests.unit.test_second_factors import a_confirmed_app


@pytest.fixture
def memory(memory: MemoryPorts) -> MemoryPorts:
    """The world, with passkeys on."""
    return attrs.evolve(memory, passkeys=Fido2Passkeys("auth.example.com", "Acme", ["https://auth.example.com"]))


async def test_a_log_in_with_a_passkey_takes_one_answer(memory: MemoryPorts, identity: Identity) -> None:
    device, stranger = VirtualAuthenticator(), VirtualAuthenticator()
    await added(device, identity, memory)
    await added(stranger, identity, memory)
    asked, other = await request_passkey_log_in(ports=memory), await request_passkey_log_in(ports=memory)
    with pytest.raises(InvalidPasskeyError):
        await log_in_with_passkey(asked.challenge.secret, stranger.get(other.options), ports=memory)
    with pytest.raises(InvalidChallengeError):
        await log_in_with_passkey(asked.challenge.secret, device.get(asked.options), ports=memory)
    assert await log_in_with_passkey(other.challenge.secret, device.get(other.options), ports=memory)


async def test_a_registration_takes_one_answer(memory: MemoryPorts, identity: Identity) -> None:
    asked = await request_passkey_registration(identity, ports=memory)
    other = await request_passkey_registration(identity, ports=memory)
    with pytest.raises(InvalidPasskeyError):
        await add_passkey(identity, asked.challenge.secret, VirtualAuthenticator().create(other.options), ports=memory)
    with pytest.raises(InvalidChallengeError):
        await add_passkey(identity, asked.challenge.secret, VirtualAuthenticator().create(asked.options), ports=memory)


@pytest.mark.parametrize(
    ("credential", "error", "code"),
    [
        (None, MissingFieldsError, "missing"),
        ("", MissingFieldsError, "missing"),
        ("text", InvalidFieldsError, "wrong_type"),
        ([], InvalidFieldsError, "wrong_type"),
    ],
)
async def test_what_is_no_credential_is_a_bad_field(
    memory: MemoryPorts, credential: object, error: type[InvalidFieldsError], code: str
) -> None:
    asked = await request_passkey_log_in(ports=memory)
    with pytest.raises(error) as refused:
        await log_in_with_passkey(asked.challenge.secret, credential, ports=memory)
    assert [(each.field, each.code) for each in refused.value.errors] == [("credential", code)]


async def test_after_a_reset_those_that_are_left_are_counted(memory: MemoryPorts, identity: Identity) -> None:
    await change_user(Actor.operator(), identity.user.id, {"email_verified": True}, ports=memory)
    old = [await added(VirtualAuthenticator(), identity, memory) for _ in range(3)]
    memory.clock.advance(days=8)
    later = await log_in("alice@example.com", "secret", ports=memory)
    for _ in range(2):
        await added(VirtualAuthenticator(), Identity(later.user, later.session), memory)
    await reset(memory)
    user = (await log_in("alice@example.com", "new-secret", ports=memory)).user
    assert user.passkey_count == len(old)


async def asked(memory: MemoryPorts) -> SecondFactorRequiredError:
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in("alice@example.com", "secret", ports=memory)
    return required.value


async def test_a_passkey_stands_in_for_a_code_where_there_is_one_and_no_code(
    memory: MemoryPorts, identity: Identity
) -> None:
    _, codes = await a_confirmed_app(identity, memory)
    required = await asked(memory)
    assert (required.factors, required.passkey) == (("totp", "recovery_code"), None)
    device = VirtualAuthenticator()
    await added(device, identity, memory)
    required = await asked(memory)
    assert required.factors == ("totp", "recovery_code", "passkey")
    assert required.passkey
    answer = device.get(required.passkey)
    with pytest.raises(InvalidCodeError):
        await log_in_with_second_factor(required.challenge, "000000", credential=answer, ports=memory)
    assert await log_in_with_second_factor(required.challenge, credential=answer, ports=memory)
    another = (await asked(memory)).challenge
    assert await log_in_with_second_factor(another, codes[0], credential=answer, ports=memory)


@pytest.mark.parametrize(("late", "is_good"), [(-1, True), (0, False), (1, False)])
async def test_a_second_factor_is_waited_for_five_minutes(
    memory: MemoryPorts, identity: Identity, late: int, is_good: bool
) -> None:
    _, codes = await a_confirmed_app(identity, memory)
    required = await asked(memory)
    end = memory.clock.now() + timedelta(minutes=5)
    assert required.expires_at == end
    memory.clock.instant = end + timedelta(microseconds=late)
    with nullcontext() if is_good else pytest.raises(InvalidChallengeError):
        await log_in_with_second_factor(required.challenge, codes[0], ports=memory)


async def test_where_passkeys_were_turned_off_none_is_asked_for(memory: MemoryPorts, identity: Identity) -> None:
    _, codes = await a_confirmed_app(identity, memory)
    await added(VirtualAuthenticator(), identity, memory)
    required = await asked(attrs.evolve(memory, passkeys=None))
    assert (required.factors, required.passkey) == (("totp", "recovery_code"), None)
    assert await log_in_with_second_factor(required.challenge, codes[0], ports=memory)


@pytest.mark.parametrize(("guesses", "is_good"), [(4, True), (5, False)])
async def test_a_challenge_takes_five_guesses_at_a_second_factor(
    memory: MemoryPorts, identity: Identity, guesses: int, is_good: bool
) -> None:
    _, codes = await a_confirmed_app(identity, memory)
    challenge = (await asked(memory)).challenge
    for _ in range(guesses):
        with pytest.raises(InvalidCodeError):
            await log_in_with_second_factor(challenge, "no code", ports=memory)
    with nullcontext() if is_good else pytest.raises(InvalidChallengeError):
        await log_in_with_second_factor(challenge, codes[0], ports=memory)


async def test_an_account_with_twenty_is_asked_for_no_more(memory: MemoryPorts, identity: Identity) -> None:
    async with memory.unit_of_work() as transaction:
        for number in range(19):
            await transaction.passkeys.add(a_passkey(identity.user, number))
        await transaction.users.save(attrs.evolve(identity.user, passkey_count=19))
        await transaction.commit()
    await added(VirtualAuthenticator(), identity, memory)
    with pytest.raises(TooManyPasskeysError):
        await request_passkey_registration(identity, ports=memory)


async def test_without_a_password_the_last_one_stays(memory: MemoryPorts, identity: Identity) -> None:
    passkeys = [await added(VirtualAuthenticator(), identity, memory) for _ in range(3)]
    async with memory.unit_of_work() as transaction:
        kept = await transaction.credentials.of(identity.user.id)
        assert kept is not None
        await transaction.credentials.replace(kept, kept.without_password(memory.clock.now()))
        await transaction.commit()
    for left, passkey in zip((2, 1), passkeys, strict=False):
        await remove_passkey(identity, passkey, ports=memory)
        assert (await current(identity, memory)).passkey_count == left
    with pytest.raises(LastCredentialError):
        await remove_passkey(identity, passkeys[-1], ports=memory)
    assert [passkey.id for passkey in await list_passkeys(identity, ports=memory)] == passkeys[-1:]


async def test_with_a_password_none_need_stay(memory: MemoryPorts, identity: Identity) -> None:
    await remove_passkey(identity, await added(VirtualAuthenticator(), identity, memory), ports=memory)
    assert (await current(identity, memory)).passkey_count == 0


async def current(identity: Identity, memory: MemoryPorts) -> User:
    async with memory.unit_of_work.snapshot() as repositories:
        return await current_user(identity, repositories)


async def test_a_passkey_steps_up_where_there_is_one(memory: MemoryPorts, identity: Identity) -> None:
    with pytest.raises(NotFoundError):
        await request_passkey_step_up(identity, ports=memory)
    device = VirtualAuthenticator()
    await added(device, identity, memory)
    memory.clock.advance(hours=1)
    asked = await request_passkey_step_up(identity, ports=memory)
    until = await step_up(
        identity, challenge_id=asked.challenge.secret, credential=device.get(asked.options), ports=memory
    )
    assert until == memory.clock.now() + memory.policy.step_up_lifetime


@pytest.mark.parametrize(
    ("given", "bad"),
    [
        ({"challenge_id": "x"}, ["credential"]),
        ({"credential": {}}, ["challenge_id"]),
        ({"challenge_id": "x", "credential": {}, "current_password": 5, "code": []}, ["current_password", "code"]),
        ({"code": "000000", "current_password": 5}, ["current_password"]),
    ],
)
async def test_all_that_is_wrong_with_a_step_up_is_told(
    memory: MemoryPorts, identity: Identity, given: dict[str, object], bad: list[str]
) -> None:
    with pytest.raises((MissingFieldsError, InvalidFieldsError)) as refused:
        await step_up(identity, **given, ports=memory)  # type: ignore[arg-type]  # a client is none of it
    assert [error.field for error in refused.value.errors] == bad
