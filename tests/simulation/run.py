"""Runs one seed to its end: first with faults, then without, and then it looks at what is left."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from leadnator_auth.adapters.memory import Tables
from leadnator_auth.domain import (
    Actor,
    AuthError,
    DeliveryState,
    InvalidTokenError,
    OutboxEntry,
    Purpose,
    Role,
    UnavailableError,
    create_user,
    deliver_due_events,
    deliver_due_mails,
    identify,
    identify_for_media,
    log_in,
)
from leadnator_auth.domain.use_cases import dispatch_events
from leadnator_auth.domain.use_cases.steps import end_sessions
from tests.simulation import callers, keepers
from tests.simulation.feed import MAX_QUEUED
from tests.simulation.ledger import Account, KnownSession
from tests.simulation.scheduler import Task, Violation, finished, pretending_to_loop
from tests.simulation.world import World

ACTS_A_WORLD = 28
ADMINS = ("root@example.com", "boss@example.com")

Act = Callable[[World], Awaitable[None]]

# How often each is done; what needs somebody who is not there yet is left out.
ANYBODY: tuple[tuple[Act, int], ...] = (
    (callers.sign_up_somebody, 4),
    (callers.log_in_somebody, 5),
    (callers.forget_ones_password, 4),
    (callers.guess_a_password, 1),
    (keepers.create_somebody, 1),
    (keepers.change_somebody, 4),
    (keepers.delete_somebody, 1),
    (keepers.deliver, 6),
    (keepers.dispatch, 3),
    (keepers.hand_over, 4),
    (keepers.go_down_or_up, 1),
    (keepers.flood, 1),
    (keepers.clear_away, 1),
    (keepers.try_mails_again, 1),
    (keepers.let_time_pass, 3),
)
WITH_SESSION: tuple[tuple[Act, int], ...] = (
    (callers.look_at_oneself, 4),
    (callers.log_out_somebody, 3),
    (callers.end_another_session, 1),
    (callers.change_ones_password, 3),
    (callers.ask_to_verify, 2),
)
WITH_SECRET: tuple[tuple[Purpose, Act, int], ...] = (
    (Purpose.RESET, callers.reset_ones_password, 20),
    (Purpose.VERIFY, callers.verify_ones_address, 6),
)


def run(seed: int, trace: list[str] | None = None) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation, or whatever else nobody expects.
    """
    world = World(seed, trace)
    with pretending_to_loop(), _hardly_any_rows_at_once():
        _begin(world)
        _live(world)
        world.crash()
        _end(world)


@contextmanager
def _hardly_any_rows_at_once() -> Iterator[None]:
    """Makes what is too much to be done at once an everyday thing."""
    few = (
        (end_sessions, "MAX_REMOVED", 1),
        (dispatch_events, "MAX_AT_ONCE", 3),
        (dispatch_events, "MAX_QUEUED", MAX_QUEUED),
    )
    before = [getattr(module, name) for module, name, _ in few]
    for module, name, value in few:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(few, before, strict=True):
            setattr(module, name, value)


def _begin(world: World) -> None:
    ports = world.clean_ports
    for email in ADMINS:
        password = world.passwords.new()
        work = create_user(Actor.operator(), "Admin", email, password, is_admin=True, ports=ports)
        user = finished(work)
        account = Account.new(user.id, email, password, Role.ADMIN)
        signed_in = finished(log_in(email, password, ports=ports))
        session = KnownSession(signed_in.session.id, signed_in.token, signed_in.session.expires_at, password)
        account.sessions.append(session)
        world.accounts.append(account)
    world.look()


def _live(world: World) -> None:
    chance, scheduler = world.chance, world.scheduler
    anybody = _weighted(world, (*ANYBODY, *WITH_SESSION))
    with_secret = [(purpose, _weighted(world, ((act, weight),))) for purpose, act, weight in WITH_SECRET]
    left, cancel_rate, crash_rate = ACTS_A_WORLD, world.pick((0, 0, 0.01)), world.pick((0, 0, 0.004))
    while left or scheduler.clients:
        if left and scheduler.clients < world.crowd and not world.wait_for_calm:
            left -= 1
            possible = [act for purpose, acts in with_secret if world.known_secrets(purpose) for act in acts]
            act = chance.choice(anybody + possible)
            scheduler.spawn(Task(f"{ACTS_A_WORLD - left} {act.__name__}", _done(world, act), is_client=True))
            continue
        scheduler.step()
        world.look()
        if cancel_rate and chance.random() < cancel_rate and (name := scheduler.cancel_one()):
            world.note(f"cancelled: {name}")
            world.look()
        if crash_rate and chance.random() < crash_rate:
            world.crash()


async def _done(world: World, act: Act) -> None:
    await act(world)
    world.look()
    world.watcher.check_promises(world.watcher.seen)


def _weighted(world: World, acts: tuple[tuple[Act, int], ...]) -> list[Act]:
    """Returns each act as often as this world does it: each has its own habits, so that rare things come together."""
    return [act for act, weight in acts for _ in range(weight * world.pick((1, 1, 1, 4)))]


def _end(world: World) -> None:
    """Faults stop: what waits is done, and everything is as callers were told."""
    world.postbox.is_kind = True
    world.receivers.be_kind()
    _deliver_all(world)
    world.look()
    world.feed.check_end(world.watcher.seen)
    for mail_id in world.owed_mails:
        if mail_id not in world.postbox.accepted and mail_id not in world.watcher.dropped:
            raise Violation(f"the mail {mail_id} was never sent")
    for account in world.accounts:
        for session in account.sessions:
            _check_session(world, account, session)
        _check_passwords(world, account)


def _deliver_all(world: World) -> None:
    """Sends all that waits, over a database as far away as it was before."""
    for _ in range(100):
        with suppress(UnavailableError):  # what does not get on by itself is found below
            finished(deliver_due_mails(ports=world.distant_ports))
            finished(deliver_due_events(limit=1000, ports=world.distant_ports))
        world.look()
        tables = world.watcher.seen
        deliveries: list[OutboxEntry[Any]] = [*tables.mails.values(), *tables.event_deliveries.values()]
        queued = [entry for entry in deliveries if entry.state is DeliveryState.QUEUED]
        if not queued and all(each.position == len(tables.events) for each in tables.subscriptions.values()):
            return
        # What is due and waits nevertheless waits for another one.
        tries = [_next_try(entry, tables) for entry in queued]
        world.clock.instant = min((at for at in tries if at > world.clock.instant), default=world.clock.instant)
    raise Violation(f"deliveries wait for ever: {queued}")


def _next_try(entry: OutboxEntry[Any], tables: Tables) -> datetime:
    """Returns when a delivery is due, and nobody pauses."""
    subscription = tables.subscriptions.get(entry.lane)
    paused_until = subscription.paused_until if subscription else None
    return max(entry.due_at, paused_until or entry.due_at)


def _check_session(world: World, account: Account, session: KnownSession) -> None:
    is_over = session.is_dead or world.clock.instant >= session.expires_at + callers.LEEWAY
    must_be_good = session.threats == 0 and account.is_usable and world.clock.instant < session.expires_at
    try:
        finished(identify(session.token, ports=world.clean_ports))
        finished(identify_for_media(session.token, "/", ports=world.clean_ports))
    except InvalidTokenError as error:
        if must_be_good and not is_over:
            raise Violation(f"the token of {session} is refused in the end: {error!r}") from None
        return
    if is_over:
        raise Violation(f"the token of {session} is good in the end")


def _check_passwords(world: World, account: Account) -> None:
    password = account.password.possible[-1]
    is_right = account.is_usable and account.password.is_surely(password)
    try:
        finished(log_in(account.email, password, ports=world.clean_ports))
    except AuthError as error:
        if is_right:
            raise Violation(f"{account.email} cannot log in in the end: {error!r}") from None
