"""Runs coroutines in virtual time, one step at a time, in an order that one seed decides; no event loop, no waiting."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from random import Random
from types import coroutine
from typing import Any

from leadnator_auth.adapters.memory import FakeClock


class Violation(BaseException):
    """Something that was promised does not hold. No `except Exception` of the code under test hides it."""


class CrashError(BaseException):
    """Thrown into everything that runs when the process dies."""


@coroutine
def pause() -> Generator[None, None, None]:
    """Lets any other task go first."""
    yield


@coroutine
def sleep(seconds: float) -> Generator[float, None, None]:
    """Returns when that much virtual time is over."""
    yield seconds


class Task:
    """Something that runs beside others."""

    __slots__ = ("coroutine", "is_client", "name")

    def __init__(self, name: str, work: Coroutine[Any, None, None], *, is_client: bool) -> None:
        self.name = name
        self.coroutine = work
        self.is_client = is_client
        """Whether the world waits for its end, and whether it can be cancelled."""


class _Loop:
    """As much of an event loop as a contended `asyncio.Lock` needs."""

    def get_debug(self) -> bool:
        return False

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)  # type: ignore[arg-type]

    def call_soon(self, callback: Callable[..., object], *args: object, context: object = None) -> None:
        callback(*args)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        raise Violation(f"an exception was left over: {context}")


class Scheduler:
    """All tasks of one world. `stickiness` is the chance that a task goes on rather than another one."""

    def __init__(self, chance: Random, clock: FakeClock, stickiness: float) -> None:
        self._random = chance.random
        self._clock = clock
        self._stickiness = stickiness
        self._ready: list[Task] = []
        self._asleep: list[tuple[datetime, int, Task]] = []
        self._waiting: list[Task] = []
        self._count = 0
        self.current: Task | None = None
        self.steps = 0
        self.clients = 0
        """How many client tasks there are."""

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self._clock.instant

    def spawn(self, task: Task) -> None:
        """Makes a task ready."""
        self._ready.append(task)
        self.clients += task.is_client

    def step(self) -> bool:
        """Runs one task up to its next await; returns whether there was one, now or after a while."""
        if not self._ready and not self._pass_time():
            if self._waiting:
                raise Violation(f"all wait for each other: {[task.name for task in self._waiting]}")
            return False
        ready = self._ready
        last = len(ready) - 1
        if ready[last] is not self.current or self._random() >= self._stickiness:
            index = int(self._random() * len(ready))
            ready[index], ready[last] = ready[last], ready[index]
        self._resume(ready.pop(), None)
        return True

    def cancel_one(self) -> str | None:
        """Throws a cancellation into some client task, wherever it waits; returns its name."""
        tasks = [task for task in self._all() if task.is_client]
        if not tasks:
            return None
        task = tasks[int(self._random() * len(tasks))]
        self.drop(task)
        self.clients += 1  # until `_resume` finds it ended
        self._resume(task, asyncio.CancelledError())
        return task.name

    def crash(self) -> None:
        """Ends all tasks at once."""
        while tasks := self._all():
            task = tasks[0]
            self.drop(task)
            self.current = task
            try:
                task.coroutine.throw(CrashError())
            except (CrashError, StopIteration):
                continue
            raise Violation(f"{task.name} went on after a crash")

    def drop(self, task: Task) -> None:
        """Forgets a task that is not running, without ending it."""
        self.clients -= task.is_client
        if task in self._ready:
            self._ready.remove(task)
        elif task in self._waiting:
            self._waiting.remove(task)
        else:
            self._asleep = [entry for entry in self._asleep if entry[2] is not task]
            heapq.heapify(self._asleep)

    def end(self, task: Task) -> None:
        """Cancels a task that is no client, and is not running; nothing more comes of it."""
        if task not in self._all():  # it crashed
            return
        self.drop(task)
        with suppress(asyncio.CancelledError, StopIteration):
            task.coroutine.throw(asyncio.CancelledError())
            raise Violation(f"{task.name} goes on after it was cancelled")

    def wake_due(self) -> None:
        """Makes those ready whose time has come."""
        now = self._clock.instant
        while self._asleep and self._asleep[0][0] <= now:
            self._ready.append(heapq.heappop(self._asleep)[2])

    def _pass_time(self) -> bool:
        if not self._asleep or not self.clients:
            return False
        self._clock.instant = max(self._clock.instant, self._asleep[0][0])
        self.wake_due()
        return True

    def _all(self) -> list[Task]:
        return [*self._ready, *(entry[2] for entry in self._asleep), *self._waiting]

    def _resume(self, task: Task, error: BaseException | None) -> None:
        self.current = task
        self.steps += 1
        try:
            asked = task.coroutine.throw(error) if error else task.coroutine.send(None)
        except (StopIteration, asyncio.CancelledError):
            self.clients -= task.is_client
            return
        if asked is None:
            self._ready.append(task)
        elif isinstance(asked, asyncio.Future):
            self._wait_for(asked, task)
        else:
            self._count += 1
            heapq.heappush(self._asleep, (self._clock.instant + timedelta(seconds=asked), self._count, task))

    def _wait_for(self, future: "asyncio.Future[Any]", task: Task) -> None:
        future._asyncio_future_blocking = False  # what asyncio's own tasks do, too
        self._waiting.append(task)

        def go_on(_: object) -> None:
            if task in self._waiting:  # not cancelled meanwhile
                self._waiting.remove(task)
                self._ready.append(task)

        future.add_done_callback(go_on)


@contextmanager
def pretending_to_loop() -> Iterator[None]:
    """Lets locks be waited for where no event loop runs."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(_Loop())  # type: ignore[arg-type]
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


def finished(work: Coroutine[Any, Any, Any]) -> Any:  # of whatever type the coroutine returns
    """Returns what a coroutine returns that nobody else keeps waiting."""
    try:
        while True:
            work.send(None)
    except StopIteration as end:
        return end.value
