"""One seed, one world: its actors, its faults, and its verdict."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any, Generic, TypeVar

import attrs

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import (
    AuthError,
    DeliveryState,
    EventDelivery,
    Limits,
    OutboxEntry,
    Policy,
    Ports,
    Purpose,
    RateLimit,
    Subscription,
    TooManyRequestsError,
    UnavailableError,
    renew_event_lease,
    renew_lease,
)
from leadnator_auth.domain.entities.outbox import LEASE
from tests.simulation.faults import Chaos, FaultyPort, FaultyUnitOfWork
from tests.simulation.feed import FeedWatcher
from tests.simulation.ledger import Account, KnownSecret, KnownSession, Tries
from tests.simulation.passwords import Passwords
from tests.simulation.postbox import Postbox
from tests.simulation.receivers import Receivers
from tests.simulation.scheduler import CrashError, Scheduler, Task, Violation, sleep
from tests.simulation.watching import Changes, Watcher

Value = TypeVar("Value")

TIGHT = Limits(
    log_in=RateLimit("login", 3, timedelta(minutes=1)),
    log_in_account=RateLimit("login-account", 6, timedelta(hours=1)),
    log_in_client=RateLimit("login-client", 8, timedelta(minutes=1)),
    sign_up=RateLimit("signup", 3, timedelta(hours=1)),
    forgot=RateLimit("forgot", 3, timedelta(hours=1)),
    reset=RateLimit("reset", 4, timedelta(hours=1)),
    change_password=RateLimit("change-password", 4, timedelta(hours=1)),
)
LINKS = 2
NOTICES = 2
CONVERSATIONS, CONVERSATIONS_OF_A_DOMAIN = 3, 2


@attrs.define(eq=False)
class Outcome(Generic[Value]):
    """What a caller was told. Neither acknowledged nor refused: it may have happened."""

    begun_at: datetime
    begun_at_step: int
    changes: Changes
    value: Value | None = None
    is_acknowledged: bool = False
    refusal: AuthError | None = None

    @property
    def result(self) -> Value:
        """What was answered."""
        assert self.value is not None
        return self.value


class World:
    """Everything of one seed. `trace` gets a line for each thing that happens, if somebody wants to read it."""

    def __init__(self, seed: int, trace: list[str] | None = None) -> None:
        self.chance = chance = Random(seed)
        self._trace = trace
        self._memory = memory_ports(seed)
        self.clock = self._memory.clock
        self.hasher = self._memory.hasher
        self._store = self._memory.unit_of_work
        self.scheduler = Scheduler(chance, self.clock, stickiness=chance.choice((0.0, 0.5, 0.8, 0.95)))
        self.crowd = chance.choice((1, 2, 3, 4, 6))
        """How many callers there are at once."""
        self.chaos = Chaos(chance, chance.choice((0, 15, 60, 200)), self.note, self._on_commit)
        limits = chance.choice((Limits.none(), TIGHT))
        self.policy = Policy(
            session_lifetime=timedelta(hours=8),
            reset_mails=LINKS,
            address_mails=LINKS,
            notices=NOTICES,
            limits=limits,
        )
        self._distance = chance.choice((0.0, 0.0, 0.0, 0.05))
        """The seconds to the database and back."""
        self._renews_leases = chance.random() < 0.8
        """Where it does not, a lease ends while the mail is being sent, as it does in a process that freezes."""
        self.postbox = Postbox(self, chance)
        self.receivers = Receivers(chance)
        for name in self.receivers.by_id:
            self._store.tables.subscriptions[name] = Subscription(name, since=self.clock.now())
        self.ports = self._new_ports()
        self.clean_ports = self._new_clean_ports()
        self.accounts: list[Account] = []
        self.passwords = Passwords()
        self.tries: dict[tuple[str, str], Tries] = {}
        self.owed_mails: list[str] = []
        self.flooded = 0
        """How many mails nobody needs were asked for."""
        self.wait_for_calm = 0
        """How many wait for a moment in which nobody else does anything."""
        self._changes: dict[Task | None, Changes] = {}
        self._committed: set[Task | None] = set()
        """Whose present use case was told that its commit is kept."""
        self._begun_at_steps: dict[Task | None, int] = {}
        self.watcher = Watcher(
            self._store.tables, self.accounts, self.passwords, self.postbox, self.scheduler, self.policy
        )
        self.feed = FeedWatcher(self.receivers)

    def note(self, text: str) -> None:
        """Adds a line to the trace."""
        if self._trace is not None:
            task = self.scheduler.current
            time = f"{self.clock.instant - datetime(2026, 1, 1, tzinfo=self.clock.instant.tzinfo)}"
            self._trace.append(f"{self.scheduler.steps:5} {time:>16}  {task.name if task else '-':28} {text}")

    async def attempt(
        self, what: str, work: Coroutine[Any, Any, Value], *, commits_once: bool = True, since: int | None = None
    ) -> Outcome[Value]:
        """Returns what became of a call of a use case; after a commit that is its only one, nothing may fail.

        It goes by what was so at a step, or now.
        """
        task = self.scheduler.current
        self._committed.discard(task)
        step = self._begun_at_steps[task] = self.scheduler.steps if since is None else since
        changes = self._changes[task] = Changes(self.clock.instant, step)
        outcome = Outcome[Value](self.clock.instant, step, changes)
        self.note(f"> {what}")
        try:
            outcome.value = await work
            outcome.is_acknowledged = True
            self.note("acknowledged")
        except (UnavailableError, asyncio.CancelledError, CrashError) as error:
            self.note(f"never knew: {error!r}")
            if commits_once and task in self._committed and isinstance(error, UnavailableError):
                raise Violation(f"what was kept is answered with an error: {what}") from error
        except AuthError as error:
            outcome.refusal = error
            self.note(f"refused: {error!r}")
        self.look()
        return outcome

    def _on_commit(self) -> None:
        self._committed.add(self.scheduler.current)

    def look(self) -> None:
        """Checks what changed since the last look."""
        if self._store.tables is not self.watcher.seen:
            self.feed.look(self.watcher.seen, self._store.tables, self.clock.instant)
            self.watcher.look(self._store.tables, self._changes.get(self.scheduler.current))

    @property
    def begun_at_step(self) -> int:
        """When the current task called its use case."""
        return self._begun_at_steps.get(self.scheduler.current, 0)

    def crash(self) -> None:
        """Ends everything that runs, and starts again with what was kept."""
        self.scheduler.current = None
        self.note("CRASH")
        kept = self._store.tables
        self.scheduler.crash()
        self.look()
        if self._store.tables is not kept:
            raise Violation("something was kept after the crash")
        self._store = MemoryUnitOfWork(kept)
        self.hasher.strength += self.chance.random() < 0.3
        self.ports = self._new_ports()
        self.clean_ports = self._new_clean_ports()
        self._changes.clear()

    def count_try(self, limit: RateLimit | None, subject: str, outcome: Outcome[Any]) -> None:
        """Holds a try that was let through against a limit."""
        was_let_through = outcome.is_acknowledged or outcome.refusal
        if limit is None or not was_let_through or isinstance(outcome.refusal, TooManyRequestsError):
            return
        tries = self.tries.setdefault((limit.name, subject), Tries())
        if tries.clearing or outcome.begun_at_step <= tries.cleared_at_step:
            return
        now = self.clock.instant
        tries.spans.append((outcome.begun_at, now))
        for since, _ in tries.spans:
            count = sum(begun >= since for begun, _ in tries.spans)
            if count > limit.count + (now - since) / limit.interval:
                raise Violation(f"{count} tries since {since} in spite of {limit}")

    @contextmanager
    def clearing_tries(self, limit: RateLimit | None, subject: str) -> Iterator[None]:
        """The counter may be emptied at some moment of the block."""
        if limit is None:
            yield
            return
        tries = self.tries.setdefault((limit.name, subject), Tries())
        tries.clearing += 1
        yield
        tries.clearing -= 1
        tries.spans.clear()
        tries.cleared_at_step = self.scheduler.steps

    @asynccontextmanager
    async def keeping_lease(self, entry: OutboxEntry[Any]) -> AsyncIterator[None]:
        """Renews the lease of a delivery beside the block, as a worker does."""
        if not self._renews_leases:
            yield
            return
        task = Task(f"keeps {entry.id[:6]}", self._renew(entry), is_client=False)
        self.scheduler.spawn(task)
        try:
            yield
        finally:
            self.scheduler.end(task)

    async def _renew(self, entry: OutboxEntry[Any]) -> None:
        renew: Callable[..., Awaitable[None]] = renew_lease
        if isinstance(entry.payload, EventDelivery):
            renew = renew_event_lease
        while True:
            await sleep(LEASE.total_seconds() / 4)
            before = self.clock.instant
            try:
                await renew(entry, ports=self.ports)
            except UnavailableError:
                continue
            tables = self._store.tables
            kept: OutboxEntry[Any] | None = tables.mails.get(entry.id) or tables.event_deliveries.get(entry.id)
            is_ours = kept is not None and kept.attempts == entry.attempts and kept.state is DeliveryState.QUEUED
            if kept is not None and is_ours and kept.due_at < before + LEASE:
                raise Violation(f"a lease was not renewed: {kept}")

    def _new_ports(self) -> Ports:
        def faulty(target: object) -> Any:  # of the type of the target
            return FaultyPort(target, self.chaos)

        fields = attrs.asdict(self._memory, recurse=False)
        fields |= {
            "unit_of_work": FaultyUnitOfWork(self._store, self.chaos, self._distance),
            "identities": faulty(MemoryIdentities(self._store)),
            "hasher": faulty(self.hasher),
            "mailer": faulty(self.postbox),
            "rate_limits": faulty(self._memory.rate_limits),
            "policy": self.policy,
            "subscribers": self.receivers.subscribers,
        }
        return Ports(**fields)

    def _new_clean_ports(self) -> Ports:
        return attrs.evolve(
            self.ports,
            unit_of_work=self._store,
            identities=MemoryIdentities(self._store),
            hasher=self.hasher,
            mailer=self.postbox,
            rate_limits=self._memory.rate_limits,
            policy=attrs.evolve(self.policy, limits=Limits.none()),
        )

    @property
    def distant_ports(self) -> Ports:
        """Ports that do not fail, though the database is as far away as ever."""
        calm = Chaos(self.chance, 0, self.note, self._on_commit)
        return attrs.evolve(self.clean_ports, unit_of_work=FaultyUnitOfWork(self._store, calm, self._distance))

    def known_sessions(self) -> list[tuple[Account, KnownSession]]:
        """Returns all sessions that somebody has a token of."""
        return [(account, session) for account in self.accounts for session in account.sessions]

    def known_secrets(self, purpose: Purpose) -> list[tuple[Account, KnownSecret]]:
        """Returns all secrets for this purpose that were mailed."""
        known = [(account, secret) for account in self.accounts for secret in account.secrets]
        return [(account, secret) for account, secret in known if secret.purpose is purpose]

    def pick(self, options: "list[Value] | tuple[Value, ...]") -> Value:
        """Returns one of them."""
        return options[int(self.chance.random() * len(options))]

    def maybe(self, probability: float) -> bool:
        """Returns True so often."""
        return self.chance.random() < probability
