"""Passkeys in memory, from the device to what is kept: which may be kept, which may be used."""

import asyncio

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    AuthenticatorFlags,
    InvalidPasskeyError,
    Passkey,
    PasskeyAssertion,
    PasskeyClonedError,
    PasskeyExistsError,
    Ports,
    SignedIn,
    TooManyPasskeysError,
    User,
    sign_up,
)
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS, PasskeyRegistration, user_handle_of
from leadnator_auth.domain.use_cases.steps.passkeys import keep_passkey, use_passkey
from leadnator_auth.testing import AuthenticatorRefusedError, VirtualAuthenticator
from leadnator_auth.testing.contract.passkeys import a_passkey
from leadnator_auth.testing.contract.samples import NOW, a_user

CEREMONY = Fido2Passkeys("auth.example.com", "Example", ["https://auth.example.com"])
MAKING, USING = b"c" * 32, b"d" * 32
VERIFIED = AuthenticatorFlags(user_present=True, user_verified=True, backup_eligible=False, backed_up=False)


async def register(device: VirtualAuthenticator, owner: User, ports: Ports, name: str = "a phone") -> Passkey:
    async with ports.unit_of_work() as transaction:
        user = await transaction.users.by_id(owner.id)
        assert user is not None
        existing = await transaction.passkeys.of_user(user.id)
        answer = device.create(CEREMONY.registration_options(user, MAKING, existing))
        registration = CEREMONY.verify_registration(answer, MAKING)
        passkey = await keep_passkey(registration, user, name, transaction, ports)
        await transaction.commit()
        return passkey


async def log_in(device: VirtualAuthenticator, ports: Ports, *, is_user_known: bool = False) -> Passkey:
    answer = device.get(CEREMONY.assertion_options(USING))
    async with ports.unit_of_work() as transaction:
        passkey = await transaction.passkeys.by_credential_id(CEREMONY.credential_id(answer))
        assert passkey is not None
        assertion = CEREMONY.verify_assertion(answer, USING, passkey)
        used = await use_passkey(passkey, assertion, transaction, ports, is_user_known=is_user_known)
        await transaction.commit()
        return used


async def kept(user: User, ports: Ports) -> list[Passkey]:
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.passkeys.of_user(user.id)


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
async def test_a_passkey_is_made_used_and_counted(memory: MemoryPorts, alice: SignedIn, algorithm: int) -> None:
    device = VirtualAuthenticator(algorithms=(algorithm,), transports=("hybrid", "internal"))
    passkey = await register(device, alice.user, memory)
    assert passkey.id.startswith("p_")
    assert (passkey.name, passkey.algorithm, passkey.last_used_at) == ("a phone", algorithm, None)
    memory.clock.advance(hours=1)
    for sign_count in (2, 3):
        used = await log_in(device, memory)
        assert (used.sign_count, used.last_used_at) == (sign_count, memory.clock.now())
        assert await kept(alice.user, memory) == [used]


async def test_one_that_is_backed_up_later_is_the_same(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator(counts=False)
    await register(device, alice.user, memory)
    for eligible, backed_up in ((True, False), (True, True), (False, False)):
        device.backup_eligible, device.backed_up = eligible, backed_up
        used = await log_in(device, memory)
        assert (used.backup_eligible, used.backed_up, used.sign_count) == (eligible, backed_up, 0)


async def test_backed_up_without_being_eligible_is_refused(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator(backed_up=True)
    with pytest.raises(InvalidPasskeyError, match="not eligible"):
        await register(device, alice.user, memory)
    device.backed_up = False
    await register(device, alice.user, memory)
    device.backed_up = True
    with pytest.raises(InvalidPasskeyError, match="not eligible"):
        await log_in(device, memory)


@pytest.mark.parametrize("flag", ["verifies_user", "detects_user"])
async def test_nobody_gets_in_unverified(memory: MemoryPorts, alice: SignedIn, flag: str) -> None:
    unsure = VirtualAuthenticator()
    setattr(unsure, flag, False)
    with pytest.raises(InvalidPasskeyError):
        await register(unsure, alice.user, memory)
    device = VirtualAuthenticator()
    await register(device, alice.user, memory)
    unsure.credentials = device.credentials
    with pytest.raises(InvalidPasskeyError):
        await log_in(unsure, memory)


async def test_of_a_passkey_and_its_clone_the_one_behind_is_refused(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator()
    passkey = await register(device, alice.user, memory)
    clone = device.clone()
    used = await log_in(device, memory)
    with pytest.raises(PasskeyClonedError) as refusal:
        await log_in(clone, memory)
    assert (refusal.value.passkey_id, refusal.value.user_id) == (passkey.id, alice.user.id)
    assert refusal.value.code == "invalid_passkey", "who tries is told no more than of any other passkey"
    assert await kept(alice.user, memory) == [used]
    assert (await log_in(clone, memory)).sign_count == 3, "nobody can tell which of them is the owner's"


async def test_of_twenty_uses_of_one_counter_one_counts(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator()
    passkey = await register(device, alice.user, memory)
    answer = device.get(CEREMONY.assertion_options(USING))
    assertion = CEREMONY.verify_assertion(answer, USING, passkey)

    async def use() -> bool:
        async with memory.unit_of_work() as transaction:
            try:
                await use_passkey(passkey, assertion, transaction, memory, is_user_known=True)
            except PasskeyClonedError:
                return False
            await transaction.commit()
            return True

    assert sum(await asyncio.gather(*(use() for _ in range(20)))) == 1


async def test_an_account_has_at_most_twenty(memory: MemoryPorts, alice: SignedIn) -> None:
    for number in range(MAX_PASSKEYS):
        await register(VirtualAuthenticator(), alice.user, memory, name=f"key {number}")
    with pytest.raises(TooManyPasskeysError):
        await register(VirtualAuthenticator(), alice.user, memory)
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    assert await register(VirtualAuthenticator(), bob.user, memory)


async def test_a_device_makes_one_for_an_account(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator()
    await register(device, alice.user, memory)
    with pytest.raises(AuthenticatorRefusedError) as refusal:
        await register(device, alice.user, memory)
    assert refusal.value.name == "InvalidStateError"
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    assert (await register(device, bob.user, memory)).user_id == bob.user.id
    assert (await log_in(device, memory)).user_id == bob.user.id, "the newest, unless the person chooses"


async def test_nobody_registers_somebody_elses(memory: MemoryPorts, alice: SignedIn) -> None:
    device = VirtualAuthenticator()
    answer = device.create(CEREMONY.registration_options(alice.user, MAKING, ()))
    registration = CEREMONY.verify_registration(answer, MAKING)
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    for user, is_there in ((alice.user, False), (bob.user, True), (alice.user, True)):
        async with memory.unit_of_work() as transaction:
            if is_there:
                with pytest.raises(PasskeyExistsError):
                    await keep_passkey(registration, user, "", transaction, memory)
            else:
                await keep_passkey(registration, user, "", transaction, memory)
                await transaction.commit()


@pytest.mark.parametrize(
    ("user_handle", "is_user_known", "is_refused"),
    [
        (user_handle_of(a_user("alice").id), False, False),
        (user_handle_of(a_user("alice").id), True, False),
        (None, True, False),
        (None, False, True),
        (b"", True, True),
        (user_handle_of(a_user("bob").id), True, True),
        (user_handle_of(a_user("bob").id), False, True),
        (user_handle_of(a_user("alice").id) + b"\0", True, True),
    ],
)
def test_the_user_handle_is_that_of_the_account(
    user_handle: bytes | None, is_user_known: bool, is_refused: bool
) -> None:
    passkey = a_passkey(a_user("alice"))
    assertion = PasskeyAssertion(passkey.credential_id, user_handle, passkey.sign_count + 1, VERIFIED)
    if is_refused:
        with pytest.raises(InvalidPasskeyError, match="another account"):
            passkey.used_by(assertion, NOW, is_user_known=is_user_known)
    else:
        assert passkey.used_by(assertion, NOW, is_user_known=is_user_known).last_used_at == NOW


@pytest.mark.parametrize(
    ("before", "after", "is_clone"),
    [(0, 0, False), (0, 1, False), (1, 2, False), (1, 2**32 - 1, False), (1, 1, True), (1, 0, True), (7, 6, True)],
)
def test_a_counter_rises_unless_there_is_none(before: int, after: int, is_clone: bool) -> None:
    passkey = a_passkey(a_user("alice"), sign_count=before)
    assertion = PasskeyAssertion(passkey.credential_id, None, after, VERIFIED)
    if is_clone:
        with pytest.raises(PasskeyClonedError):
            passkey.used_by(assertion, NOW, is_user_known=True)
    else:
        assert passkey.used_by(assertion, NOW, is_user_known=True).sign_count == after


@pytest.mark.parametrize("credential_id", ["B" * 43, "z" * 43])
def test_the_facts_of_one_passkey_are_not_those_of_another(credential_id: str) -> None:
    passkey = a_passkey(a_user("alice"))
    assertion = PasskeyAssertion(credential_id, None, 99, VERIFIED)
    with pytest.raises(InvalidPasskeyError, match="another passkey"):
        passkey.used_by(assertion, NOW, is_user_known=True)


def test_the_public_key_is_in_no_repr() -> None:
    passkey = a_passkey(a_user("alice"))
    assert passkey.public_key not in repr(passkey)
    assert repr(attrs.evolve(passkey, public_key="other")) == repr(passkey)
    registration = PasskeyRegistration("id", "the-key", -7, 0, VERIFIED, (), "")
    assert "the-key" not in repr(registration)


def test_a_user_handle_says_nothing_of_a_person_and_fits() -> None:
    user = a_user("alice")
    assert len(user_handle_of(user.id)) <= 64
    assert user.email.canonical.encode() not in user_handle_of(user.id)
