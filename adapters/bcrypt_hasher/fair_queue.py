"""A queue in which networks take turns, however much one of them asks for."""

from collections import Counter, OrderedDict
from typing import Generic, Protocol, TypeVar

from leadnator_auth.domain.errors import OverloadedError


class Queued(Protocol):
    """An item that can wait; items are told apart by identity or equality, and must be hashable."""

    @property
    def network(self) -> str:
        """The network that asked for it; all unknown ones count as one."""


Item = TypeVar("Item", bound=Queued)


class FairQueue(Generic[Item]):
    """Holds at most `capacity` items, in service or waiting.

    The next item is one of the network with the fewest in service, and among those of the one that was served longest
    ago. Items of one network are first come, first served. A network with a single item never loses it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[str, OrderedDict[Item, None]] = OrderedDict()
        self._in_service: set[Item] = set()

    @property
    def waiting(self) -> int:
        """How many items are waiting."""
        return sum(map(len, self._waiting.values()))

    @property
    def in_service(self) -> int:
        """How many items were taken and not yet removed."""
        return len(self._in_service)

    def add(self, item: Item) -> Item | None:
        """Puts an item into the queue; returns the one that had to leave for it, if any.

        When the queue is full, the newest item of the network that holds most leaves, if that network then still holds
        as much as the newcomer's: so a network may fill an idle queue, and keeps nobody out.

        Raises: OverloadedError when there is no room.
        """
        is_full = self.waiting + self.in_service >= self._capacity
        displaced = self._make_room(item.network) if is_full else None
        self._waiting.setdefault(item.network, OrderedDict())[item] = None
        return displaced

    def take(self) -> Item | None:
        """Returns the item whose turn it is, in service from now on, or None when none is waiting."""
        busy = Counter(item.network for item in self._in_service)
        network = min(self._waiting, key=lambda each: busy[each], default=None)
        if network is None:
            return None
        item = self._pop(network, newest=False)
        self._in_service.add(item)
        return item

    def remove(self, item: Item) -> None:
        """Forgets an item that was served, or is no longer wanted."""
        network = item.network
        if item in self._in_service:
            self._in_service.remove(item)
            if network in self._waiting:
                self._waiting.move_to_end(network)
        elif item in self._waiting.get(network, ()):
            del self._waiting[network][item]
            self._drop_if_empty(network)

    def clear(self) -> list[Item]:
        """Returns all waiting items, and forgets them."""
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
