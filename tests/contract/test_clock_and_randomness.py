"""What every Clock and Randomness must do."""

import re
from datetime import timedelta

import pytest

from leadnator_auth.adapters.memory import FakeClock, SeededRandomness
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain.ports import Clock, Randomness


@pytest.mark.parametrize("clock", [FakeClock(), SystemClock()])
def test_the_time_is_in_utc_and_does_not_run_back(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert first.utcoffset() == timedelta(0)
    assert first <= second


@pytest.mark.parametrize("randomness", [SeededRandomness(), SystemRandomness()])
def test_random_texts_are_distinct_and_fit_into_urls(randomness: Randomness) -> None:
    texts = [randomness.urlsafe(32) for _ in range(1000)]
    assert len(set(texts)) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in texts)


@pytest.mark.parametrize("randomness", [SeededRandomness(), SystemRandomness()])
def test_fractions_lie_between_zero_and_one(randomness: Randomness) -> None:
    fractions = [randomness.fraction() for _ in range(1000)]
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert len(set(fractions)) > 900


def test_one_seed_makes_one_world() -> None:
    assert SeededRandomness(7).urlsafe(16) == SeededRandomness(7).urlsafe(16) != SeededRandomness(8).urlsafe(16)
