"""A queue in which networks take turns, however much one of them asks for."""

from collections import Counter, OrderedDict
from typing import Generic, Protocol, TypeVar

from leadnator_auth.domain.errors import OverloadedError


class Queued(Protocol):
    """What can wait; it is told from others by identity or equality, and must be hashable."""

    @property
    def network(self) -> str:
        """Who asked for it; all that nothing is known of count as one."""


Item = TypeVar("Item", bound=Queued)


class FairQueue(Generic[Item]):
    """Holds at most `capacity` items, in service or waiting.

    The next is of the network that has the fewest in service, and among those the one that waits longest since it was
    served last. Items of one network are first come, first served. Who holds a single item never loses it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[str, OrderedDict[Item, None]] = OrderedDict()
        self._in_service: set[Item] = set()

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def in_service(self) -> int:
        """How many items were taken and not removed yet."""
        return len(self._in_service)

    def add(self, item: Item) -> Item | None:
        """Lets an item wait; returns the one that had to leave for it, if any.

        Where it is full, the newest of the network that holds most leaves, if that network still holds as much as the
        newcomer's then: so a network may have all of an idle queue, and keeps nobody out.

        Raises: OverloadedError when there is no room.
        """
        is_full = self.waiting + self.in_service >= self._capacity
        displaced = self._make_room(item.network) if is_full else None
        self._waiting.setdefault(item.network, OrderedDict())[item] = None
        return displaced

    def take(self) -> Item | None:
        """Returns the item whose turn it is, in service from now on, or None when nothing waits."""
        busy = Counter(item.network for item in self._in_service)
        network = min(self._waiting, key=lambda each: busy[each], default=None)
        if network is None:
            return None
        item = self._pop(network, newest=False)
        self._in_service.add(item)
        return item

    def remove(self, item: Item) -> None:
        """Forgets an item: it was served, or is not wanted any more."""
        network = item.network
        if item in self._in_service:
            self._in_service.remove(item)
            if network in self._waiting:
                self._waiting.move_to_end(network)
        elif item in self._waiting.get(network, ()):
            del self._waiting[network][item]
            self._drop_if_empty(network)

    def clear(self) -> list[Item]:
        """Returns all that waited, and forgets it."""
        waiting = [item for items in self._waiting.values() for item in items]
        self._waiting.clear()
        return waiting

    def _make_room(self, newcomer: str) -> Item:
        held = Counter(item.network for item in self._in_service)
        held.update({network: len(items) for network, items in self._waiting.items()})
        greediest = max(self._waiting, key=lambda each: held[each], default=None)
        if greediest is None or held[greediest] - 1 < held[newcomer] + 1:
            raise OverloadedError
        return self._pop(greediest, newest=True)

    def _pop(self, network: str, *, newest: bool) -> Item:
        item, _ = self._waiting[network].popitem(last=newest)
        self._drop_if_empty(network)
        return item

    def _drop_if_empty(self, network: str) -> None:
        if not self._waiting[network]:
            del self._waiting[network]
