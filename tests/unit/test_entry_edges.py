"""Who comes in, and what is theirs, between two accounts and around the second factor."""

import asyncio

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    Client,
    EmailVerification,
    Identity,
    InvalidChallengeError,
    Limits,
    NotFoundError,
    Policy,
    RateLimit,
    SecondFactorRequiredError,
    SignedIn,
    change_user,
    create_api_key,
    introspect,
    log_in,
    log_in_with_second_factor,
    rename_passkey,
    revoke_api_key,
    sign_up,
)
from leadnator_auth.testing import VirtualAuthenticator
from tests.unit.test_passkey_life import added, reset
from tests.unit.test_second_factors import a_confirmed_app
from tests.unit.test_throttling import HOUR

HOME = Client("192.0.2.1")
EMAIL, PASSWORD = "alice@example.com", "secret"


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def challenged(memory: MemoryPorts) -> str:
    with pytest.raises(SecondFactorRequiredError) as required:
        await log_in(EMAIL, PASSWORD, HOME, ports=memory)
    return required.value.challenge


async def test_nobody_has_a_key_or_a_passkey_of_somebody_else(memory: MemoryPorts, identity: Identity) -> None:
    memory = attrs.evolve(memory, passkeys=Fido2Passkeys("auth.example.com", "Acme", ["https://auth.example.com"]))
    bob = identity_of(await sign_up("Bob", "bob@example.com", PASSWORD, ports=memory))
    for owner, other in ((identity, bob), (bob, identity)):
        key = (await create_api_key(owner, "CI", ports=memory)).key
        passkey = await added(VirtualAuthenticator(), owner, memory)
        with pytest.raises(NotFoundError):
            await revoke_api_key(other, key.id, ports=memory)
        with pytest.raises(NotFoundError):
            await rename_passkey(other, passkey, {"name": "mine"}, ports=memory)


async def test_who_gets_in_with_both_factors_is_never_refused(memory: MemoryPorts) -> None:
    limits = attrs.evolve(Limits.none(), log_in_client=RateLimit("login-client", 3, HOUR))
    memory = memory_ports(policy=Policy(limits=limits))
    _, codes = await a_confirmed_app(identity_of(await sign_up("Alice", EMAIL, PASSWORD, HOME, ports=memory)), memory)
    for code in codes:
        assert await log_in_with_second_factor(await challenged(memory), code, HOME, ports=memory)


async def test_of_two_right_answers_to_one_challenge_one_gets_in(memory: MemoryPorts, identity: Identity) -> None:
    _, codes = await a_confirmed_app(identity, memory)
    challenge = await challenged(memory)
    answers = [log_in_with_second_factor(challenge, code, HOME, ports=memory) for code in codes[:2]]
    first, second = await asyncio.gather(*answers, return_exceptions=True)
    assert sorted([type(first), type(second)], key=str) == sorted([SignedIn, InvalidChallengeError], key=str)


async def test_a_new_password_voids_a_challenge(memory: MemoryPorts, identity: Identity) -> None:
    await change_user(Actor.operator(), identity.user.id, {"email_verified": True}, ports=memory)
    _, codes = await a_confirmed_app(identity, memory)
    memory.clock.advance(days=8)
    before = await challenged(memory)
    await reset(memory)
    with pytest.raises(InvalidChallengeError):
        await log_in_with_second_factor(before, codes[0], HOME, ports=memory)


async def test_there_is_nothing_to_say_of_a_token_that_lets_nobody_in(memory: MemoryPorts, alice: SignedIn) -> None:
    found = await introspect(alice.token, ports=memory)
    assert found is not None
    assert (found.user, found.session_id, found.scopes) == (alice.user, alice.session.id, None)
    key = await create_api_key(identity_of(alice), "CI", ports=memory)
    required = attrs.evolve(memory.policy, email_verification=EmailVerification.REQUIRED)
    for token in (alice.token, key.secret):
        assert await introspect(token, ports=memory)
        assert await introspect(token, ports=attrs.evolve(memory, policy=required)) is None
        assert await introspect(token + "x", ports=memory) is None
