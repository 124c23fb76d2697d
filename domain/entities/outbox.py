"""Deliveries to systems outside: leases, back-off, and how many are under way at once.

Nothing here depends on what is delivered.
"""

from collections import Counter
from datetime import timedelta

import attrs

LEASE = timedelta(seconds=10)
"""How long a worker has a delivery to itself unless it renews the lease; a crash delays a delivery by no more."""
GIVE_UP_AFTER = timedelta(days=3)
_FIRST_DELAY = timedelta(seconds=5)
_LONGEST_DELAY = timedelta(hours=1)


def delay_after(attempts: int, jitter: float) -> timedelta:
    """Returns how long to wait after this many attempts, the last of which failed.

    The delay doubles from 5 seconds to an hour; `jitter` in [0, 1) takes up to half of it off, so that deliveries
    that failed together do not come back together.
    """
    longest: timedelta = min(_FIRST_DELAY * 2 ** min(attempts - 1, 20), _LONGEST_DELAY)
    return longest * (1 - jitter / 2)


@attrs.define
class Lanes:
    """The deliveries one worker has under way: at most `limit`, and at most `limit_of_one` of them in one lane.

    A lane is what may be slow or broken on its own, such as the domain of a recipient. Its trouble delays only itself,
    because the remaining places are always left to the other lanes.
    """

    limit: int
    limit_of_one: int
    _under_way: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def has_room(self) -> bool:
        """Whether one more delivery may begin."""
        return self._under_way.total() < self.limit

    @property
    def full(self) -> frozenset[str]:
        """The lanes in which no further delivery may begin."""
        return frozenset(lane for lane, count in self._under_way.items() if count >= self.limit_of_one)

    def enter(self, lane: str) -> None:
        """Counts a delivery that begins."""
        self._under_way[lane] += 1

    def leave(self, lane: str) -> None:
        """Counts a delivery that ended."""
        self._under_way[lane] -= 1
        if not self._under_way[lane]:
            del self._under_way[lane]
