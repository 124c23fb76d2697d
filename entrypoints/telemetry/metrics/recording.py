"""Counts of what happens, for Prometheus to collect."""

import asyncio
import platform
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import attrs

from leadnator_auth import __version__
from leadnator_auth.domain import DeliveryReport, Event, EventBacklog, OutboxStats
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.entrypoints.telemetry.metrics import families
from leadnator_auth.entrypoints.telemetry.metrics.families import BUCKETS, Family
from leadnator_auth.entrypoints.telemetry.metrics.rows import Row, Rows

UNMATCHED = "unmatched"
"""The route of all paths that do not exist."""
OTHER = "other"
"""The method of requests with an unknown one."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""The methods that are counted by name."""
EVERY_SECONDS = 1.0
"""How often the levels are published for other processes."""
_SUM = len(BUCKETS) + 1
_OUTCOMES = ("delivered", "delayed", "given_up")


@attrs.frozen(kw_only=True)
class Levels:
    """How busy this process is at one moment."""

    hashes_waiting: int
    hashes_running: int
    pool_size: int
    pool_in_use: int
    pool_waiting: int


@attrs.frozen
class Waiting:
    """What the database says of all that waits to be delivered."""

    mails: OutboxStats
    events: EventBacklog


class Metrics:
    """The metrics of one process, and whatever else a scrape reads.

    All methods are for the event loop's thread, except `hashed`, whose callers must take turns.
    """

    def __init__(self, rows: Rows | None = None, log_lines_lost: Callable[[], int] = lambda: 0) -> None:
        """Keeps the numbers in `rows`: by default in memory, for a process that serves alone.

        `log_lines_lost` returns how many lines of this process's log have been lost.
        """
        self.rows = rows or Rows()
        self.levels: Callable[[], Levels] | None = None
        """Returns the levels; None where they are unknown."""
        self._requests: dict[tuple[str, str, int], Row] = {}
        self._hash_wait = self._row(families.HASH_WAIT)
        self._hash_duration = self._row(families.HASH_DURATION)
        self._pool_wait = self._row(families.POOL_WAIT)
        self._mails = {each: self._row(families.MAILS, each) for each in _OUTCOMES}
        self._event_deliveries = {each: self._row(families.EVENT_DELIVERIES, each) for each in _OUTCOMES}
        self._events = {each: self._row(families.EVENTS, each.value) for each in HAPPENINGS}
        self._log_lines_lost = log_lines_lost
        self._log_lines_told = 0
        self._log_row = self._row(families.LOG_LINES_LOST)
        self._set(1, families.WORKERS)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request and how long it took. Every request pays for this, so nothing is looked up twice."""
        row = self._requests.get((route, method, status))
        if row is None:
            row = self._new_request_row(route, method, status)
        row[bisect_left(BUCKETS, seconds)] += 1.0
        row[_SUM] += seconds

    def outcomes(self, family: Family, known: Iterable[str]) -> Callable[[str], None]:
        """Returns a function that counts an outcome; known outcomes are shown from the start, as 0."""
        rows = {outcome: self._row(family, outcome) for outcome in known}

        def count(outcome: str) -> None:
            if outcome not in rows:
                rows[outcome] = self._row(family, outcome)
            rows[outcome][0] += 1.0

        return count

    def hashed(self, waited: float, worked: float) -> None:
        """Counts a hashed password: how long it waited for a thread, and how long the hash took, in seconds."""
        _observe(self._hash_wait, waited)
        _observe(self._hash_duration, worked)

    def waited_for_connection(self, seconds: float) -> None:
        """Counts a wait for a database connection."""
        _observe(self._pool_wait, seconds)

    def count_events(self, events: Iterable[Event]) -> None:
        """Counts what happened to accounts, by type."""
        for event in events:
            self._events[event.type][0] += 1.0

    def delivered(self, report: DeliveryReport) -> None:
        """Counts what became of some mails."""
        _count(report, self._mails)

    def events_delivered(self, report: DeliveryReport) -> None:
        """Counts what became of some deliveries of events."""
        _count(report, self._event_deliveries)

    def publish(self) -> None:
        """Publishes the levels, and what other parts count, for another process to read."""
        lost = self._log_lines_lost()
        self._log_row[0] += lost - self._log_lines_told
        self._log_lines_told = lost
        if self.levels is None:
            return
        levels = self.levels()
        self._set(levels.hashes_waiting, families.HASHES_WAITING)
        self._set(levels.hashes_running, families.HASHES_RUNNING)
        self._set(levels.pool_size, families.POOL_SIZE)
        self._set(levels.pool_in_use, families.POOL_IN_USE)
        self._set(levels.pool_waiting, families.POOL_WAITING)

    def scrape(self, waiting: Waiting | None, now: datetime) -> Callable[[], bytes]:
        """Returns what writes the present figures of all processes in Prometheus's text format, on any thread.

        `waiting` is what the database says, None when it does not answer.
        """
        self.publish()
        found = list(self.rows.all())
        of_the_moment = _of_the_moment(waiting, now)

        def write() -> bytes:
            # Loading it would take longer than the whole start, and a process that is never scraped never needs it.
            from leadnator_auth.entrypoints.telemetry.metrics.exposition import exposed

            return exposed(found, of_the_moment)

        return write

    def _new_request_row(self, route: str, method: str, status: int) -> Row:
        known = method in METHODS
        row = self._row(families.REQUEST_DURATION, route, method if known else OTHER, str(status))
        if known:  # else whoever sends ever new methods would fill the memory
            self._requests[route, method, status] = row
        return row

    def _row(self, family: Family, *labels: str) -> Row:
        return self.rows.row((family.name, *labels), family.width)

    def _set(self, value: float, family: Family) -> None:
        self._row(family)[0] = value


@asynccontextmanager
async def publishing(metrics: Metrics) -> AsyncIterator[None]:
    """Publishes the levels every second while the block runs, if anybody reads them; counters need none of this."""
    if not metrics.rows.are_shared:
        yield
        return
    task = asyncio.create_task(_publish(metrics))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        metrics.rows.close()


async def _publish(metrics: Metrics) -> None:
    while True:
        metrics.publish()
        await asyncio.sleep(EVERY_SECONDS)


def _count(report: DeliveryReport, rows: Mapping[str, Row]) -> None:
    rows["delivered"][0] += report.sent
    rows["delayed"][0] += report.delayed
    rows["given_up"][0] += report.dead


def _observe(row: Row, seconds: float) -> None:
    row[bisect_left(BUCKETS, seconds)] += 1.0
    row[_SUM] += seconds


def _of_the_moment(waiting: Waiting | None, now: datetime) -> dict[tuple[str, ...], float]:
    """Returns the gauges that are the same whichever process is asked."""
    gauges: dict[tuple[str, ...], float] = {
        (families.BUILD.name, __version__, platform.python_version()): 1,
        (families.DATABASE_UP.name,): 0 if waiting is None else 1,
    }
    if waiting is None:
        return gauges
    mails, events = waiting.mails, waiting.events
    states = {"queued": mails.queued - mails.retrying, "retrying": mails.retrying}
    states |= {"sent": mails.sent, "dead": mails.dead}
    gauges |= {(families.MAIL_QUEUE.name, state): count for state, count in states.items()}
    gauges[families.MAIL_QUEUE_OLDEST.name,] = _age(mails.oldest_queued_at, now)
    states = {"queued": events.queued - events.retrying, "retrying": events.retrying, "dead": events.dead}
    gauges |= {(families.EVENT_QUEUE.name, state): count for state, count in states.items()}
    gauges[families.EVENT_QUEUE_OLDEST.name,] = _age(events.oldest_queued_at, now)
    return gauges


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - (since or now)).total_seconds(), 0.0)
