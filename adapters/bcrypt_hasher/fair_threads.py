"""A few low-priority threads behind a fair, bounded queue, so that the event loop always goes first."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import attrs

from leadnator_auth.adapters.bcrypt_hasher.fair_queue import FairQueue
from leadnator_auth.domain.errors import OverloadedError

Result = TypeVar("Result")

Observe = Callable[[float, float], None]
"""Takes the seconds that a piece of work waited for a thread, and the seconds that it took."""

_NICENESS = 10
_LEAST_PRIORITY = 19


@attrs.frozen(eq=False)
class _Job:
    """A piece of work, and its result."""

    network: str
    work: Callable[[], Any]
    outcome: "Future[Any]" = attrs.field(factory=Future)

    def run(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 (it is for who waits, whatever it is)
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(result)

    def refuse(self) -> None:
        if self.outcome.set_running_or_notify_cancel():
            self.outcome.set_exception(OverloadedError())


class FairThreads:
    """Threads that work for all networks alike; `close` them when done.

    `size` of them work at once, `queue` more pieces of work may wait, and the next is refused. `observe` is called
    after each piece of work, on any thread, but never twice at a time.
    """

    def __init__(self, size: int, queue: int, observe: Observe) -> None:
        self._size = size
        self._observe = observe
        self._observing = threading.Lock()
        self._queue: FairQueue[_Job] = FairQueue(size + queue)
        self._queue_lock = threading.Lock()
        self._is_closed = False
        self._threads = ThreadPoolExecutor(size, "password-hash", initializer=_yield_to_others)

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for a thread."""
        with self._queue_lock:
            return self._queue.waiting

    @property
    def running(self) -> int:
        """How many are under way."""
        with self._queue_lock:
            return self._queue.in_service

    async def run(self, work: Callable[[], Result], network: str) -> Result:
        """Returns what `work` returns on a thread; cancelling the wait removes work that has not begun from the queue.

        Raises: OverloadedError when there is no room, or when a network that holds less needs the place; and whatever
        `work` raises.
        """
        job = _Job(network, partial(self._timed, work, time.perf_counter()))
        job.outcome.add_done_callback(lambda _: self._leave(job))
        with self._queue_lock:
            if self._is_closed:
                raise RuntimeError("closed: nothing is hashed any more")
            displaced = self._queue.add(job)
            self._dispatch()
        if displaced:
            displaced.refuse()
        result: Result = await asyncio.wrap_future(job.outcome)
        return result

    def close(self) -> None:
        """Ends the threads; work still waiting is given up."""
        with self._queue_lock:
            self._is_closed = True
            waiting = self._queue.clear()
        for job in waiting:
            job.outcome.cancel()
        self._threads.shutdown()

    def _dispatch(self) -> None:
        """Gives free threads their next work; the lock is held."""
        while self._queue.in_service < self._size and (job := self._queue.take()):
            self._threads.submit(job.run)

    def _leave(self, job: _Job) -> None:
        with self._queue_lock:
            self._queue.remove(job)
            self._dispatch()

    def _timed(self, work: Callable[[], Result], asked_at: float) -> Result:
        began = time.perf_counter()
        try:
            return work()
        finally:
            ended = time.perf_counter()
            with self._observing:
                self._observe(began - asked_at, ended - began)


def _yield_to_others() -> None:
    """Lowers the priority of this thread only, where the system has threads of different priorities (Linux)."""
    if hasattr(os, "setpriority"):
        thread = threading.get_native_id()
        os.setpriority(
            os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS, _LEAST_PRIORITY)
        )
