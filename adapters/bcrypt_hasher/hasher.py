"""Hashes on a few low-priority threads behind a bounded queue, so that the event loop always goes first."""

import asyncio
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from leadnator_auth.adapters.bcrypt_hasher.format import PLAIN_LIMIT, can_verify, kind_of, make_hash, verify
from leadnator_auth.domain.errors import OverloadedError
from leadnator_auth.domain.values.password import Password

Result = TypeVar("Result")

Observe = Callable[[float, float], None]
"""Takes the seconds that a password waited for a thread, and the seconds that its hash took."""

_NICENESS = 10
_LEAST_PRIORITY = 19
_log = logging.getLogger(__name__)


class BcryptHasher:
    """The PasswordHasher over bcrypt; `close` it when done.

    `workers` threads hash at once, each as fast as a core; `queue` more may wait, and the next is refused. `observe`
    is called after each hash, on any thread, but never twice at a time.
    """

    def __init__(
        self,
        *,
        cost: int = 12,
        workers: int | None = None,
        queue: int = 64,
        observe: Observe = lambda waited, worked: None,
    ) -> None:
        self._cost = cost
        self._observe = observe
        self._size = workers or os.cpu_count() or 1
        self._most = self._size + queue
        self._pending = 0
        self._counting = threading.Lock()
        self._threads = ThreadPoolExecutor(self._size, "password-hash", initializer=_yield_to_others)
        # Verified when there is no account, so that both cases do the same work. Only its cost and form matter, but a
        # hash of a known password would be a back door should the result ever be looked at.
        self._dummy = make_hash(secrets.token_bytes(), 4).replace(",r=4$", f",r={cost}$")

    async def hash(self, password: Password) -> str:
        return await self._run(lambda: make_hash(password.utf8, self._cost))

    async def verify(self, password: Password, password_hash: str | None) -> bool:
        return await self._run(lambda: self._verify(password.utf8, password_hash))

    def can_verify(self, password_hash: str) -> bool:
        return can_verify(password_hash)

    def needs_upgrade(self, password: Password, password_hash: str) -> bool:
        kind = kind_of(password_hash)
        if kind is None or (kind.is_plain and len(password.utf8) > PLAIN_LIMIT):
            # Plain bcrypt never saw the end of a long password: what was just verified may not be the whole of it.
            return False
        return kind.is_plain or kind.cost < self._cost

    @property
    def waiting(self) -> int:
        """How many passwords wait for a thread."""
        return max(self._pending - self._size, 0)

    @property
    def running(self) -> int:
        """How many are being hashed."""
        return min(self._pending, self._size)

    def close(self) -> None:
        """Ends the threads; what still waits is given up."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password: bytes, password_hash: str | None) -> bool:
        if password_hash is not None:
            outcome = verify(password, password_hash)
            if outcome is False:
                self._make_up_for(password, password_hash)
            if outcome is not None:
                return outcome
            _log.error("unusable_password_hash: an account cannot log in, its stored hash is broken")
        verify(password, self._dummy)
        return False

    def _make_up_for(self, password: bytes, weaker_hash: str) -> None:
        """Adds the work that a hash of an older cost spared: its failure must take as long as that of no account.

        2^c + (2^c + 2^(c+1) + … + 2^(C-1)) rounds make 2^C.
        """
        kind = kind_of(weaker_hash)
        for cost in range(kind.cost if kind else self._cost, self._cost):
            verify(password, self._dummy.replace(f",r={self._cost}$", f",r={cost}$"))

    async def _run(self, work: Callable[[], Result]) -> Result:
        """Runs `work` on a thread; cancelling the wait takes what has not begun out of the queue."""
        with self._counting:
            if self._pending >= self._most:
                raise OverloadedError
            self._pending += 1
        future = self._threads.submit(self._timed, work, time.perf_counter())
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _timed(self, work: Callable[[], Result], asked_at: float) -> Result:
        began = time.perf_counter()
        try:
            return work()
        finally:
            ended = time.perf_counter()
            with self._counting:
                self._observe(began - asked_at, ended - began)

    def _done(self, _: "Future[Result]") -> None:
        with self._counting:
            self._pending -= 1


def _yield_to_others() -> None:
    """Lowers the priority of this thread alone, where the system has threads of different priority (Linux)."""
    if hasattr(os, "setpriority"):
        thread = threading.get_native_id()
        os.setpriority(
            os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS, _LEAST_PRIORITY)
        )
