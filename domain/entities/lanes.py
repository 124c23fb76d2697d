"""How many deliveries are under way at once, and how many of them in one lane."""

from collections import Counter

import attrs


@attrs.define
class Lanes:
    """What one worker has under way: at most `limit` deliveries, and at most `limit_of_one` of them in one lane.

    The trouble of a lane delays only itself, because the rest is always left to the others.
    """

    limit: int
    limit_of_one: int
    _under_way: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def has_room(self) -> bool:
        """Whether one more delivery may begin."""
        return self._under_way.total() < self.limit

    @property
    def room(self) -> int:
        """How many may begin at once, whichever lanes that are not full they are in."""
        most = max((count for count in self._under_way.values() if count < self.limit_of_one), default=0)
        return min(self.limit - self._under_way.total(), self.limit_of_one - most)

    @property
    def full(self) -> frozenset[str]:
        """The lanes in which no more may begin."""
        return frozenset(lane for lane, count in self._under_way.items() if count >= self.limit_of_one)

    def enter(self, lane: str) -> None:
        """Counts a delivery that begins."""
        self._under_way[lane] += 1

    def leave(self, lane: str) -> None:
        """Counts a delivery that ended."""
        self._under_way[lane] -= 1
        if not self._under_way[lane]:
            del self._under_way[lane]
