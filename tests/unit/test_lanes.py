"""How much is under way at once."""

from leadnator_auth.domain.entities.lanes import Lanes


def lanes(*under_way: str) -> Lanes:
    """Returns the lanes of a worker that has room for five, and for two in one lane."""
    new = Lanes(limit=5, limit_of_one=2)
    for lane in under_way:
        new.enter(lane)
    return new


def test_nothing_is_full_at_first() -> None:
    assert lanes().has_room
    assert lanes().full == frozenset()


def test_a_lane_is_full_at_its_limit_and_the_others_are_not() -> None:
    assert lanes("slow").full == frozenset()
    assert lanes("slow", "slow").full == {"slow"}
    assert lanes("slow", "quick", "slow").full == {"slow"}
    assert lanes("slow", "slow").has_room


def test_there_is_a_limit_for_all_together() -> None:
    assert lanes("a", "b", "c", "d").has_room
    assert not lanes("a", "b", "c", "d", "e").has_room


def test_what_ended_makes_room() -> None:
    full = lanes("a", "a", "b", "c", "d")
    full.leave("a")
    assert full.has_room
    assert full.full == frozenset()
    full.leave("a")
    full.enter("a")
    assert full.full == frozenset()


def test_one_that_ended_makes_room_for_one() -> None:
    busy = lanes("a", "a")
    busy.leave("a")
    assert busy.room == 1
    busy.enter("a")
    assert busy.full == {"a"}


def test_room_is_what_may_begin_in_any_lane_that_is_not_full() -> None:
    assert lanes().room == 2
    assert lanes("a").room == 1
    assert lanes("a", "a").room == 2
    assert lanes("a", "a", "b", "b").room == 1
