"""The life of passkeys in memory, through the use cases: what becomes of them, and what becomes of others."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Client,
    EventType,
    Identity,
    InvalidChallengeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    InvalidTokenError,
    Limits,
    MailKind,
    NotFoundError,
    PasskeyAssertion,
    PasskeyClonedError,
    PasskeyId,
    Ports,
    RateLimit,
    SignedIn,
    StepUpRequiredError,
    TooManyRequestsError,
    add_passkey,
    are_passkeys_on,
    change_email,
    change_user,
    confirm_email,
    delete_account,
    deliver_due_mails,
    identify,
    list_passkeys,
    log_in,
    log_in_with_passkey,
    log_out,
    purge,
    remove_passkey,
    rename_passkey,
    request_passkey_log_in,
    request_passkey_registration,
    request_passkey_step_up,
    request_password_reset,
    reset_password,
    sign_up,
    step_up,
    undo_email_change,
)
from leadnator_auth.domain.entities.proof import passkey_proof
from leadnator_auth.domain.use_cases.steps.passkeys import tell_of_clone
from leadnator_auth.testing import VirtualAuthenticator
from tests.unit.test_throttling import HOUR

HOME, OFFICE = Client("192.0.2.1"), Client("198.51.100.7")


@pytest.fixture
def memory(memory: MemoryPorts) -> MemoryPorts:
    """The world, with passkeys on."""
    return attrs.evolve(memory, passkeys=Fido2Passkeys("auth.example.com", "Acme", ["https://auth.example.com"]))


async def added(device: VirtualAuthenticator, identity: Identity, ports: Ports) -> PasskeyId:
    asked = await request_passkey_registration(identity, ports=ports)
    return (await add_passkey(identity, asked.challenge.secret, device.create(asked.options), ports=ports)).id


async def logged_in(device: VirtualAuthenticator, ports: Ports, client: Client = HOME) -> SignedIn:
    asked = await request_passkey_log_in(client, ports=ports)
    return await log_in_with_passkey(asked.challenge.secret, device.get(asked.options), client, ports=ports)


def kinds(memory: MemoryPorts) -> Counter[MailKind]:
    return Counter(mail.kind for mail in memory.mailer.notices)


async def test_the_whole_life_of_one(memory: MemoryPorts, identity: Identity) -> None:
    phone = VirtualAuthenticator(transports=("internal", "hybrid"), backup_eligible=True)
    asked = await request_passkey_registration(identity, ports=memory)
    answer = phone.create(asked.options)
    passkey = await add_passkey(identity, asked.challenge.secret, answer, "Phone", ports=memory)
    assert await list_passkeys(identity, ports=memory) == [passkey]

    memory.clock.advance(days=1)
    phone.backed_up = True
    signed_in = await logged_in(phone, memory)
    assert signed_in.session.amr == passkey_proof(memory.clock.now()).amr
    assert (await identify(signed_in.token, ports=memory)).user.id == identity.user.id
    (used,) = await list_passkeys(identity, ports=memory)
    assert (used.backed_up, used.sign_count, used.last_used_at) == (True, 2, memory.clock.now())

    with pytest.raises(StepUpRequiredError):
        await remove_passkey(identity, passkey.id, ports=memory)
    lately = Identity(signed_in.user, signed_in.session)
    assert (await rename_passkey(lately, passkey.id, {"name": "Old"}, ports=memory)).name == "Old"
    await remove_passkey(lately, passkey.id, ports=memory)
    with pytest.raises(InvalidPasskeyError):
        await logged_in(phone, memory)

    types = [event.type.value for event in memory.events if event.type.value.startswith("passkey.")]
    assert types == ["passkey.added", "passkey.removed"]
    await deliver_due_mails(ports=memory)
    assert kinds(memory) == {MailKind.PASSKEY_ADDED: 1, MailKind.PASSKEY_REMOVED: 1}


async def test_a_clone_is_refused_and_its_owner_told_a_few_times(memory: MemoryPorts, identity: Identity) -> None:
    device = VirtualAuthenticator()
    passkey_id = await added(device, identity, memory)
    clones = [device.clone() for _ in range(8)]
    await logged_in(device, memory)
    for clone in clones:
        with pytest.raises(PasskeyClonedError):
            await logged_in(clone, memory)
    told = [event for event in memory.events if event.type is EventType.PASSKEY_CLONED]
    assert [event.data for event in told] == [{"passkey_id": passkey_id}] * 8
    await deliver_due_mails(ports=memory)
    assert kinds(memory)[MailKind.PASSKEY_CLONED] == memory.policy.notices
    assert await logged_in(device, memory), "the owner goes on"


@attrs.frozen
class Slow(Fido2Passkeys):
    """Ceremonies during which something happens."""

    meanwhile: Callable[[], object] = attrs.field(kw_only=True)

    def verify_assertion(self, *args: Any) -> PasskeyAssertion:
        assertion = super().verify_assertion(*args)
        self.meanwhile()
        return assertion


@pytest.mark.parametrize("what", ["passkeys", "users"])
async def test_one_that_is_removed_meanwhile_is_none(memory: MemoryPorts, identity: Identity, what: str) -> None:
    device = VirtualAuthenticator()
    await added(device, identity, memory)

    def remove() -> None:
        getattr(memory.unit_of_work.tables, what).clear()

    slow = Slow("auth.example.com", "Acme", ["https://auth.example.com"], meanwhile=remove)
    with pytest.raises(InvalidPasskeyError, match="removed meanwhile"):
        await logged_in(device, attrs.evolve(memory, passkeys=slow))
    assert EventType.PASSKEY_CLONED not in {event.type for event in memory.events}


async def test_of_an_account_that_is_gone_nobody_is_told(memory: MemoryPorts) -> None:
    await tell_of_clone(PasskeyClonedError("p_1", "u_nobody"), memory)
    assert memory.events == []


async def reset(memory: MemoryPorts) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)


@pytest.mark.parametrize(("is_verified", "left"), [(True, ["old"]), (False, [])])
async def test_a_reset_drops_what_may_be_an_intruders(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, is_verified: bool, left: list[str]
) -> None:
    await change_user(Actor.operator(), alice.user.id, {"email_verified": is_verified}, ports=memory)
    devices = {"old": VirtualAuthenticator(), "new": VirtualAuthenticator()}
    await added(devices["old"], identity, memory)
    memory.clock.advance(days=6)
    later = await log_in("alice@example.com", "secret", ports=memory)
    await added(devices["new"], Identity(later.user, later.session), memory)
    memory.clock.advance(days=1, seconds=1)
    await reset(memory)
    for name, device in devices.items():
        if name in left:
            assert await logged_in(device, memory)
        else:
            with pytest.raises(InvalidPasskeyError):
                await logged_in(device, memory)
    removed = [event for event in memory.events if event.type is EventType.PASSKEY_REMOVED]
    assert len(removed) == 2 - len(left)


async def test_a_passkey_that_does_not_say_whose_it_is_logs_nobody_in(memory: MemoryPorts, identity: Identity) -> None:
    """Nobody else does: who wants in says no name (WebAuthn Level 3 section 7.2, step 6)."""
    device = VirtualAuthenticator()
    await added(device, identity, memory)
    device.tells_user = False
    with pytest.raises(InvalidPasskeyError):
        await logged_in(device, memory)
    device.tells_user = True
    assert (await logged_in(device, memory)).user.id == identity.user.id


async def test_an_undo_drops_what_came_since_the_change(memory: MemoryPorts, identity: Identity) -> None:
    owners, intruders = VirtualAuthenticator(), VirtualAuthenticator()
    await change_user(Actor.operator(), identity.user.id, {"email_verified": True}, ports=memory)
    await added(owners, identity, memory)
    memory.clock.advance(minutes=5)
    await change_email(identity, "intruder@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[-1].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    await added(intruders, identity, memory)
    await undo_email_change(memory.mailer.undo_links[-1].secret, ports=memory)
    with pytest.raises(InvalidPasskeyError):
        await logged_in(intruders, memory)
    signed_in = await logged_in(owners, memory)
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=memory)
    assert signed_in.user.email.canonical == "alice@example.com"


async def test_what_was_begun_before_a_reset_or_a_log_out_ends_nowhere(memory: MemoryPorts, identity: Identity) -> None:
    device = VirtualAuthenticator()
    asked = await request_passkey_registration(identity, ports=memory)
    await reset(memory)
    fresh = await log_in("alice@example.com", "new-secret", ports=memory)
    answer = device.create(asked.options)
    for who, error in ((identity, InvalidTokenError), (Identity(fresh.user, fresh.session), InvalidChallengeError)):
        with pytest.raises(error):
            await add_passkey(who, asked.challenge.secret, answer, ports=memory)
    await log_out(Identity(fresh.user, fresh.session), ports=memory)
    with pytest.raises(InvalidTokenError):
        await request_passkey_registration(Identity(fresh.user, fresh.session), ports=memory)


async def test_they_go_with_their_account_and_challenges_with_time(memory: MemoryPorts, identity: Identity) -> None:
    device = VirtualAuthenticator()
    await added(device, identity, memory)
    await request_passkey_log_in(ports=memory)
    await delete_account(identity, ports=memory)
    with pytest.raises(InvalidPasskeyError):
        await logged_in(device, memory)
    memory.clock.advance(days=1)
    await purge(ports=memory)
    assert memory.unit_of_work.tables.one_time_tokens == {}
    assert memory.unit_of_work.tables.passkeys == {}


async def test_what_one_client_tries_is_limited_and_keeps_nobody_else_out(
    memory: MemoryPorts, identity: Identity
) -> None:
    limits = attrs.evolve(
        Limits(), passkey=RateLimit("passkey", 3, HOUR), passkey_options=RateLimit("passkey-options", 9, HOUR)
    )
    world = attrs.evolve(memory, policy=attrs.evolve(memory.policy, limits=limits))
    device = VirtualAuthenticator()
    await added(device, identity, world)
    for _ in range(12):
        assert await logged_in(device, world), "what succeeds is given back"
    for error in [*[InvalidPasskeyError] * 3, TooManyRequestsError, TooManyRequestsError]:
        asked = await request_passkey_log_in(HOME, ports=world)
        with pytest.raises(error):
            await log_in_with_passkey(asked.challenge.secret, {}, HOME, ports=world)
    for _ in range(4):
        await request_passkey_log_in(HOME, ports=world)
    with pytest.raises(TooManyRequestsError):
        await request_passkey_log_in(HOME, ports=world)
    assert await logged_in(device, world, OFFICE)


async def test_a_passkey_lets_the_owner_in_again_whom_guesses_of_others_kept_out(
    memory: MemoryPorts, identity: Identity
) -> None:
    device = VirtualAuthenticator()
    await added(device, identity, memory)
    for number in range(40):
        with pytest.raises((InvalidCredentialsError, TooManyRequestsError)):
            await log_in("alice@example.com", "wrong", Client(f"203.0.113.{number}"), ports=memory)
    with pytest.raises(TooManyRequestsError):
        await log_in("alice@example.com", "secret", OFFICE, ports=memory)
    assert await logged_in(device, memory, OFFICE)
    assert await log_in("alice@example.com", "secret", OFFICE, ports=memory)


async def test_options_for_registration_are_limited_by_account(memory: MemoryPorts, identity: Identity) -> None:
    world = attrs.evolve(memory, policy=attrs.evolve(memory.policy, account_changes=RateLimit("account", 2, HOUR)))
    for _ in range(2):
        await request_passkey_registration(identity, ports=world)
    with pytest.raises(TooManyRequestsError):
        await request_passkey_registration(identity, ports=world)
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=world)
    assert await request_passkey_registration(Identity(bob.user, bob.session), ports=world)


async def test_what_is_signed_says_nothing_of_the_secret(memory: MemoryPorts, identity: Identity) -> None:
    asked = [await request_passkey_log_in(ports=memory), await request_passkey_registration(identity, ports=memory)]
    for each in asked:
        assert each.challenge.secret[-43:] not in str(each.options)
        assert each.challenge.secret not in repr(each)
        assert len(str(each.options["challenge"])) == 43


async def test_without_a_name_nothing_is_renamed(memory: MemoryPorts, identity: Identity) -> None:
    passkey_id = await added(VirtualAuthenticator(), identity, memory)
    before = await list_passkeys(identity, ports=memory)
    assert [await rename_passkey(identity, passkey_id, {}, ports=memory)] == before
    assert await list_passkeys(identity, ports=memory) == before


async def test_where_they_are_off_there_is_nothing_to_ask_for(memory: MemoryPorts, identity: Identity) -> None:
    off = attrs.evolve(memory, passkeys=None)
    assert (are_passkeys_on(ports=memory), are_passkeys_on(ports=off)) == (True, False)
    with pytest.raises(NotFoundError):
        await request_passkey_log_in(ports=off)
    with pytest.raises(NotFoundError):
        await request_passkey_registration(identity, ports=off)


async def test_nobody_steps_up_with_what_is_somebody_elses(memory: MemoryPorts, identity: Identity) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    phones = VirtualAuthenticator(), VirtualAuthenticator()
    theirs = Identity(bob.user, bob.session)
    for phone, whose in zip(phones, (identity, theirs), strict=True):
        await added(phone, whose, memory)
    asked = await request_passkey_step_up(theirs, ports=memory)
    with pytest.raises(InvalidChallengeError):  # a challenge of Bob's in a session of Alice's
        await stepped_up(identity, asked.challenge.secret, phones[1].get(asked.options), memory)
    mine = await request_passkey_step_up(identity, ports=memory)
    anybody = {name: value for name, value in mine.options.items() if name != "allowCredentials"}
    with pytest.raises(InvalidPasskeyError):
        await stepped_up(identity, mine.challenge.secret, phones[1].get(anybody), memory)


async def stepped_up(identity: Identity, secret: str, answer: Any, memory: MemoryPorts) -> datetime:
    return await step_up(identity, challenge_id=secret, credential=answer, ports=memory)
