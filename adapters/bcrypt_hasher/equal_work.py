"""Makes every failure cost what one hash of today costs, so that its time tells nothing of the account."""

import time
from collections.abc import Callable
from typing import TypeVar

import attrs

from leadnator_auth.adapters.bcrypt_hasher.format import MIN_COST, BcryptHash

Result = TypeVar("Result")

_SAMPLE = 4
"""A hash of so much less cost tells how long one takes: a sixteenth of the time."""


class EqualWork:
    """Spends what a verification against `dummy` would have taken, or what it would have taken more.

    `timer` says how many seconds this thread has worked.
    """

    def __init__(self, dummy: BcryptHash, timer: Callable[[], float] = time.thread_time) -> None:
        self._dummy = dummy
        self._timer = timer
        self._seconds: float | None = None

    def spend_all(self, password: bytes) -> None:
        """Does the work of one verification."""
        self._dummy.matches(password)

    def make_up_for_cost(self, weaker: int, password: bytes) -> None:
        """Adds the work that an older cost of ours spared: its failure must take as long as that of no account.

        2^c + (2^c + 2^(c+1) + … + 2^(C-1)) rounds make 2^C.
        """
        for cost in range(weaker, self._dummy.cost):
            self._spend(cost, password)

    def timed(self, work: Callable[[], Result]) -> tuple[Result, float]:
        """Returns what some work returned, and how many seconds it took."""
        began = self._timer()
        result = work()
        return result, self._timer() - began

    def make_up_for_seconds(self, spent: float, password: bytes) -> None:
        """Adds what a hash of another kind, which took so many seconds, took less than one of ours.

        The whole is never less than the time of one of ours, and little more unless the other took more by itself.
        """
        if self._seconds is None:
            sample = max(self._dummy.cost - _SAMPLE, MIN_COST)
            _, took = self.timed(lambda: self._spend(sample, password))
            self._seconds = took * 2.0 ** (self._dummy.cost - sample)
            spent += took
        missing = 1.0 - spent / self._seconds if self._seconds else 0.0
        for cost in range(self._dummy.cost - 1, MIN_COST - 1, -1):
            share = 2.0 ** (cost - self._dummy.cost)
            if share <= missing:
                self._spend(cost, password)
                missing -= share
        if missing > 0:
            self._spend(MIN_COST, password)

    def _spend(self, cost: int, password: bytes) -> None:
        attrs.evolve(self._dummy, cost=cost).matches(password)
