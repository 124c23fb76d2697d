"""People: they sign up, log in and out, and change and forget their passwords. Each act judges its own answer."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TypeVar

from leadnator_auth.domain import (
    AccountSuspendedError,
    Client,
    Identity,
    InvalidCredentialsError,
    InvalidTokenError,
    LogOutScope,
    MailKind,
    MailRequest,
    Purpose,
    Status,
    change_password,
    end_session,
    identify,
    identify_for_media,
    issue_media_token,
    log_in,
    log_out,
    request_password_reset,
    resend_verification,
    reset_password,
    sign_up,
    verify_email,
)
from tests.simulation.ledger import Account, KnownSession, Threat
from tests.simulation.scheduler import Violation, sleep
from tests.simulation.watching import had_their_fill
from tests.simulation.world import Outcome, World

Value = TypeVar("Value")

EMAILS = ("ann@example.com", "bob@example.com", "cat@other.example")
NOBODY = "nobody@example.com"
CLIENTS = (Client("192.0.2.1"), Client("192.0.2.2"))
LEEWAY = timedelta(seconds=60)


async def sign_up_somebody(world: World) -> None:
    """A new account, if the address is free."""
    email, client = world.pick(EMAILS), world.pick(CLIENTS)
    password = world.passwords.new()
    outcome = await world.attempt(
        f"sign up {email} from {client.network}",
        sign_up("Somebody", email, password, client, ports=world.ports),
    )
    world.count_try(world.policy.limits.sign_up, client.network, outcome)
    if outcome.is_acknowledged:
        signed_in = outcome.result
        account = Account.new(signed_in.user.id, email, password)
        account.sessions.append(
            KnownSession(signed_in.session.id, signed_in.token, signed_in.session.expires_at, password)
        )
        world.accounts.append(account)
        expect_mail(world, outcome, MailKind.VERIFY_EMAIL, email)


async def log_in_somebody(world: World) -> None:
    """A new session, mostly with the right password, at times with an old or a wrong one."""
    account, client = world.pick(world.accounts), world.pick(CLIENTS)
    password = _guess(world, account)
    could_be_right = account.password.may_be(password)
    must_be_right = account.password.is_surely(password) and account.exists.is_surely(True)
    was_shut = account.exists.is_surely(False) or account.status.is_surely(Status.SUSPENDED)
    was_active = account.status.is_surely(Status.ACTIVE)
    changes, threats = account.changes, account.threats_begun
    with _clearing(world, account, client):
        outcome = await world.attempt(
            f"log in {account.email} {password}", log_in(account.email, password, client, ports=world.ports)
        )
    is_unchanged = account.changes == changes
    if isinstance(outcome.refusal, InvalidCredentialsError) and must_be_right and is_unchanged:
        raise Violation(f"the password of {account.email} was lost")
    if isinstance(outcome.refusal, AccountSuspendedError) and was_active and is_unchanged:
        raise Violation(f"{account.email} was not suspended")
    if not outcome.is_acknowledged:
        return
    signed_in = outcome.result
    if signed_in.user.id != account.user_id:
        return  # of somebody who signed up after this account was deleted, and never knew
    if not could_be_right and not account.password.may_be(password):
        raise Violation(f"{password} opened {account.email}")
    if was_shut and is_unchanged:
        raise Violation(f"{account.email} got in although it was shut")
    session = KnownSession(signed_in.session.id, signed_in.token, signed_in.session.expires_at, password)
    session.threats = int(account.threats > 0 or account.threats_begun != threats)
    account.sessions.append(session)
    account.settle()


def _guess(world: World, account: Account) -> str:
    if world.maybe(0.7):
        return world.pick(account.password.possible)
    return "wrong-password" if world.maybe(0.6) else world.passwords.any(world.chance)


def _clearing(world: World, account: Account, client: Client) -> AbstractContextManager[None]:
    """What is done in the block may prove who somebody is, and then wrong tries are forgotten."""
    return world.clearing_tries(world.policy.limits.log_in, f"{account.email} {client.network}")


def _count_wrong(world: World, account: Account, client: Client, outcome: Outcome[Value]) -> None:
    if isinstance(outcome.refusal, InvalidCredentialsError):
        world.count_try(world.policy.limits.log_in, f"{account.email} {client.network}", outcome)


async def guess_a_password(world: World) -> None:
    """Somebody tries wrong passwords in a row."""
    account, client = world.pick(world.accounts), world.pick(CLIENTS)
    for _ in range(6):
        outcome = await world.attempt(
            f"guess {account.email} from {client.network}",
            log_in(account.email, "wrong-password", client, ports=world.ports),
        )
        if outcome.is_acknowledged:
            raise Violation(f"a wrong password opened {account.email}")
        if outcome.refusal is None:
            return
        _count_wrong(world, account, client, outcome)


async def look_at_oneself(world: World) -> None:
    """Whether a token is good, for the calls of an API and for a picture."""
    account, session = world.pick(world.known_sessions())
    was_over = session.is_dead or world.clock.instant >= session.expires_at + LEEWAY
    was_usable, changes = account.is_usable, account.changes
    ports, for_media = world.ports, world.maybe(0.2)
    wait = 300.0 if for_media and world.maybe(0.3) else 0.0

    async def look() -> Identity:
        identity = await identify(session.token, ports=ports)
        if for_media:
            media = issue_media_token(identity, "/media", ports=ports)
            await sleep(wait)
            identity = await identify_for_media(media.token, "/media/1", ports=ports)
        return identity

    outcome = await world.attempt(f"look at {account.email} through {session.id}", look())
    if outcome.is_acknowledged:
        if was_over or wait:
            raise Violation(f"the token of {session} is good after its end")
        if outcome.result.user.id != account.user_id:
            raise Violation(f"the token of {account.email} is good for {outcome.result.user}")
    must_be_good = (
        not wait and session.threats == 0 and was_usable and account.changes == changes and not session.is_dead
    )
    if outcome.refusal and must_be_good and world.clock.instant < session.expires_at:
        raise Violation(f"the token of {session} was refused")


async def _as_user(world: World, session: KnownSession, act: Callable[[Identity], Awaitable[None]]) -> bool:
    """Does something as the user with this token, as a handler of HTTP does."""
    await act(await identify(session.token, ports=world.ports))
    return True


async def log_out_somebody(world: World) -> None:
    """The end of one session, of all, or of all others."""
    account, session = world.pick(world.known_sessions())
    scope = world.pick(tuple(LogOutScope))
    is_local = scope is LogOutScope.LOCAL
    threat = Threat.begin(
        account,
        only=session if is_local else None,
        keep=session if scope is LogOutScope.OTHERS else None,
    )

    async def act(identity: Identity) -> None:
        await log_out(identity, scope, ports=world.ports)

    outcome = await world.attempt(f"log out {scope} {account.email}", _as_user(world, session, act))
    _settle_threat(threat, outcome, whole_account=not is_local)


async def end_another_session(world: World) -> None:
    """The end of a session, through another one of the same user."""
    account, session = world.pick(world.known_sessions())
    other = world.pick(account.sessions)
    threat = Threat.begin(account, only=other)

    async def act(identity: Identity) -> None:
        await end_session(identity, other.id, ports=world.ports)

    outcome = await world.attempt(f"end {other.id} of {account.email}", _as_user(world, session, act))
    _settle_threat(threat, outcome, whole_account=False)


def _settle_threat(threat: Threat, outcome: Outcome[Value], *, whole_account: bool = True) -> None:
    if outcome.is_acknowledged:
        threat.acknowledge(whole_account=whole_account)
    elif outcome.refusal:
        threat.refuse(whole_account=whole_account)
    else:
        threat.lose(whole_account=whole_account)


async def change_ones_password(world: World) -> None:
    """A new password for one who knows the old one, or does not."""
    account, session = world.pick(world.known_sessions())
    client, current = world.pick(CLIENTS), _guess(world, account)
    password = world.passwords.new()
    could_be_right, was_dead, kept_password = account.password.may_be(current), session.is_dead, session.password
    session.password = None
    threat = Threat.begin(account, keep=session, with_secrets=True)
    write = account.password.begin(password)
    changes = account.password.begun

    async def act(identity: Identity) -> None:
        await change_password(identity, current, password, client, ports=world.ports)

    with _clearing(world, account, client):
        outcome = await world.attempt(f"change {account.email} {current} {password}", _as_user(world, session, act))
    if not isinstance(outcome.refusal, InvalidTokenError):
        world.count_try(world.policy.limits.change_password, client.network, outcome)
    _settle_threat(threat, outcome)
    if outcome.is_acknowledged:
        if was_dead or not (could_be_right or account.password.may_be(current)):
            raise Violation(f"{account.email} changed the password with {current} through {session}")
        if current in account.spent_passwords:
            raise Violation(f"{current} of {account.email} was replaced twice")
        account.spent_passwords.append(current)
        account.password.acknowledge(write)
        session.password = password
        expect_mail(world, outcome, MailKind.PASSWORD_CHANGED, account.email)
    elif outcome.refusal:
        account.password.refuse(write)
        if account.password.begun == changes:
            session.password = kept_password
    else:
        account.password.lose(write)
    account.settle()


def expect_mail(world: World, outcome: Outcome[Value], kind: MailKind, email: str) -> None:
    """Notes that somebody was promised a mail."""
    queued = [mail.id for mail in outcome.changes.mails if mail.payload == MailRequest(kind, email)]
    had_enough = kind is not MailKind.RESET_LINK and had_their_fill(
        MailRequest(kind, email), outcome.begun_at, world.watcher.seen, world.policy
    )
    if len(queued) != 1 and not (not queued and had_enough):
        raise Violation(f"{len(queued)} mails wait for {email}")
    world.owed_mails += queued


async def forget_ones_password(world: World) -> None:
    """Asks for a link, for an address of somebody or nobody."""
    email, client = world.pick((*EMAILS, NOBODY)), world.pick(CLIENTS)
    outcome = await world.attempt(
        f"forget {email} from {client.network}", request_password_reset(email, client, ports=world.ports)
    )
    world.count_try(world.policy.limits.forgot, client.network, outcome)
    if outcome.is_acknowledged:
        expect_mail(world, outcome, MailKind.RESET_LINK, email)


async def ask_to_verify(world: World) -> None:
    """Asks for another link that proves an address."""
    account, session = world.pick(world.known_sessions())

    async def act(identity: Identity) -> None:
        await resend_verification(identity, ports=world.ports)

    outcome = await world.attempt(f"ask to verify {account.email}", _as_user(world, session, act))
    if outcome.is_acknowledged:
        world.owed_mails += [mail.id for mail in outcome.changes.mails]


async def verify_ones_address(world: World) -> None:
    """Uses a link that proves an address, any of them."""
    account, secret = world.pick(world.known_secrets(Purpose.VERIFY))
    was_over = secret.is_void or secret.acknowledged or world.clock.instant >= secret.expires_at
    was_gone = account.exists.is_surely(False)
    outcome = await world.attempt(f"verify {account.email}", verify_email(secret.secret, ports=world.ports))
    if outcome.is_acknowledged:
        secret.acknowledged += 1
        if was_over or was_gone or secret.acknowledged > 1:
            raise Violation(f"{secret} of {account.email} worked")
        if outcome.result.id != account.user_id:
            raise Violation(f"a link of {account.email} proved the address of {outcome.result}")


async def reset_ones_password(world: World) -> None:
    """Uses a link, the newest one or any."""
    known = world.known_secrets(Purpose.RESET)
    account, secret = known[-1] if world.maybe(0.5) else world.pick(known)
    client, password = world.pick(CLIENTS), world.passwords.new(secret.secret)
    was_over = secret.is_void or secret.acknowledged or world.clock.instant >= secret.expires_at
    was_gone = account.exists.is_surely(False)
    threat = Threat.begin(account, with_secrets=True)
    write = account.password.begin(password)
    with _clearing(world, account, client):
        work = reset_password(secret.secret, password, client, ports=world.ports)
        outcome = await world.attempt(f"reset {account.email} {password}", work)
    world.count_try(world.policy.limits.reset, client.network, outcome)
    _settle_threat(threat, outcome)
    if outcome.is_acknowledged:
        secret.acknowledged += 1
        if was_over or was_gone or secret.acknowledged > 1:
            raise Violation(f"{secret} of {account.email} worked")
        account.password.acknowledge(write)
        expect_mail(world, outcome, MailKind.PASSWORD_CHANGED, account.email)
    elif outcome.refusal:
        account.password.refuse(write)
    else:
        account.password.lose(write)
    account.settle()
