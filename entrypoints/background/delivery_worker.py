"""Delivers what waits in an outbox while the server runs, whatever is delivered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Generic, Protocol, TypeVar

import attrs
import structlog

from leadnator_auth.domain import Commit, DeliveryReport, DeliveryState, OutboxEntry, Ports, UnavailableError
from leadnator_auth.domain.entities.lanes import Lanes
from leadnator_auth.domain.entities.outbox import LEASE
from leadnator_auth.domain.use_cases.steps.deliver import LeaseKeeper
from leadnator_auth.entrypoints.background.beside import beside, wait_for

POLL_SECONDS = 1.5
"""How soon a delivery is seen that another process queued, or that is due again; one queued here is seen at once."""
RENEW_SECONDS = LEASE.total_seconds() / 4
STOP_SECONDS = 15.0
"""How long stopping waits for deliveries that are under way; what is cut short is made again later."""

FATES = {DeliveryState.QUEUED: "delayed", DeliveryState.DEAD: "given_up"}
_log = structlog.get_logger(__name__)


class Taken(Protocol):
    """A delivery that is leased to be made now, with all that it takes."""

    @property
    def entry(self) -> OutboxEntry[Any]: ...


AnyTaken = TypeVar("AnyTaken", bound=Taken)


@attrs.frozen(kw_only=True)
class Deliveries(Generic[AnyTaken]):
    """What one sort of deliveries needs of its own: a name in the log, and its use cases."""

    name: str
    about: Callable[[OutboxEntry[Any]], Mapping[str, str]]
    """Returns what the log calls one."""
    limit: int
    """How many are under way at once."""
    limit_of_a_lane: int
    is_new_in: Callable[[Commit], bool]
    head_start: float
    """How long, in seconds, a delivery has its server to itself before the next one goes beside it."""
    take: Callable[[Collection[str], int, Ports], Awaitable[tuple[Sequence[AnyTaken], DeliveryReport]]]
    """Takes deliveries in none of these lanes, at most so many."""
    send: Callable[[AnyTaken, LeaseKeeper, Ports], Awaitable[DeliveryReport]]
    renew: Callable[[OutboxEntry[Any], Ports], Awaitable[None]]


class DeliveryWorker(Generic[AnyTaken]):
    """Makes deliveries until it is stopped; `wake` tells it that one was queued.

    Several go at once, and never all of them in one lane: a server that is slow delays nobody else's.
    """

    def __init__(
        self,
        deliveries: Deliveries[AnyTaken],
        first_look_after: float = 0.0,
        on_delivery: Callable[[DeliveryReport], None] = lambda report: None,
    ) -> None:
        """Looks at the outbox for the first time after so many seconds, or when it is woken.

        `on_delivery` is told what became of deliveries.
        """
        self._deliveries = deliveries
        self._first_look_after = first_look_after
        self._on_delivery = on_delivery
        self._lanes = Lanes(deliveries.limit, deliveries.limit_of_a_lane)
        self._awake = asyncio.Event()
        self._stopping = False

    def notice(self, commit: Commit) -> None:
        """Makes the worker look at the outbox at once, if there is something new in it."""
        if self._deliveries.is_new_in(commit):
            self.wake()

    def wake(self) -> None:
        """Makes the worker look at the outbox at once."""
        self._awake.set()

    async def run(self, ports: Ports) -> None:
        """Delivers what is due, again and again, until `stop`; returns when nothing is under way any more."""
        await wait_for(self._awake, self._first_look_after)
        async with asyncio.TaskGroup() as under_way:
            while not self._stopping:
                self._awake.clear()
                has_more = self._lanes.has_room and await self._begin(under_way, ports)
                if not has_more and not self._stopping:
                    await wait_for(self._awake, POLL_SECONDS)

    def stop(self) -> None:
        """Makes `run` return after the deliveries that are under way."""
        self._stopping = True
        self.wake()

    async def _begin(self, under_way: asyncio.TaskGroup, ports: Ports) -> bool:
        """Returns whether there was anything to deliver; no failure ends the worker."""
        try:
            taken, report = await self._deliveries.take(self._lanes.full, self._lanes.room, ports)
        except Exception as error:  # noqa: BLE001 (as it says)
            self._log_error(error)
            return False
        self._report(report)
        for each in taken:
            self._lanes.enter(each.entry.lane)
        begun = [under_way.create_task(self._send(each, ports)) for each in taken]
        if begun and self._deliveries.head_start:
            await asyncio.wait(begun, timeout=self._deliveries.head_start)
        return bool(taken) or report.total > 0

    async def _send(self, taken: AnyTaken, ports: Ports) -> None:
        try:
            report = await self._deliveries.send(taken, lambda entry: self._keeping_lease(entry, ports), ports)
        except Exception as error:  # noqa: BLE001 (a bug in one delivery must not stop all others for good)
            self._log_error(error)
        else:
            self._report(report)
        finally:
            self._lanes.leave(taken.entry.lane)
            self.wake()

    def _keeping_lease(self, entry: OutboxEntry[Any], ports: Ports) -> AbstractAsyncContextManager[None]:
        """Renews a lease beside the block, so that no other process takes the delivery while it is being made."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(RENEW_SECONDS)
                with suppress(UnavailableError):
                    await self._deliveries.renew(entry, ports)

        return beside(renew())

    def _report(self, report: DeliveryReport) -> None:
        if not report.total:
            return
        self._on_delivery(report)
        name = self._deliveries.name
        for entry in report.failures:
            about = self._deliveries.about(entry)
            _log.warning(f"{name}_{FATES[entry.state]}", **about, attempts=entry.attempts, error=entry.last_error)
        counts = {"sent": report.sent, "delayed": report.delayed, "dead": report.dead, "dropped": report.dropped}
        _log.info(f"{name}_delivered", **counts)

    def _log_error(self, error: Exception) -> None:
        if isinstance(error, UnavailableError):
            _log.warning(f"{self._deliveries.name}_queue_unavailable", error=str(error))
        else:
            _log.error(f"{self._deliveries.name}_delivery_failed", exc_info=error)


@asynccontextmanager
async def running(worker: DeliveryWorker[Any], ports: Ports) -> AsyncIterator[None]:
    """Runs the worker beside the block, and stops it gracefully after it."""
    task = asyncio.create_task(worker.run(ports))
    try:
        yield
    finally:
        worker.stop()
        _, unfinished = await asyncio.wait([task], timeout=STOP_SECONDS)
        for late in unfinished:
            late.cancel()
        await asyncio.gather(task, return_exceptions=True)
