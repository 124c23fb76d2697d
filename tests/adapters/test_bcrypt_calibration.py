"""The cost that a machine can afford."""

import pytest

from leadnator_auth.adapters.bcrypt_hasher import nearest_cost, seconds_of_a_hash


@pytest.mark.parametrize(
    ("seconds", "cost", "nearest"),
    [(0.25, 12, 12), (0.29, 12, 12), (0.34, 12, 11), (0.14, 12, 13), (0.07, 10, 12), (9.0, 12, 10), (0.001, 12, 16)],
)
def test_the_cost_nearest_to_a_quarter_of_a_second_is_found(seconds: float, cost: int, nearest: int) -> None:
    assert nearest_cost(seconds, cost, 0.25, 10) == nearest


def test_a_hash_takes_time_and_a_dearer_one_more() -> None:
    assert 0 < seconds_of_a_hash(4) < seconds_of_a_hash(9)
