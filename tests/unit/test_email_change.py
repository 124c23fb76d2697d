"""Changing the address of an account, confirming it and taking it back, in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import Mailbox, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    AuthError,
    EmailTakenError,
    EmailVerification,
    Identity,
    InvalidCredentialsError,
    InvalidEmailTokenError,
    InvalidFieldsError,
    InvalidResetTokenError,
    InvalidTokenError,
    LinkState,
    LogOutScope,
    MissingFieldsError,
    SignedIn,
    SignUpClosedError,
    SignUpPolicy,
    StepUpRequiredError,
    User,
    change_email,
    change_password,
    change_user,
    confirm_email,
    create_user,
    delete_account,
    delete_user,
    deliver_due_mails,
    export_users,
    identify,
    import_users,
    log_in,
    log_out,
    look_at_confirmation_link,
    look_at_undo_link,
    purge,
    request_password_reset,
    reset_password,
    sign_up,
    step_up,
    undo_email_change,
    verify_email,
    was_password_reset,
)
from leadnator_auth.domain.entities.mail import MailKind, OutgoingMail, SecretMail
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.errors import MailDelayedError

A, B, C = "alice@example.com", "al@example.org", "ally@example.net"
OPERATOR = Actor.operator()
UNDO = timedelta(days=7)


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


def kept(memory: MemoryPorts, signed_in: SignedIn) -> User:
    return memory.unit_of_work.tables.users[signed_in.user.id]


async def mailed(memory: MemoryPorts, kind: MailKind, to: str) -> list[str]:
    """Returns the secrets in mails of a kind to an address, oldest first, once all that is due is sent."""
    await deliver_due_mails(ports=memory)
    mails = [mail for mail in memory.mailer.mails if isinstance(mail, SecretMail) and mail.kind is kind]
    return [mail.secret for mail in mails if mail.to.canonical == to]


async def asked(memory: MemoryPorts, identity: Identity, email: str) -> str:
    """Asks for another address and returns the secret that is mailed to it."""
    await change_email(identity, email, ports=memory)
    return (await mailed(memory, MailKind.CONFIRM_EMAIL, email.lower()))[-1]


async def moved(memory: MemoryPorts, identity: Identity, email: str) -> str:
    """Gives an account another address and returns the secret that undoes it."""
    old = memory.unit_of_work.tables.users[identity.user.id].email.canonical
    await confirm_email(await asked(memory, identity, email), ports=memory)
    return (await mailed(memory, MailKind.EMAIL_CHANGED, old))[-1]


async def refused(call: Awaitable[object], error: type[AuthError] = InvalidEmailTokenError) -> None:
    with pytest.raises(error):
        await call


async def test_nothing_changes_before_the_new_address_is_confirmed(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await change_email(identity, " Al@Example.org ", ports=memory)
    waiting = kept(memory, alice)
    assert waiting.email == alice.user.email
    assert str(waiting.pending_email) == "Al@Example.org"
    await deliver_due_mails(ports=memory)
    (mail,) = memory.mailer.confirmation_links
    assert (mail.to.typed, mail.lifetime) == ("Al@Example.org", timedelta(days=1))
    assert mail.secret.startswith("email_")
    assert [each.to.canonical for each in memory.mailer.mails] == [B]

    changed = await confirm_email(mail.secret, ports=memory)
    assert changed == kept(memory, alice)
    assert (changed.email.typed, changed.pending_email) == ("Al@Example.org", None)
    assert changed.email_verified_at == memory.clock.now()
    assert await log_in(B, "secret", ports=memory)
    await refused(log_in(A, "secret", ports=memory), InvalidCredentialsError)
    assert await identify(alice.token, ports=memory), "sessions go on"


async def test_the_old_address_is_told_and_can_undo_it(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    undo = await moved(memory, identity, B)
    (mail,) = memory.mailer.undo_links
    assert (mail.to, mail.secret, mail.lifetime) == (alice.user.email, undo, UNDO)
    assert undo.startswith("undo_")
    back = await undo_email_change(undo, ports=memory)
    assert back == kept(memory, alice)
    assert back.email == alice.user.email
    assert not back.is_email_verified, "it is as it was: the reset that follows proves the address"


async def test_an_undo_leaves_nothing_to_an_intruder(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    intruder = await log_in(A, "secret", ports=memory)
    undo = await moved(memory, identity_of(intruder), B)
    await request_password_reset(B, ports=memory)
    (reset,) = await mailed(memory, MailKind.RESET_LINK, B)
    pending = await asked(memory, identity_of(intruder), C)
    await undo_email_change(undo, ports=memory)
    for token in (alice.token, intruder.token):
        await refused(identify(token, ports=memory), InvalidTokenError)
    for email in (A, B):
        await refused(log_in(email, "secret", ports=memory), InvalidCredentialsError)
    await refused(reset_password(reset, "intruder", ports=memory), InvalidResetTokenError)
    await refused(confirm_email(pending, ports=memory))
    assert kept(memory, alice).pending_email is None
    (link,) = await mailed(memory, MailKind.EMAIL_CHANGE_UNDONE, A)
    await reset_password(link, "new-secret", ports=memory)
    assert (await log_in(A, "new-secret", ports=memory)).user.id == alice.user.id


async def test_a_password_that_was_void_costs_what_a_missing_account_costs(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await undo_email_change(await moved(memory, identity, B), ports=memory)
    memory.hasher.verified = 0
    for email in (A, "nobody@example.com"):
        for password in ("secret", "", "x"):
            await refused(log_in(email, password or "y", ports=memory), InvalidCredentialsError)
    assert memory.hasher.verified == 6
    assert [each.password_hash async for each in export_users(ports=memory)] == [None]


async def test_who_proved_the_old_password_meanwhile_gets_no_further(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    """Though the owner has set the very same password again by then."""
    undo = await moved(memory, identity, B)
    hasher = memory.hasher

    class Slow(type(hasher)):  # type: ignore[misc]  # a class of the fixture's
        async def verify(self, *arguments: object) -> bool:
            is_right: bool = await hasher.verify(*arguments)  # type: ignore[arg-type]  # as above
            await undo_email_change(undo, ports=memory)
            (link,) = await mailed(memory, MailKind.EMAIL_CHANGE_UNDONE, A)
            await reset_password(link, "secret", ports=memory)
            return is_right

    await refused(log_in(B, "secret", ports=attrs.evolve(memory, hasher=Slow())), InvalidCredentialsError)
    assert memory.unit_of_work.tables.sessions == {}


Void = Callable[[MemoryPorts, SignedIn], Awaitable[object]]


async def _suspended(memory: MemoryPorts, alice: SignedIn) -> None:
    for status in ("suspended", "active"):
        await change_user(OPERATOR, alice.user.id, {"status": status}, ports=memory)


async def _other_password(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_password(identity_of(alice), "secret", "new-secret", ports=memory)


async def _reset(memory: MemoryPorts, alice: SignedIn) -> None:
    await request_password_reset(kept(memory, alice).email.canonical, ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)


async def _moved_by_an_admin(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_user(OPERATOR, alice.user.id, {"email": "admin@example.com"}, ports=memory)


async def _asked_for_another(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_email(identity_of(alice), C, ports=memory)


async def _taken_back(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_email(identity_of(alice), "ALICE@example.com", ports=memory)
    assert kept(memory, alice).pending_email is None


async def _deleted(memory: MemoryPorts, alice: SignedIn) -> None:
    await delete_account(identity_of(alice), ports=memory)


async def _a_day_later(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.clock.advance(days=1)


VOIDING = [_suspended, _other_password, _reset, _moved_by_an_admin, _asked_for_another, _taken_back, _deleted]


@pytest.mark.parametrize("story", [*VOIDING, _a_day_later])
async def test_a_link_to_a_new_address_is_void_after(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, story: Void
) -> None:
    secret = await asked(memory, identity, B)
    await story(memory, alice)
    assert (await look_at_confirmation_link(secret, ports=memory)).state is LinkState.VOID
    await refused(confirm_email(secret, ports=memory))
    assert B not in [user.email.canonical for user in memory.unit_of_work.tables.users.values()]


# A reset lets mails out, and that another address was asked for holds none back.
@pytest.mark.parametrize("story", [story for story in VOIDING if story not in (_reset, _asked_for_another)])
async def test_and_so_is_a_mail_that_was_not_sent_by_then(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, story: Void
) -> None:
    await change_email(identity, B, ports=memory)
    await story(memory, alice)
    assert await mailed(memory, MailKind.CONFIRM_EMAIL, B) == []


async def test_a_change_voids_every_mailed_secret_but_those_that_undo(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    on = attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_verification=EmailVerification.ON))
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=on)
    (verification,) = await mailed(memory, MailKind.VERIFY_EMAIL, "bob@example.com")
    await request_password_reset("bob@example.com", ports=memory)
    (reset,) = await mailed(memory, MailKind.RESET_LINK, "bob@example.com")
    await change_email(identity_of(bob), B, ports=memory)
    beside, used = await mailed(memory, MailKind.CONFIRM_EMAIL, B) + [await asked(memory, identity_of(bob), B)]
    first = await moved(memory, identity_of(bob), B)
    await refused(verify_email(verification, ports=memory))
    await refused(reset_password(reset, "new-secret", ports=memory), InvalidResetTokenError)
    for secret in (beside, used):
        await refused(confirm_email(secret, ports=memory))
    second = await moved(memory, identity_of(bob), C)
    for secret in (first, second):
        assert (await look_at_undo_link(secret, ports=memory)).state is LinkState.USABLE


@pytest.mark.parametrize("story", [_suspended, _other_password, _reset, _moved_by_an_admin, _asked_for_another])
async def test_nothing_that_an_intruder_does_takes_the_way_back(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, story: Void
) -> None:
    undo = await moved(memory, identity, B)
    await story(memory, alice)
    assert (await undo_email_change(undo, ports=memory)).email == alice.user.email


async def test_an_undo_takes_all_later_changes_back(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    first = await moved(memory, identity, B)
    second = await moved(memory, identity, C)
    third = await moved(memory, identity, A)
    again = await moved(memory, identity, B)
    for secret in (first, second, third, again):
        assert (await look_at_undo_link(secret, ports=memory)).state is LinkState.USABLE
    await undo_email_change(first, ports=memory)
    assert kept(memory, alice).email == alice.user.email
    for secret in (second, third, again):
        await refused(undo_email_change(secret, ports=memory))
        assert (await look_at_undo_link(secret, ports=memory)).state is LinkState.VOID
    assert (await look_at_undo_link(first, ports=memory)).state is LinkState.USED
    assert kept(memory, alice).email == alice.user.email


async def test_an_undo_leaves_earlier_changes_to_be_undone(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    first, second = await moved(memory, identity, B), await moved(memory, identity, C)
    assert (await undo_email_change(second, ports=memory)).email.canonical == B
    assert (await undo_email_change(first, ports=memory)).email.canonical == A


async def test_a_notice_that_waits_is_not_sent_once_its_change_was_taken_back(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    first = await moved(memory, identity, B)
    secret = await asked(memory, identity, C)
    await confirm_email(secret, ports=memory)
    await undo_email_change(first, ports=memory)
    assert await mailed(memory, MailKind.EMAIL_CHANGED, B) == []


class NoticesWait(Mailbox):
    """A mailer through which notices of a change do not get while `is_stuck`."""

    is_stuck = True

    async def send(self, mail: OutgoingMail) -> None:
        if self.is_stuck and mail.kind is MailKind.EMAIL_CHANGED:
            raise MailDelayedError("451 later", may_have_arrived=False)
        await super().send(mail)


async def test_of_changes_from_one_address_at_one_instant_each_mail_undoes_its_own(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    mailbox = NoticesWait()
    stuck = attrs.evolve(memory, mailer=mailbox)
    for email in (B, A, C):
        await confirm_email(await asked(stuck, identity, email), ports=stuck)
    mailbox.is_stuck = False
    memory.clock.advance(seconds=30)
    secrets = await mailed(stuck, MailKind.EMAIL_CHANGED, A)
    tokens = memory.unit_of_work.tables.one_time_tokens
    epochs = {tokens[digest_of(secret)].epoch: secret for secret in secrets}
    assert epochs.keys() == {1, 3}
    early, late = epochs[1], epochs[3]
    assert (await undo_email_change(late, ports=memory)).email.canonical == A
    assert (await look_at_undo_link(early, ports=memory)).state is LinkState.USABLE


@pytest.mark.parametrize(("later", "works"), [(UNDO - timedelta(microseconds=1), True), (UNDO, False)])
async def test_link_and_reservation_end_at_one_instant(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, later: timedelta, works: bool
) -> None:
    undo = await moved(memory, identity, B)
    memory.clock.instant += later
    if works:
        await refused(sign_up("Mallory", A, "secret", ports=memory), EmailTakenError)
        await purge(ports=memory)
        assert await undo_email_change(undo, ports=memory)
    else:
        await refused(undo_email_change(undo, ports=memory))
        assert await sign_up("Mallory", A, "secret", ports=memory)
        await purge(ports=memory)


async def test_a_mail_that_comes_late_offers_no_more_than_is_left(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    secret = await asked(memory, identity, B)
    changed_at = memory.clock.now()
    await confirm_email(secret, ports=memory)
    memory.clock.advance(days=2)
    await deliver_due_mails(ports=memory)
    assert memory.mailer.undo_links[0].expires_at == changed_at + UNDO
    memory.clock.instant = changed_at + UNDO
    memory.unit_of_work.tables.mails.clear()
    await purge(ports=memory)
    memory.clock.advance(seconds=1)
    await purge(ports=memory)
    assert memory.unit_of_work.tables.email_changes == {}


async def test_a_reserved_address_is_its_owners_and_admins_alone(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await change_email(identity_of(bob), A, ports=memory)
    assert await mailed(memory, MailKind.CONFIRM_EMAIL, A) == [], "it is taken so far"
    await moved(memory, identity, B)
    await refused(sign_up("Mallory", A.upper(), "secret", ports=memory), EmailTakenError)
    await change_email(identity_of(bob), A, ports=memory)
    assert kept(memory, bob).pending_email is not None
    assert await mailed(memory, MailKind.CONFIRM_EMAIL, A) == []
    assert await moved(memory, identity, A), "its owner may go back without an undo"
    await moved(memory, identity, C)
    outcomes = await import_users([{"name": "I", "email": B, "password_hash": "cheap$1$x"}], ports=memory)
    assert [outcome.errors for outcome in outcomes] == [()]
    await create_user(OPERATOR, "Given", A, "secret", ports=memory)


async def test_a_reserved_address_that_was_asked_for_before_is_not_given_away_either(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    """The link was sent while the address was free, and used after somebody had it and moved on."""
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    link = await asked(memory, identity_of(bob), B)
    await moved(memory, identity, B)
    await refused(confirm_email(link, ports=memory), EmailTakenError)
    await moved(memory, identity, C)
    await refused(confirm_email(link, ports=memory), EmailTakenError)
    assert kept(memory, bob).email.canonical == "bob@example.com"
    memory.clock.advance(hours=1)
    await delete_account(identity_of(await log_in(C, "secret", ports=memory)), ports=memory)
    assert (await confirm_email(link, ports=memory)).email.canonical == B, "a refusal uses no link up"


async def test_an_address_that_an_admin_gave_away_is_not_taken_back(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    undo = await moved(memory, identity, B)
    other = await create_user(OPERATOR, "Given", A, "secret", ports=memory)
    before = memory.unit_of_work.tables
    await refused(undo_email_change(undo, ports=memory), EmailTakenError)
    assert memory.unit_of_work.tables == before
    await delete_user(OPERATOR, other.id, ports=memory)
    assert await undo_email_change(undo, ports=memory)


async def test_an_account_that_is_gone_keeps_no_address_and_no_mail(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await request_password_reset(A, ports=memory)
    undo = await moved(memory, identity, B)
    await change_email(identity, C, ports=memory)
    await delete_account(identity, ports=memory)
    tables = attrs.evolve(memory.unit_of_work.tables, events={})
    assert (tables.email_changes, tables.one_time_tokens) == ({}, {})
    assert not [text for text in (A, B, C, alice.user.id) if text in repr(tables)]
    for email in (A, B, C):
        assert await sign_up("Next", email, "secret", ports=memory)
    await refused(undo_email_change(undo, ports=memory))
    assert await mailed(memory, MailKind.CONFIRM_EMAIL, C) == []


async def test_what_is_asked_for_a_taken_address_cannot_be_told_from_a_free_one(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    rows: list[object] = []
    for email in ("bob@example.com", "free@example.com"):
        before = memory.unit_of_work.tables
        memory.hasher.verified = memory.hasher.hashed = 0
        await change_email(identity, email, ports=memory)
        assert (memory.hasher.verified, memory.hasher.hashed) == (0, 0)
        after = memory.unit_of_work.tables
        (new,) = [mail for key, mail in after.mails.items() if key not in before.mails]
        rows.append(attrs.evolve(new, id="", payload=attrs.evolve(new.payload, recipient="")))
        assert str(kept(memory, alice).pending_email) == email
        await deliver_due_mails(ports=memory)
        assert A not in [mail.to.canonical for mail in memory.mailer.mails]
    assert rows[0] == rows[1]


async def test_five_mails_an_hour_leave_for_an_account_and_taken_addresses_count_alike(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    for _ in range(3):
        await change_email(identity, "bob@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
    for number in range(9):
        await change_email(identity, f"free{number}@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
    assert len(memory.mailer.confirmation_links) == 2
    assert str(kept(memory, alice).pending_email) == "free8@example.com"
    assert len(memory.unit_of_work.tables.mails) == 5, "nor does anything pile up"
    memory.clock.advance(hours=1)
    await step_up(identity, "secret", ports=memory)
    assert await asked(memory, identity, B)


async def test_five_mails_an_hour_leave_however_late_they_are_taken_from_the_queue(
    memory: MemoryPorts, identity: Identity
) -> None:
    for number in range(8):
        await change_email(identity, f"Free{number}@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    links = memory.mailer.confirmation_links
    assert {mail.to.canonical for mail in links} == {f"free{number}@example.com" for number in range(5)}
    assert len(links) == 5
    for mail in links:
        await refused(confirm_email(mail.secret, ports=memory))


async def test_of_two_addresses_that_were_asked_for_each_gets_its_mail_and_the_later_counts(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await change_email(identity, "First@example.com", ports=memory)
    memory.clock.advance(seconds=1)
    await change_email(identity, B, ports=memory)
    await deliver_due_mails(ports=memory)
    first, second = memory.mailer.confirmation_links
    assert [first.to.typed, second.to.typed] == ["first@example.com", B]
    await refused(confirm_email(first.secret, ports=memory))
    assert (await confirm_email(second.secret, ports=memory)).email.canonical == B


async def test_five_mails_an_hour_leave_for_an_address_whoever_asks(memory: MemoryPorts) -> None:
    for number in range(8):
        asker = await sign_up("Mallory", f"m{number}@example.com", "secret", ports=memory)
        await change_email(identity_of(asker), B, ports=memory)
    assert len(await mailed(memory, MailKind.CONFIRM_EMAIL, B)) == 5


async def test_it_takes_a_recent_proof(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    memory.clock.advance(minutes=10)
    before = memory.unit_of_work.tables
    await refused(change_email(identity, B, ports=memory), StepUpRequiredError)
    assert memory.unit_of_work.tables == before
    await step_up(identity, "secret", ports=memory)
    await change_email(identity, B, ports=memory)


async def test_a_session_that_ended_asks_for_nothing(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    await log_out(identity, LogOutScope.GLOBAL, ports=memory)
    await refused(change_email(identity, B, ports=memory), InvalidTokenError)


async def test_the_domains_that_may_sign_up_may_be_moved_to(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    only = attrs.evolve(memory.policy, sign_up=SignUpPolicy(frozenset({"example.com"})))
    some = attrs.evolve(memory, policy=only)
    for elsewhere in (B, "aaa@example.org", "zzz@example.org"):
        await refused(change_email(identity, elsewhere, ports=some), SignUpClosedError)
    await change_email(identity, "al@EXAMPLE.com", ports=some)
    closed = attrs.evolve(memory, policy=attrs.evolve(memory.policy, sign_up=SignUpPolicy(frozenset())))
    await change_email(identity, B, ports=closed)


async def test_whoever_has_a_foreign_address_takes_a_wish_back_by_asking_for_it(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await change_email(identity, B, ports=memory)
    elsewhere = attrs.evolve(memory.policy, sign_up=SignUpPolicy(frozenset({"corp.example"})))
    await change_email(identity, "ALICE@example.com", ports=attrs.evolve(memory, policy=elsewhere))
    assert memory.unit_of_work.tables.users[identity.user.id].pending_email is None


@pytest.mark.parametrize(
    ("email", "error"), [("", MissingFieldsError), (5, InvalidFieldsError), ("x", InvalidFieldsError)]
)
async def test_what_is_no_address_is_refused(
    memory: MemoryPorts, identity: Identity, email: object, error: type[AuthError]
) -> None:
    await refused(change_email(identity, email, ports=memory), error)


@pytest.mark.parametrize("use", [confirm_email, undo_email_change])
@pytest.mark.parametrize("ending", ["", "A" * 42, "A" * 43, "é" * 43])
async def test_what_never_was_a_link_is_refused(
    memory: MemoryPorts, alice: SignedIn, use: Callable[..., Awaitable[User]], ending: str
) -> None:
    for prefix in ("email_", "undo_", "reset_", "verify_"):
        await refused(use(prefix + ending, ports=memory))
    await refused(use("", ports=memory), MissingFieldsError)


async def test_a_secret_is_good_for_its_purpose_alone(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    undo = await moved(memory, identity, B)
    secret = await asked(memory, identity, C)
    for wrong in (undo, undo.replace("undo_", "email_"), secret.replace("email_", "")):
        await refused(confirm_email(wrong, ports=memory))
    for wrong in (secret, secret.replace("email_", "undo_")):
        await refused(undo_email_change(wrong, ports=memory))
    for wrong in (secret, undo):
        await refused(verify_email(wrong.replace("email_", "verify_").replace("undo_", "verify_"), ports=memory))
    assert kept(memory, alice).email.canonical == B


@pytest.mark.parametrize("use", ["confirm", "undo"])
async def test_of_sixteen_at_once_one_uses_a_link(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, use: str
) -> None:
    if use == "confirm":
        secret = await asked(memory, identity, B)
        calls = [confirm_email(secret, ports=memory) for _ in range(16)]
    else:
        secret = await moved(memory, identity, B)
        calls = [undo_email_change(secret, ports=memory) for _ in range(16)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidEmailTokenError) for outcome in outcomes) == 15
    assert len(memory.unit_of_work.tables.email_changes) == (use == "confirm")


@pytest.mark.parametrize("undo_first", [True, False])
async def test_a_confirmation_against_an_undo_leaves_the_old_address(
    memory: MemoryPorts, alice: SignedIn, identity: Identity, undo_first: bool
) -> None:
    undo = await moved(memory, identity, B)
    secret = await asked(memory, identity, C)
    calls = [undo_email_change(undo, ports=memory), confirm_email(secret, ports=memory)]
    await asyncio.gather(*(calls if undo_first else calls[::-1]), return_exceptions=True)
    assert kept(memory, alice).email == alice.user.email


async def test_of_two_accounts_one_gets_an_address(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    secrets = [await asked(memory, identity, B), await asked(memory, identity_of(bob), B)]
    outcomes = await asyncio.gather(
        *(confirm_email(secret, ports=memory) for secret in secrets * 10), return_exceptions=True
    )
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidEmailTokenError | EmailTakenError) for outcome in outcomes) == 19
    assert len([user for user in memory.unit_of_work.tables.users.values() if user.email.canonical == B]) == 1


async def test_looking_at_links_uses_nothing_up(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    secret = await asked(memory, identity, B)
    for _ in range(3):
        link = await look_at_confirmation_link(secret, ports=memory)
        assert (link.state, str(link.address)) == (LinkState.USABLE, B)
    await confirm_email(secret, ports=memory)
    assert (await look_at_confirmation_link(secret, ports=memory)).state is LinkState.USED
    (undo,) = await mailed(memory, MailKind.EMAIL_CHANGED, A)
    for _ in range(3):
        link = await look_at_undo_link(undo, ports=memory)
        assert (link.state, link.address) == (LinkState.USABLE, alice.user.email)
    await undo_email_change(undo, ports=memory)
    assert (await look_at_undo_link(undo, ports=memory)).state is LinkState.USED
    assert (await look_at_confirmation_link(secret, ports=memory)).state is LinkState.VOID
    for look in (look_at_confirmation_link, look_at_undo_link):
        for other in (None, 5, "email_x", "undo_x"):
            assert (await look(other, ports=memory)).state is LinkState.VOID


async def test_the_secrets_are_kept_nowhere(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    undo = await moved(memory, identity, B)
    secret = await asked(memory, identity, C)
    text = str(attrs.asdict(memory.unit_of_work.tables))
    assert undo.removeprefix("undo_") not in text
    assert secret.removeprefix("email_") not in text


async def test_a_suspended_account_is_restored_and_stays_suspended(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    undo = await moved(memory, identity, B)
    await change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=memory)
    back = await undo_email_change(undo, ports=memory)
    assert (back.email, back.is_suspended) == (alice.user.email, True)
    assert await mailed(memory, MailKind.EMAIL_CHANGE_UNDONE, A) == [], "no link opens it"


async def test_the_link_to_a_new_password_comes_though_others_used_the_links_of_the_hour_up(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    undo = await moved(memory, identity, B)
    for _ in range(9):
        await request_password_reset(B, ports=memory)
    await undo_email_change(undo, ports=memory)
    assert len(await mailed(memory, MailKind.EMAIL_CHANGE_UNDONE, A)) == 1


async def test_a_click_on_the_new_link_again_is_answered_as_the_first_one(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await undo_email_change(await moved(memory, identity, B), ports=memory)
    (link,) = await mailed(memory, MailKind.EMAIL_CHANGE_UNDONE, A)
    assert not await was_password_reset(link, "new-secret", ports=memory)
    await reset_password(link, "new-secret", ports=memory)
    assert await was_password_reset(link, "new-secret", ports=memory)


async def test_an_admin_sets_an_address(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    await request_password_reset(A, ports=memory)
    (reset,) = await mailed(memory, MailKind.RESET_LINK, A)
    on = attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_verification=EmailVerification.ON))
    changed = await change_user(OPERATOR, alice.user.id, {"email": "Al@example.org"}, ports=on)
    assert (changed.user.email.typed, changed.user.is_email_verified) == ("Al@example.org", False)
    await refused(reset_password(reset, "new-secret", ports=memory), InvalidResetTokenError)
    (verification,) = await mailed(memory, MailKind.VERIFY_EMAIL, B)
    assert [mail.to.canonical for mail in memory.mailer.notices] == [A], "whoever had it is told"
    assert memory.mailer.undo_links == [], "but does not undo what an admin did"
    assert (await verify_email(verification, ports=memory)).email == changed.user.email
    assert await sign_up("Next", A, "secret", ports=memory), "nor is it kept"
    await refused(change_user(OPERATOR, alice.user.id, {"email": A}, ports=memory), EmailTakenError)


async def test_an_admin_says_whether_an_address_is_verified(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    change = {"email": B, "email_verified": True}
    assert (await change_user(OPERATOR, alice.user.id, change, ports=memory)).user.is_email_verified
    respelled = await change_user(OPERATOR, alice.user.id, {"email": B.upper()}, ports=memory)
    assert (respelled.user.email.typed, respelled.user.is_email_verified) == (B.upper(), True)
    events = [event.type.value for event in memory.unit_of_work.tables.events.values()]
    assert events.count("user.email_changed") == 2
    assert events.count("user.email_verified") == 1
    assert not [mail for mail in memory.mailer.mails if B in mail.to.canonical]


async def test_events_are_thin(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    undo = await moved(memory, identity, B)
    await undo_email_change(undo, ports=memory)
    events = list(memory.unit_of_work.tables.events.values())
    told = [(event.type.value, event.actor, dict(event.data)) for event in events]
    assert ("user.email_changed", alice.user.id, {}) in told
    assert ("user.email_change_undone", alice.user.id, {}) in told
    expires_at = alice.session.expires_at.isoformat().replace("+00:00", "Z")
    ended = {"session_id": alice.session.id, "reason": "email_change_undone", "expires_at": expires_at}
    assert ("session.ended", alice.user.id, ended) in told
    assert not [data for _, _, data in told if "@" in str(data)]


async def test_an_account_that_never_had_a_password_comes_back_too(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    memory.unit_of_work.tables.credentials.clear()
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    (user,) = memory.unit_of_work.tables.users.values()
    assert user.email.canonical == "alice@example.com"


async def test_a_mail_of_an_account_that_is_gone_goes_nowhere(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    memory.unit_of_work.tables.users.clear()
    assert (await deliver_due_mails(ports=memory)).dropped == 1
    assert memory.mailer.mails == []
