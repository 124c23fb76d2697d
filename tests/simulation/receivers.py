"""Those who subscribed to what happens in a world: two functions, at times slow, forgetful or down."""

from collections import Counter
from random import Random

from leadnator_auth.domain import Event, Subscriber
from tests.simulation.scheduler import sleep

STALLS = (4.0, 12.0, 40.0)
"""In seconds."""


class Receiver:
    """Takes events; of some it forgets to say so, and some it fails to take."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.accepted: Counter[str] = Counter()
        self.is_down = False
        self.is_kind = False
        """Whether it takes everything."""
        self._slowness = chance.choice((0.05, 0.05, 0.4))
        self._forgetfulness = chance.choice((0.02, 0.02, 0.5))

    async def take(self, event: Event) -> None:
        """Raises: ConnectionError."""
        if not self.is_kind and self._chance.random() < self._slowness:
            await sleep(self._chance.choice(STALLS))
        if not self.is_kind and (self.is_down or self._chance.random() < 0.05):
            raise ConnectionError("down")
        self.accepted[event.id] += 1
        if not self.is_kind and self._chance.random() < self._forgetfulness:
            raise ConnectionError("no answer")


class Receivers:
    """All of them, by the ids of their subscriptions."""

    def __init__(self, chance: Random) -> None:
        self.by_id = {name: Receiver(chance) for name in ("py:crm", "py:mails")}

    @property
    def subscribers(self) -> dict[str, Subscriber]:
        """The functions."""
        return {name: receiver.take for name, receiver in self.by_id.items()}

    def be_kind(self) -> None:
        """Lets all of them take everything from now on."""
        for receiver in self.by_id.values():
            receiver.is_kind = True
