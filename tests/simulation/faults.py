"""Ports that fail: before or after they did their work, late, too late, or in favour of somebody else."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import Enum
from random import Random
from types import TracebackType
from typing import Any

from leadnator_auth.domain import UnavailableError
from leadnator_auth.domain.errors import ConcurrencyError, OverloadedError
from leadnator_auth.domain.ports import Repositories, UnitOfWork
from tests.simulation.scheduler import pause, sleep

DELAYS = (0.3, 2.0, 7.0, 14.0)
"""In seconds; the last two outlast the renewal of a lease, and the lease itself."""
UNIT_SECONDS = 4.0
"""How long the round trips of one unit of work may take."""


class Fault(Enum):
    """What goes wrong with one call."""

    BEFORE = "fails before it does anything"
    AFTER = "does its work, and says that it failed"
    DELAY = "takes long"
    CONFLICT = "is undone in favour of another"


_FAULTS = tuple(Fault)


class RoundTrips:
    """The ways to the database and back of one unit of work, which has to be done in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = UNIT_SECONDS

    async def one(self) -> None:
        """Takes its time, in which others go first.

        Raises: UnavailableError when the time of the whole unit is over.
        """
        if not self._seconds:
            await pause()
            return
        self._left -= self._seconds
        await sleep(self._seconds)
        if self._left < 0:
            raise UnavailableError("the database did not answer in time")


NEAR = RoundTrips(0.0)
"""For what is no database."""


class Chaos:
    """Decides which calls go wrong: on average one in `mean_gap`, none where that is 0."""

    def __init__(
        self, chance: Random, mean_gap: float, note: Callable[[str], None], on_commit: Callable[[], None]
    ) -> None:
        """`on_commit` is called after each commit that somebody was told of."""
        self._on_commit = on_commit
        self._chance = chance
        self._mean_gap = mean_gap
        self._note = note
        self._left = self._gap()
        self._spite = chance.choice((0.0, 0.2, 1.0)) if mean_gap else 0.0

    def strike(self, name: str) -> Fault | None:
        """Returns what goes wrong with the next call."""
        self._left -= 1
        if self._left > 0:
            return None
        self._left = self._gap()
        fault = _FAULTS[int(self._chance.random() * len(_FAULTS))]
        self._note(f"{name} {fault.value}")
        return fault

    def committed(self) -> None:
        """Tells of a commit; in some worlds what comes next fails more often than other calls, for it comes seldom."""
        self._on_commit()
        if self._chance.random() < self._spite:
            self._left = 1 + int(self._chance.random() * 2)

    def delay(self) -> float:
        """Returns how long a slow call takes, in seconds."""
        return DELAYS[int(self._chance.random() * len(DELAYS))]

    def _gap(self) -> float:
        return self._chance.expovariate(1 / self._mean_gap) if self._mean_gap else float("inf")


class FaultyPort:
    """A port every async method of which lets others go first, and now and then fails."""

    def __init__(
        self, target: object, chaos: Chaos, round_trips: RoundTrips = NEAR, *, in_transaction: bool = False
    ) -> None:
        self._target = target
        self._chaos = chaos
        self._round_trips = round_trips
        self._in_transaction = in_transaction

    def __getattr__(self, name: str) -> Any:  # whatever the port has
        method = getattr(self._target, name)
        if name == "normalize":
            return method
        chaos = self._chaos

        async def call(*args: object, **options: object) -> object:
            fault = chaos.strike(name)
            await self._round_trips.one()
            if fault is None:
                return await method(*args, **options)
            return await self._struck(fault, name, lambda: method(*args, **options))

        setattr(self, name, call)
        return call

    async def _struck(self, fault: Fault, name: str, work: Callable[[], Awaitable[object]]) -> object:
        if fault is Fault.CONFLICT and self._in_transaction:
            raise ConcurrencyError("in favour of another")
        if fault is Fault.CONFLICT and name in ("hash", "verify", "upgrade"):
            raise OverloadedError
        if fault in (Fault.BEFORE, Fault.CONFLICT):
            raise UnavailableError("before")
        if fault is Fault.DELAY:
            await sleep(self._chaos.delay())
        result = await work()
        if fault is Fault.AFTER:
            raise UnavailableError("after")
        return result


class _Repositories:
    """The repositories of one unit of work, each with faults."""

    def __init__(self, target: Repositories, chaos: Chaos, round_trips: RoundTrips, *, may_write: bool) -> None:
        self._target = target
        self._chaos = chaos
        self._round_trips = round_trips
        self._may_write = may_write

    async def commit(self) -> None:
        """Commits, or fails to."""
        await FaultyPort(self._target, self._chaos, self._round_trips, in_transaction=True).commit()
        self._chaos.committed()

    async def purge(self, *args: object) -> object:
        """Clears away, or fails to."""
        port = FaultyPort(self._target, self._chaos, self._round_trips, in_transaction=True)
        return await port.purge(*args)

    def __getattr__(self, name: str) -> Any:  # a repository
        target = getattr(self._target, name)
        port = FaultyPort(target, self._chaos, self._round_trips, in_transaction=self._may_write)
        setattr(self, name, port)
        return port


class _Unit:
    """One unit of work that may fail to open, and to close."""

    def __init__(
        self,
        target: AbstractAsyncContextManager[Repositories],
        chaos: Chaos,
        round_trips: RoundTrips,
        *,
        may_write: bool,
    ) -> None:
        self._target = target
        self._chaos = chaos
        self._round_trips = round_trips
        self._may_write = may_write

    async def __aenter__(self) -> Any:  # the repositories
        fault = self._chaos.strike("open")
        await self._round_trips.one()
        if fault is Fault.DELAY:
            await sleep(self._chaos.delay())
        elif fault:
            raise UnavailableError("open")
        repositories = await self._target.__aenter__()
        return _Repositories(repositories, self._chaos, self._round_trips, may_write=self._may_write)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        is_handled = await self._target.__aexit__(kind, error, traceback)
        if error is None and self._chaos.strike("close") in (Fault.BEFORE, Fault.AFTER):
            raise UnavailableError("close")
        return is_handled


class FaultyUnitOfWork:
    """A UnitOfWork with faults at every step, and a way of so many seconds to the database and back."""

    def __init__(self, target: UnitOfWork, chaos: Chaos, distance: float) -> None:
        self._target = target
        self._chaos = chaos
        self._distance = distance

    def __call__(self) -> Any:  # a context with all the repositories
        return _Unit(self._target(), self._chaos, RoundTrips(self._distance), may_write=True)

    def snapshot(self) -> Any:  # as above
        return _Unit(self._target.snapshot(), self._chaos, RoundTrips(self._distance), may_write=False)
