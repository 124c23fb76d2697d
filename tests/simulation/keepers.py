"""Those who look after others: admins, the operator, the mail worker, the housekeeper, and time."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from leadnator_auth.domain import (
    Actor,
    EventType,
    ForbiddenError,
    InvalidTokenError,
    MailKind,
    Role,
    Status,
    change_user,
    create_user,
    delete_user,
    dispatch_events,
    identify,
    purge,
    retry_mails,
)
from leadnator_auth.domain.entities.actor import OPERATOR
from leadnator_auth.domain.entities.lanes import Lanes
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail
from leadnator_auth.domain.use_cases.event_delivery import attempt_event, keep_attempts, take_events
from leadnator_auth.domain.use_cases.mail_delivery import send_mail, take_mail
from leadnator_auth.domain.use_cases.steps.mail_fate import TakenMail
from tests.simulation.callers import EMAILS
from tests.simulation.ledger import Account, KnownSession, Threat
from tests.simulation.scheduler import Task, Violation, pause, sleep
from tests.simulation.world import CONVERSATIONS, CONVERSATIONS_OF_A_DOMAIN, Outcome, World

Value = TypeVar("Value")
FLOOD = 60
"""Enough to fill the time of a unit of work, where the database is far away and each takes two round trips."""
MAX_AT_WORK = 30
"""How many seconds pass at most while something is under way, beside what a slow call takes."""
Act = Callable[[Actor], Coroutine[Any, Any, Value]]


class Admin:
    """Who administers: somebody through a session, who may have lost the right to; or the operator."""

    def __init__(self, world: World) -> None:
        self._world = world
        known = [(a, s) for a, s in world.known_sessions() if a.role.may_be(Role.ADMIN)]
        if world.maybe(0.1):
            known = world.known_sessions()
        self._account: Account | None = None
        self._session: KnownSession | None = None
        if known and world.maybe(0.7):
            self._account, self._session = world.pick(known)
        self._changes = self._account.changes if self._account else 0
        self._was_wrong = self._has_no_right()

    @property
    def name(self) -> str:
        """What events call them."""
        return self._account.user_id if self._account else OPERATOR

    async def act(self, what: str, act: "Act[Value]") -> Outcome[Value]:
        """Returns what became of an act; a right that was surely lost must not have been used."""
        outcome = await self._world.attempt(f"{self.name} {what}", self._acting(act))
        is_unchanged = self._account is None or self._account.changes == self._changes
        if outcome.is_acknowledged and self._was_wrong and is_unchanged:
            raise Violation(f"{self.name} had no right to {what}")
        if self._account is None and isinstance(outcome.refusal, ForbiddenError | InvalidTokenError):
            raise Violation(f"the operator was refused: {outcome.refusal!r}")
        return outcome

    async def _acting(self, act: "Act[Value]") -> Value:
        if self._session is None:
            return await act(Actor.operator())
        return await act(Actor.through(await identify(self._session.token, ports=self._world.ports)))

    def _has_no_right(self) -> bool:
        account, session = self._account, self._session
        if account is None or session is None:
            return False
        is_shut = account.exists.is_surely(False) or account.status.is_surely(Status.SUSPENDED)
        return session.is_dead or is_shut or account.role.is_surely(Role.USER)


_TOLD_AS = {Status.SUSPENDED.value: EventType.USER_SUSPENDED, Status.ACTIVE.value: EventType.USER_ACTIVATED}


def _expect_event(outcome: Outcome[Value], event_type: EventType, user_id: str, actor: str) -> None:
    events = [(event.type, event.user_id, event.actor) for event in outcome.changes.events]
    about_the_account = [event for event in events if event[0] is not EventType.SESSION_ENDED]
    if about_the_account != [(event_type, user_id, actor)]:
        raise Violation(f"the events are {events} for {event_type} {user_id} by {actor}")


async def create_somebody(world: World) -> None:
    """A new account by an admin."""
    admin, email, is_admin = Admin(world), world.pick(EMAILS), world.maybe(0.3)
    password = world.passwords.new()
    outcome = await admin.act(
        f"creates {email}",
        lambda actor: create_user(actor, "Created", email, password, is_admin=is_admin, ports=world.ports),
    )
    if outcome.is_acknowledged:
        user = outcome.result
        world.accounts.append(Account.new(user.id, email, password, user.role))
        _expect_event(outcome, EventType.USER_CREATED, user.id, admin.name)


async def change_somebody(world: World) -> None:
    """Another status, role or plan."""
    admin, account = Admin(world), world.pick(world.accounts)
    changes: dict[str, str] = {}
    writes: list[tuple[Any, Any]] = []  # registers of different types, and a write of each
    field = world.pick(("status", "status", "role", "plan"))
    if field == "status":
        status = world.pick((Status.ACTIVE, Status.SUSPENDED))
        changes["status"], writes = status, [(account.status, account.status.begin(status))]
    elif field == "role":
        role = world.pick((Role.USER, Role.ADMIN))
        changes["role"], writes = role, [(account.role, account.role.begin(role))]
    else:
        plan = world.pick(("Starter", "Growth", "Scale"))
        changes["plan"], writes = plan, [(account.plan, account.plan.begin(plan))]
    is_suspension = changes.get("status") == Status.SUSPENDED
    threat = Threat.begin(account, with_secrets=True) if is_suspension else None
    outcome = await admin.act(
        f"sets {account.email} {changes}",
        lambda actor: change_user(actor, account.user_id, changes, ports=world.ports),
    )
    for register, write in writes:
        _settle_write(register, write, outcome)
    if outcome.is_acknowledged and outcome.result.changes:
        told = _TOLD_AS.get(changes.get("status", ""), EventType.USER_UPDATED)
        _expect_event(outcome, told, account.user_id, admin.name)
    if threat is not None:
        if outcome.is_acknowledged and not outcome.result.changes:
            threat.secrets = []  # what was mailed since the suspension stays good
        settle_threat(threat, outcome)
    account.settle()


async def delete_somebody(world: World) -> None:
    """The end of an account."""
    admin, account = Admin(world), world.pick(world.accounts)
    threat = Threat.begin(account, with_secrets=True)
    write = account.exists.begin(False)
    outcome = await admin.act(
        f"deletes {account.email}",
        lambda actor: delete_user(actor, account.user_id, ports=world.ports),
    )
    _settle_write(account.exists, write, outcome)
    settle_threat(threat, outcome)
    if outcome.is_acknowledged:
        _expect_event(outcome, EventType.USER_DELETED, account.user_id, admin.name)
    account.settle()


def _settle_write(register: Any, write: Any, outcome: Outcome[Value]) -> None:  # a register of any type
    if outcome.is_acknowledged:
        register.acknowledge(write)
    elif outcome.refusal:
        register.refuse(write)
    else:
        register.lose(write)


def settle_threat(threat: Threat, outcome: Outcome[Value]) -> None:
    """Notes what became of something that ends sessions."""
    if outcome.is_acknowledged:
        threat.acknowledge()
    elif outcome.refusal:
        threat.refuse()
    else:
        threat.lose()


class MailWorker:
    """Begins conversations with the mail server, several at once, and never all of them about one domain."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lanes = Lanes(CONVERSATIONS, CONVERSATIONS_OF_A_DOMAIN)
        self._under_way: Counter[str] = Counter()

    async def deliver(self, most: int) -> None:
        """Takes mails and sends them in tasks of their own, at most so many."""
        for number in range(most):
            while not self._lanes.has_room:
                await sleep(1)
            since = self._world.scheduler.steps
            taken, done = await take_mail(self._lanes.full, ports=self._world.ports)
            if taken is not None:
                self._begin(taken)
                conversation = Task(f"conversation {number}", self._converse(taken, since), is_client=True)
                self._world.scheduler.spawn(conversation)
                await pause()
            elif not done.total:
                return

    def _begin(self, taken: TakenMail) -> None:
        lane = taken.entry.payload.recipient.partition("@")[2]
        self._lanes.enter(taken.entry.lane)
        self._under_way[lane] += 1
        if self._under_way[lane] > CONVERSATIONS_OF_A_DOMAIN or self._under_way.total() > CONVERSATIONS:
            raise Violation(f"more conversations than there may be: {self._under_way}")

    async def _converse(self, taken: TakenMail, since: int) -> None:
        world = self._world
        work = send_mail(taken, keeping_lease=world.keeping_lease, ports=world.ports)
        await world.attempt(f"send {taken.entry.id}", work, commits_once=False, since=since)
        self._lanes.leave(taken.entry.lane)
        self._under_way[taken.entry.payload.recipient.partition("@")[2]] -= 1


async def deliver(world: World) -> None:
    """Some rounds of a mail worker."""
    work = MailWorker(world).deliver(world.pick((1, 3, 6)))
    await world.attempt("deliver", work, commits_once=False)


async def dispatch(world: World) -> None:
    """A round of the dispatcher."""
    await world.attempt("dispatch", dispatch_events(ports=world.ports), commits_once=False)


async def hand_over(world: World) -> None:
    """Some rounds of the worker that hands events over, and what is taken together is kept together."""
    for _ in range(world.pick((1, 2, 4))):
        since = world.scheduler.steps
        take = take_events(limit=world.pick((1, 3, 8)), ports=world.ports)
        outcome = await world.attempt("take events", take, commits_once=False, since=since)
        if not outcome.is_acknowledged:
            return
        attempts = [
            await attempt_event(each, keeping_lease=world.keeping_lease, ports=world.ports)
            for each in outcome.result[0]
        ]
        if not attempts:
            return
        work = keep_attempts(attempts, ports=world.ports)
        kept = await world.attempt(f"keep {len(attempts)} attempts", work, commits_once=False)
        if not kept.is_acknowledged:
            return


async def go_down_or_up(world: World) -> None:
    """A receiver of events breaks, or is mended."""
    receiver = world.pick(list(world.receivers.by_id.values()))
    receiver.is_down = not receiver.is_down
    world.note(f"a receiver is {'down' if receiver.is_down else 'up'}")


async def flood(world: World) -> None:
    """Somebody asks for links, many times in a moment: for addresses of nobody, for one of somebody, or for all."""
    victims = world.pick(((), (world.pick(EMAILS),), tuple(account.email for account in world.accounts)))
    async with world.clean_ports.unit_of_work() as transaction:
        for _ in range(FLOOD):
            world.flooded += 1
            nobody = f"nobody-{world.flooded}@{world.pick(('example.com', 'other.example'))}"
            recipient = world.pick(victims) if victims else nobody
            mail = QueuedMail.new(
                f"m_flood_{world.flooded}", MailRequest(MailKind.RESET_LINK, recipient), world.clock.now()
            )
            await transaction.mail_queue.add(mail)
        await transaction.commit()


async def clear_away(world: World) -> None:
    """A round of the housekeeper."""
    await world.attempt("purge", purge(ports=world.ports), commits_once=False)


async def try_mails_again(world: World) -> None:
    """The operator gives what failed another chance."""
    work = retry_mails(ports=world.ports)
    await world.attempt("retry mails", work, commits_once=False)


async def let_time_pass(world: World) -> None:
    """Nothing happens for a while, from a second to more than a week.

    Long ones come between acts: a process that freezes for hours between two lines sees its own clock turned back.
    """
    seconds = world.pick((1, 1, 30, 30, 300, 1200, 3700, 10_000, 28_200, 40_000, 300_000, 700_000))
    if seconds > MAX_AT_WORK:
        await _calm(world)
    world.clock.advance(seconds=seconds)
    world.note(f"{seconds} seconds pass")
    world.scheduler.wake_due()


async def _calm(world: World) -> None:
    world.wait_for_calm += 1
    try:
        while world.scheduler.clients > world.wait_for_calm:
            await sleep(1)
    finally:
        world.wait_for_calm -= 1
