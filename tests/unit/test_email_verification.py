"""Proving that an address is one's own, in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    Client,
    EmailAddress,
    EmailNotVerifiedError,
    EmailVerification,
    Identity,
    InvalidCredentialsError,
    InvalidEmailTokenError,
    InvalidResetTokenError,
    InvalidTokenError,
    LinkState,
    LogOutScope,
    MissingFieldsError,
    NotFoundError,
    Policy,
    Ports,
    Purpose,
    SignedIn,
    User,
    change_password,
    change_user,
    create_user,
    delete_user,
    deliver_due_mails,
    identify,
    identify_for_media,
    import_users,
    issue_media_token,
    log_in,
    log_out,
    look_at_verification_link,
    purge,
    request_password_reset,
    resend_verification,
    reset_password,
    sign_up,
    verify_email,
)
from leadnator_auth.domain.entities.mail import SecretMail

EMAIL = "alice@example.com"
OPERATOR = Actor.operator()


@pytest.fixture
def memory() -> MemoryPorts:
    """A world with what is set by default: who signs up is mailed a link."""
    return memory_ports()


def with_verification(memory: MemoryPorts, mode: EmailVerification) -> MemoryPorts:
    return attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_verification=mode))


@pytest.fixture
def strict(memory: MemoryPorts) -> MemoryPorts:
    """The same world, where verification is required."""
    return with_verification(memory, EmailVerification.REQUIRED)


async def mailed_links(memory: MemoryPorts) -> list[SecretMail]:
    await deliver_due_mails(ports=memory)
    return memory.mailer.verification_links


async def mailed_secret(memory: MemoryPorts) -> str:
    return (await mailed_links(memory))[-1].secret


async def reset_secret(memory: MemoryPorts) -> str:
    await request_password_reset(EMAIL, ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


def kept(memory: MemoryPorts, signed_in: SignedIn) -> User:
    return memory.unit_of_work.tables.users[signed_in.user.id]


async def test_who_signs_up_is_mailed_a_link_that_proves_the_address(memory: MemoryPorts, alice: SignedIn) -> None:
    assert not alice.user.is_email_verified
    (mail,) = await mailed_links(memory)
    assert (mail.to, mail.lifetime) == (alice.user.email, timedelta(days=1))
    assert mail.secret.startswith("verify_")
    memory.clock.advance(hours=23)
    assert (await verify_email(mail.secret, ports=memory)).id == alice.user.id
    assert kept(memory, alice).email_verified_at == memory.clock.now()


async def test_nothing_else_of_the_account_changes(memory: MemoryPorts, alice: SignedIn) -> None:
    reset = await reset_secret(memory)
    tables = memory.unit_of_work.tables
    await verify_email(await mailed_secret(memory), ports=memory)
    after = memory.unit_of_work.tables
    assert kept(memory, alice) == attrs.evolve(alice.user, email_verified_at=memory.clock.now())
    assert (after.sessions, after.credentials) == (tables.sessions, tables.credentials)
    await reset_password(reset, "new-secret", ports=memory)


async def test_a_link_works_once(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    await verify_email(secret, ports=memory)
    await change_user(OPERATOR, alice.user.id, {"email_verified": False}, ports=memory)
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(secret, ports=memory)
    assert not kept(memory, alice).is_email_verified


async def test_of_twenty_at_once_one_uses_the_link(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    attempts = (verify_email(secret, ports=memory) for _ in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidEmailTokenError) for outcome in outcomes) == 19


async def test_what_was_mailed_beside_it_is_worth_nothing_then(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    await resend_verification(identity, ports=memory)
    first, second = [mail.secret for mail in await mailed_links(memory)]
    await verify_email(first, ports=memory)
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(second, ports=memory)


@pytest.mark.parametrize(("hours", "works"), [(23.99, True), (24, False), (500, False)])
async def test_a_link_lives_a_day(memory: MemoryPorts, alice: SignedIn, hours: float, works: bool) -> None:
    secret = await mailed_secret(memory)
    memory.clock.advance(hours=hours)
    if works:
        await verify_email(secret, ports=memory)
    else:
        with pytest.raises(InvalidEmailTokenError):
            await verify_email(secret, ports=memory)


async def test_the_lifetime_is_the_operators(memory: MemoryPorts, alice: SignedIn) -> None:
    short = attrs.evolve(memory, policy=Policy(email_token_lifetime=timedelta(minutes=5)))
    secret = await mailed_secret(short)
    memory.clock.advance(minutes=5)
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(secret, ports=memory)


Story = Callable[[MemoryPorts, SignedIn], Awaitable[object]]


async def _moved(memory: MemoryPorts, alice: SignedIn) -> None:
    """Gives Alice another address and does nothing else, not even what a change of address has to do besides."""
    user = attrs.evolve(kept(memory, alice), email=EmailAddress("al@example.org", "al@example.org"))
    memory.unit_of_work.tables.users[user.id] = user


async def _moved_there_and_back(memory: MemoryPorts, alice: SignedIn) -> None:
    user = kept(memory, alice)
    memory.unit_of_work.tables.users[user.id] = attrs.evolve(user, secret_epoch=user.secret_epoch + 2)


async def _suspended_and_activated(memory: MemoryPorts, alice: SignedIn) -> None:
    for status in ("suspended", "active"):
        await change_user(OPERATOR, alice.user.id, {"status": status}, ports=memory)


async def _other_password(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_password(Identity(alice.user, alice.session), "secret", "new-secret", ports=memory)


async def _registered_again(memory: MemoryPorts, alice: SignedIn) -> None:
    await delete_user(OPERATOR, alice.user.id, ports=memory)
    await sign_up("Mallory", EMAIL, "other-secret", ports=memory)


@pytest.mark.parametrize(
    "story", [_moved, _moved_there_and_back, _suspended_and_activated, _other_password, _registered_again]
)
async def test_an_old_link_verifies_nothing_after(memory: MemoryPorts, alice: SignedIn, story: Story) -> None:
    secret = await mailed_secret(memory)
    await story(memory, alice)
    assert (await look_at_verification_link(secret, ports=memory)).state is LinkState.VOID
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(secret, ports=memory)
    assert not [user for user in memory.unit_of_work.tables.users.values() if user.is_email_verified]


async def test_an_old_link_is_called_void_though_the_new_address_is_verified(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    secret = await mailed_secret(memory)
    await _moved(memory, alice)
    await change_user(OPERATOR, alice.user.id, {"email_verified": True}, ports=memory)
    assert (await look_at_verification_link(secret, ports=memory)).state is LinkState.VOID


async def test_no_link_to_the_old_address_resets_the_password_either(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await reset_secret(memory)
    await _moved(memory, alice)
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "new-secret", ports=memory)
    assert not kept(memory, alice).is_email_verified


async def test_a_link_that_waits_goes_with_its_account(memory: MemoryPorts, alice: SignedIn) -> None:
    await _registered_again(memory, alice)
    (link,) = await mailed_links(memory)
    assert (await verify_email(link.secret, ports=memory)).name == "Mallory"


async def test_a_secret_is_good_for_its_purpose_alone(memory: MemoryPorts, alice: SignedIn) -> None:
    verification, reset = await mailed_secret(memory), await reset_secret(memory)
    for secret in (reset, reset.replace("reset_", "verify_"), verification.replace("verify_", "")):
        with pytest.raises(InvalidEmailTokenError):
            await verify_email(secret, ports=memory)
    for secret in (verification, verification.replace("verify_", "reset_")):
        with pytest.raises(InvalidResetTokenError):
            await reset_password(secret, "new-secret", ports=memory)
    assert not kept(memory, alice).is_email_verified


@pytest.mark.parametrize("secret", ["x", "verify_", "verify_" + "A" * 42, "verify_" + "A" * 43, "verify_" + "é" * 43])
async def test_what_never_was_a_link_is_refused(memory: MemoryPorts, alice: SignedIn, secret: str) -> None:
    with pytest.raises(InvalidEmailTokenError):
        await verify_email(secret, ports=memory)
    with pytest.raises(MissingFieldsError):
        await verify_email("", ports=memory)


async def test_looking_at_a_link_uses_nothing_up(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    for _ in range(3):
        link = await look_at_verification_link(secret, ports=memory)
        assert (link.state, link.address) == (LinkState.USABLE, alice.user.email)
    await verify_email(secret, ports=memory)
    link = await look_at_verification_link(secret, ports=memory)
    assert (link.state, link.address) == (LinkState.USED, None)
    for other in (None, 5, "verify_x", await reset_secret(memory)):
        assert (await look_at_verification_link(other, ports=memory)).state is LinkState.VOID


async def test_the_secret_is_kept_nowhere(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    assert secret.removeprefix("verify_") not in str(attrs.asdict(memory.unit_of_work.tables))


async def test_a_reset_proves_the_address_too_and_a_change_of_password_does_not(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    verification = await mailed_secret(memory)
    await _other_password(memory, alice)
    assert not kept(memory, alice).is_email_verified
    owner = await reset_password(await reset_secret(memory), "third-secret", ports=memory)
    assert owner.email_verified_at == memory.clock.now()
    assert kept(memory, alice) == owner
    assert (await look_at_verification_link(verification, ports=memory)).state is LinkState.USED


async def test_when_it_was_proved_first_is_kept(memory: MemoryPorts, alice: SignedIn) -> None:
    await verify_email(await mailed_secret(memory), ports=memory)
    first = memory.clock.now()
    memory.clock.advance(days=5)
    owner = await reset_password(await reset_secret(memory), "new-secret", ports=memory)
    await change_user(OPERATOR, owner.id, {"email_verified": True}, ports=memory)
    assert kept(memory, alice).email_verified_at == first


async def test_an_account_gets_five_mails_an_hour_and_nobody_who_asks_can_tell(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    for _ in range(20):
        await resend_verification(identity, ports=memory)
    assert len(await mailed_links(memory)) == 5
    for _ in range(20):
        await resend_verification(identity, ports=memory)
        await deliver_due_mails(ports=memory)
    assert len(await mailed_links(memory)) == 5
    assert len(memory.unit_of_work.tables.mails) == 5, "nor does anything pile up"
    memory.clock.advance(hours=1)
    await resend_verification(identity, ports=memory)
    assert len(await mailed_links(memory)) == 6


async def test_signing_up_and_deleting_again_and_again_floods_no_mailbox(memory: MemoryPorts) -> None:
    for _ in range(8):
        signed_in = await sign_up("Mallory", EMAIL, "secret", ports=memory)
        await deliver_due_mails(ports=memory)
        await delete_user(OPERATOR, signed_in.user.id, ports=memory)
    assert len(await mailed_links(memory)) == 5


async def test_who_is_verified_gets_no_other_link(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    await resend_verification(identity, ports=memory)
    await change_user(OPERATOR, alice.user.id, {"email_verified": True}, ports=memory)
    await resend_verification(identity, ports=memory)
    assert await mailed_links(memory) == []


async def test_who_is_suspended_gets_none_either(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=memory)
    assert await mailed_links(memory) == []


async def test_a_session_that_ended_asks_for_nothing(memory: MemoryPorts, alice: SignedIn, identity: Identity) -> None:
    other = await log_in(EMAIL, "secret", ports=memory)
    await log_out(Identity(other.user, other.session), LogOutScope.OTHERS, ports=memory)
    with pytest.raises(InvalidTokenError):
        await resend_verification(identity, ports=memory)


async def test_where_it_is_off_nobody_is_asked_and_links_from_before_still_work(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    secret = await mailed_secret(memory)
    off = with_verification(memory, EmailVerification.OFF)
    await sign_up("Bob", "bob@example.com", "secret", ports=off)
    with pytest.raises(NotFoundError):
        await resend_verification(identity, ports=off)
    assert len(await mailed_links(off)) == 1
    assert (await verify_email(secret, ports=off)).is_email_verified


async def test_nothing_is_withheld_where_it_is_on(memory: MemoryPorts, alice: SignedIn) -> None:
    assert (await identify(alice.token, ports=memory)).user == alice.user
    assert (await log_in(EMAIL, "secret", ports=memory)).user == alice.user


async def test_a_host_may_ask_for_who_is_verified_all_the_same(memory: MemoryPorts, alice: SignedIn) -> None:
    media = issue_media_token(Identity(alice.user, alice.session), "/media", ports=memory).token
    for identified in (
        identify(alice.token, verified=True, ports=memory),
        identify_for_media(media, "/media/1", verified=True, ports=memory),
    ):
        with pytest.raises(EmailNotVerifiedError):
            await identified
    await verify_email(await mailed_secret(memory), ports=memory)
    assert await identify(alice.token, verified=True, ports=memory)
    assert await identify_for_media(media, "/media/1", verified=True, ports=memory)


async def test_where_it_is_required_the_right_password_opens_nothing_before(
    strict: MemoryPorts, alice: SignedIn
) -> None:
    before = strict.unit_of_work.tables
    for _ in range(3):
        with pytest.raises(EmailNotVerifiedError) as refusal:
            await log_in(EMAIL, "secret", Client("192.0.2.1"), ports=strict)
        assert refusal.value.user_id == alice.user.id
    after = strict.unit_of_work.tables
    assert (after.sessions, after.known_clients) == (before.sessions, before.known_clients)
    await verify_email(await mailed_secret(strict), ports=strict)
    assert await log_in(EMAIL, "secret", ports=strict)


async def test_without_the_right_password_nobody_learns_whether_it_is_verified(
    strict: MemoryPorts, alice: SignedIn
) -> None:
    strict.hasher.verified = 0
    for email in (EMAIL, "nobody@example.com"):
        with pytest.raises(InvalidCredentialsError):
            await log_in(email, "wrong", ports=strict)
    assert strict.hasher.verified == 2


async def test_a_suspended_account_is_told_so_first(strict: MemoryPorts, alice: SignedIn) -> None:
    await change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=strict)
    with pytest.raises(AuthError) as refusal:
        await log_in(EMAIL, "secret", ports=strict)
    assert refusal.value.code == "account_suspended"


async def test_the_session_of_the_sign_up_is_there_for_what_lets_it_in(strict: MemoryPorts) -> None:
    alice = await sign_up("Alice", EMAIL, "secret", ports=strict)
    media = issue_media_token(Identity(alice.user, alice.session), "/media", ports=strict).token
    for identified in (identify(alice.token, ports=strict), identify_for_media(media, "/media/1", ports=strict)):
        with pytest.raises(EmailNotVerifiedError):
            await identified
    assert (await identify(alice.token, verified=False, ports=strict)).user == alice.user
    await verify_email(await mailed_secret(strict), ports=strict)
    assert (await identify(alice.token, ports=strict)).user.is_email_verified


async def test_a_reset_is_the_way_in_for_who_has_no_session_left(strict: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await reset_secret(strict), "new-secret", ports=strict)
    assert await log_in(EMAIL, "new-secret", ports=strict)


async def test_the_operator_makes_accounts_that_are_verified_or_will_be(strict: MemoryPorts) -> None:
    async def made(email: str, *, email_verified: bool) -> None:
        await create_user(OPERATOR, "Bob", email, "secret", email_verified=email_verified, ports=strict)

    await made("bob@example.com", email_verified=True)
    await made("carol@example.com", email_verified=False)
    assert [mail.to.canonical for mail in await mailed_links(strict)] == ["carol@example.com"]
    assert (await log_in("bob@example.com", "secret", ports=strict)).user.is_email_verified
    with pytest.raises(EmailNotVerifiedError):
        await log_in("carol@example.com", "secret", ports=strict)


@pytest.mark.parametrize(
    ("said", "is_verified"),
    [
        *((said, True) for said in (True, "true", "TRUE", " t ", "yes", "1")),
        *((said, False) for said in (False, "false", "F", "no", "0", None, "")),
    ],
)
async def test_who_is_imported_is_verified_if_the_other_system_says_so(
    memory: MemoryPorts, said: object, is_verified: bool
) -> None:
    bob = {"name": "Bob", "email": "bob@example.com", "password_hash": "cheap$1$bob", "email_verified": said}
    (outcome,) = await import_users([bob], ports=memory)
    assert outcome.errors == ()
    (user,) = memory.unit_of_work.tables.users.values()
    assert user.email_verified_at == (memory.clock.now() if is_verified else None)
    assert await mailed_links(memory) == [], "a hundred thousand people need not be asked at once"


@pytest.mark.parametrize("said", ["perhaps", "2026-01-01", 1, [True], {}])
async def test_what_says_neither_is_refused(memory: MemoryPorts, said: object) -> None:
    bob = {"name": "Bob", "email": "bob@example.com", "password_hash": "cheap$1$bob", "email_verified": said}
    (outcome,) = await import_users([bob], ports=memory)
    assert [error.field for error in outcome.errors] == ["email_verified"]


@pytest.mark.parametrize("said", ["true", "", None, 1, 0, []])
async def test_an_admin_says_true_or_false(memory: MemoryPorts, alice: SignedIn, said: object) -> None:
    with pytest.raises(AuthError) as refusal:
        await change_user(OPERATOR, alice.user.id, {"email_verified": said}, ports=memory)
    assert refusal.value.code == ("missing_fields" if said in ("", None) else "invalid_fields")
    assert not kept(memory, alice).is_email_verified


async def test_what_was_mailed_is_forgotten_no_sooner_than_it_counts(
    memory: MemoryPorts, alice: SignedIn, identity: Identity
) -> None:
    short: Ports = attrs.evolve(memory, policy=Policy(email_token_lifetime=timedelta(minutes=1)))
    for _ in range(5):
        await resend_verification(identity, ports=short)
    await deliver_due_mails(ports=short)
    memory.clock.advance(minutes=50)
    await purge(ports=short)
    tokens = memory.unit_of_work.tables.one_time_tokens.values()
    assert sum(token.purpose is Purpose.VERIFY for token in tokens) == 5
