"""Mails whose turn comes when things are no longer as they were, and what the last one of an hour offers."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    EmailVerification,
    Identity,
    InvalidEmailTokenError,
    MailKind,
    Policy,
    Purpose,
    change_email,
    change_password,
    change_user,
    confirm_email,
    create_api_key,
    create_user,
    deliver_due_mails,
    export_account,
    request_password_reset,
    sign_up,
    step_up,
)
from leadnator_auth.domain.entities.mail import WaysIn
from leadnator_auth.testing import VirtualAuthenticator
from tests.unit.test_passkey_life import added
from tests.unit.test_second_factors import a_confirmed_app

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize("last", ["aaa@example.org", "zzz@example.org"])
async def test_only_the_link_to_the_address_that_was_asked_for_last_works(
    memory: MemoryPorts, identity: Identity, last: str
) -> None:
    await change_email(identity, "mmm@example.org", ports=memory)
    await change_email(identity, last, ports=memory)
    await deliver_due_mails(ports=memory)
    links = {mail.to.canonical: mail.secret for mail in memory.mailer.confirmation_links}
    with pytest.raises(InvalidEmailTokenError):
        await confirm_email(links["mmm@example.org"], ports=memory)
    assert (await confirm_email(links[last], ports=memory)).email.canonical == last


async def test_what_was_asked_for_before_a_new_password_is_not_mailed(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    await change_password(identity, "secret", "another", ports=memory)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    (link,) = memory.mailer.confirmation_links
    assert (await confirm_email(link.secret, ports=memory)).email.canonical == "al@example.org"


@pytest.mark.parametrize(("late", "links"), [(timedelta(), 1), (HOUR, 0), (2 * HOUR, 0)])
async def test_a_change_that_cannot_be_undone_any_more_is_not_offered_to_be(
    memory: MemoryPorts, identity: Identity, late: timedelta, links: int
) -> None:
    memory = attrs.evolve(memory, policy=attrs.evolve(memory.policy, undo_lifetime=HOUR))
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[-1].secret, ports=memory)
    memory.clock.instant += late
    await deliver_due_mails(ports=memory)
    assert len(memory.mailer.undo_links) == links


async def test_a_new_password_comes_with_what_else_lets_somebody_in(memory: MemoryPorts, identity: Identity) -> None:
    memory = attrs.evolve(memory, passkeys=Fido2Passkeys("auth.example.com", "Acme", ["https://auth.example.com"]))
    for name in ("CI", "backup"):
        await create_api_key(identity, name, ports=memory)
    await added(VirtualAuthenticator(), identity, memory)
    _, codes = await a_confirmed_app(identity, memory)
    await step_up(identity, code=codes[0], ports=memory)
    await change_password(identity, "secret", "another", ports=memory)
    await deliver_due_mails(ports=memory)
    told = {mail.kind: mail.ways_in for mail in memory.mailer.notices}
    assert told.pop(MailKind.PASSWORD_CHANGED) == WaysIn(has_second_factor=True, passkeys=1, api_keys=2)
    assert MailKind.RECOVERY_CODE_USED in told
    assert set(told.values()) == {WaysIn()}


@pytest.mark.parametrize("most", range(1, 8))
@pytest.mark.parametrize("lifetime", [2 * MINUTE, 2 * HOUR])
async def test_the_last_link_of_an_hour_lasts_until_there_may_be_another(most: int, lifetime: timedelta) -> None:
    policy = Policy(email_verification=EmailVerification.OFF, reset_mails=most, reset_token_lifetime=lifetime)
    memory = memory_ports(policy=policy)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    begin = memory.clock.now()
    for _ in range(most + 2):
        await request_password_reset("alice@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
        memory.clock.advance(minutes=1)
    ends = [link.expires_at - begin for link in memory.mailer.reset_links]
    own = [number * MINUTE + lifetime for number in range(most)]
    assert ends == [*own[:-1], max(own[-1], HOUR)]


async def test_a_lowered_limit_of_notices_holds_for_who_is_beyond_it(memory: MemoryPorts, identity: Identity) -> None:
    lowered = attrs.evolve(memory, policy=attrs.evolve(memory.policy, notices=2))
    password = "secret"
    for ports in (memory, memory, memory, lowered, memory):
        await change_password(identity, password, f"{password}!", ports=ports)
        password += "!"
    await deliver_due_mails(ports=memory)
    assert len(memory.mailer.notices) == 4


async def test_a_lowered_limit_of_links_to_new_addresses_does_too(memory: MemoryPorts, identity: Identity) -> None:
    lowered = attrs.evolve(memory, policy=attrs.evolve(memory.policy, address_mails=2))
    for number in range(5):
        ports = lowered if number == 3 else memory
        await change_email(identity, f"al-{number}@example.org", ports=ports)
        await deliver_due_mails(ports=memory)
    assert [mail.to.canonical for mail in memory.mailer.confirmation_links] == [
        f"al-{number}@example.org" for number in (0, 1, 2, 4)
    ]


@pytest.mark.parametrize(
    ("email", "is_verified"),
    [("aaa@example.com", False), ("zzz@example.com", False), ("ALICE@example.com", True)],
)
async def test_an_address_that_an_admin_sets_is_another_one_or_the_same(
    memory: MemoryPorts, identity: Identity, email: str, is_verified: bool
) -> None:
    await change_user(Actor.operator(), identity.user.id, {"email_verified": True}, ports=memory)
    changed = (await change_user(Actor.operator(), identity.user.id, {"email": email}, ports=memory)).user
    assert (changed.email.typed, changed.is_email_verified) == (email, is_verified)
    assert changed.secret_epoch == identity.user.secret_epoch + (not is_verified)
    await deliver_due_mails(ports=memory)
    told = [(mail.kind, mail.to.canonical) for mail in memory.mailer.notices]
    assert told == [(MailKind.EMAIL_CHANGED_BY_ADMIN, identity.user.email.canonical)] * (not is_verified)


async def test_an_account_that_an_admin_makes_is_not_verified_unless_they_say_so(memory: MemoryPorts) -> None:
    bob = await create_user(Actor.operator(), "Bob", "bob@example.com", "secret", ports=memory)
    carol = await create_user(
        Actor.operator(), "Carol", "carol@example.com", "secret", email_verified=True, ports=memory
    )
    assert (bob.is_email_verified, carol.is_email_verified) == (False, True)


async def test_an_export_has_every_mail_the_newest_first(memory: MemoryPorts, identity: Identity) -> None:
    for name in ("one", "two", "three"):
        memory.clock.advance(seconds=1)
        await create_api_key(identity, name, ports=memory)
    mails = (await export_account(identity, ports=memory)).mails
    assert [mail.queued_at - identity.session.created_at for mail in mails] == [
        timedelta(seconds=seconds) for seconds in (3, 2, 1)
    ]


async def test_an_export_has_the_mails_to_a_former_address_that_were_its_own(
    memory: MemoryPorts, identity: Identity
) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[-1].secret, ports=memory)
    memory.clock.advance(seconds=1)
    await request_password_reset("alice@example.com", ports=memory)
    mails = (await export_account(identity, ports=memory)).mails
    assert sorted(mail.payload.kind for mail in mails) == [
        MailKind.CONFIRM_EMAIL,
        MailKind.EMAIL_CHANGED,
        MailKind.RESET_LINK,
    ]


async def test_an_export_does_not_tell_that_an_address_is_free(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    assert len(memory.mailer.confirmation_links) == 1
    tokens = (await export_account(identity, ports=memory)).one_time_tokens
    assert [token.purpose for token in tokens] == [Purpose.RESET]
