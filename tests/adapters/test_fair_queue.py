"""Networks take turns, nobody keeps others out, and nobody waits for ever."""

from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadnator_auth.adapters.bcrypt_hasher.fair_queue import FairQueue
from leadnator_auth.domain import OverloadedError

PLENTY = 1_000
NETWORKS = "ABCDEF"


@attrs.frozen
class Item:
    """The `number`th of its network."""

    network: str
    number: int

    def __str__(self) -> str:
        return f"{self.network}{self.number}"


def items(text: str) -> list[Item]:
    """Returns "A1 B1" as items."""
    return [Item(name[0], int(name[1:])) for name in text.split()]


def filled(capacity: int, text: str) -> FairQueue[Item]:
    queue: FairQueue[Item] = FairQueue(capacity)
    for item in items(text):
        assert queue.add(item) is None
    return queue


def served(queue: FairQueue[Item], servers: int = 1) -> str:
    """Returns the order in which all that waits is served, where each server takes the next when it is done."""
    order: list[str] = []
    busy: list[Item] = []
    while queue.waiting:
        while len(busy) < servers and (item := queue.take()):
            order.append(str(item))
            busy.append(item)
        queue.remove(busy.pop(0))
    return " ".join(order)


@pytest.mark.parametrize(
    ("arrived", "order"),
    [
        ("A1", "A1"),
        ("A1 A2 A3", "A1 A2 A3"),
        ("A1 A2 A3 B1", "A1 B1 A2 A3"),
        ("A1 A2 A3 B1 B2 C1", "A1 B1 C1 A2 B2 A3"),
        ("B1 A1 A2 A3 B2", "B1 A1 B2 A2 A3"),
        (
            " ".join(f"A{number}" for number in range(1, 17)) + " B1",
            "A1 B1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16",
        ),
    ],
)
def test_networks_take_turns(arrived: str, order: str) -> None:
    assert served(filled(PLENTY, arrived)) == order


def test_who_comes_while_others_are_served_waits_for_one_of_each_at_most() -> None:
    queue = filled(PLENTY, "A1 A2 A3 C1 C2 C3")
    first = queue.take()
    assert str(first) == "A1"
    queue.add(Item("B", 1))
    queue.remove(Item("A", 1))
    assert served(queue) == "C1 B1 A2 C2 A3 C3"


def test_where_one_network_has_all_servers_the_next_free_one_is_for_another() -> None:
    queue = filled(PLENTY, "A1 A2 A3 A4 A5")
    assert [str(queue.take()) for _ in range(2)] == ["A1", "A2"]
    queue.add(Item("B", 1))
    queue.add(Item("B", 2))
    queue.remove(Item("A", 2))
    assert [str(queue.take())] == ["B1"], "A has another in service"
    queue.remove(Item("B", 1))
    assert [str(queue.take())] == ["B2"], "A still has"


@pytest.mark.parametrize(
    ("capacity", "waiting", "newcomer", "displaced", "order"),
    [
        (4, "A1 A2 A3 A4", "B1", "A4", "A1 B1 A2 A3"),
        (2, "A1 A2", "B1", "A2", "A1 B1"),
        (5, "A1 A2 B1 B2 B3", "C1", "B3", "A1 B1 C1 A2 B2"),
        (5, "A1 B1 B2 B3 B4", "A2", "B4", "A1 B1 A2 B2 B3"),
        (3, "B1 A1 A2", "C1", "A2", "B1 A1 C1"),
    ],
    ids=str,
)
def test_the_newest_of_who_holds_most_makes_room(
    capacity: int, waiting: str, newcomer: str, displaced: str, order: str
) -> None:
    queue = filled(capacity, waiting)
    assert str(queue.add(*items(newcomer))) == displaced
    assert served(queue) == order


@pytest.mark.parametrize(
    ("capacity", "waiting", "newcomer"),
    [
        (0, "", "A1"),
        (1, "A1", "A2"),
        (3, "A1 A2 A3", "A4"),  # nobody else's place is to be had
        (1, "A1", "B1"),  # who holds a single one never loses it
        (3, "A1 B1 C1", "D1"),
        (3, "A1 A2 B1", "B2"),  # it would only be the other way round
        (4, "A1 A2 B1 B2", "A3"),
        (6, "A1 A2 A3 B1 B2 C1", "B3"),
    ],
    ids=str,
)
def test_what_would_not_be_fairer_is_refused(capacity: int, waiting: str, newcomer: str) -> None:
    queue = filled(capacity, waiting)
    with pytest.raises(OverloadedError):
        queue.add(*items(newcomer))
    assert sorted(served(queue).split()) == sorted(waiting.split())


def test_what_is_in_service_counts_and_cannot_be_displaced() -> None:
    queue = filled(2, "A1 A2")
    assert str(queue.take()) == "A1"
    assert str(queue.add(Item("B", 1))) == "A2", "A holds two, even of a queue of one place"
    with pytest.raises(OverloadedError):
        queue.add(Item("A", 3))
    assert str(queue.take()) == "B1"
    with pytest.raises(OverloadedError):
        queue.add(Item("C", 1))


def test_what_is_removed_is_not_served_and_makes_room() -> None:
    queue = filled(3, "A1 A2 B1")
    for gone in ("A1", "B1", "B1", "C9"):
        queue.remove(*items(gone))
    assert (queue.waiting, queue.in_service) == (1, 0)
    assert queue.add(Item("C", 1)) is None
    assert queue.add(Item("C", 2)) is None
    assert served(queue) == "A2 C1 C2"
    assert (queue.waiting, queue.in_service) == (0, 0)


def test_all_that_waits_can_be_given_up() -> None:
    queue = filled(PLENTY, "A1 A2 B1")
    queue.take()
    assert sorted(map(str, queue.clear())) == ["A2", "B1"]
    assert (queue.waiting, queue.in_service) == (0, 1)
    assert queue.take() is None


@given(
    capacity=st.integers(0, 8),
    servers=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(["add", "add", "add", "leave"]), st.integers(0, 5)), max_size=60),
)
def test_whatever_happens_each_is_served_refused_or_gone_and_nobody_is_passed_over(
    capacity: int, servers: int, steps: list[tuple[str, int]]
) -> None:
    queue: FairQueue[Item] = FairQueue(capacity)
    waiting: list[Item] = []
    busy: list[Item] = []
    passed_over: Counter[str] = Counter()
    for number, (action, choice) in enumerate(steps):
        if action == "add":
            _add(queue, Item(NETWORKS[choice], number), waiting, busy, capacity)
        elif held := waiting + busy:
            gone = held[choice % len(held)]
            queue.remove(gone)
            (waiting if gone in waiting else busy).remove(gone)
        while len(busy) < servers and (item := queue.take()):
            waiting.remove(item)
            busy.append(item)
            idle = {each.network for each in waiting} - {each.network for each in busy}
            passed_over = Counter({network: passed_over[network] + 1 for network in idle})
            assert max(passed_over.values(), default=0) < len(NETWORKS), "each of the others goes first once"
        assert (queue.waiting, queue.in_service) == (len(waiting), len(busy))


def _add(queue: FairQueue[Item], item: Item, waiting: list[Item], busy: list[Item], capacity: int) -> None:
    held = [each.network for each in waiting + busy]
    most = max((held.count(each.network) for each in waiting), default=0)
    try:
        displaced = queue.add(item)
    except OverloadedError:
        assert len(held) == capacity
        assert most <= held.count(item.network) + 1, "who holds two fewer than another is taken"
        return
    if displaced:
        assert len(held) == capacity
        assert held.count(displaced.network) == most > held.count(item.network) + 1
        assert displaced == [each for each in waiting if each.network == displaced.network][-1]
        waiting.remove(displaced)
    waiting.append(item)
