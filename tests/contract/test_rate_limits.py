"""What every RateLimits must do."""

import asyncio
from datetime import timedelta

import pytest

from leadnator_auth.domain import Ports, RateLimit
from leadnator_auth.domain.ports import RateLimits
from leadnator_auth.domain.rate_limit import Charge, Refusal
from tests.contract.worlds import NOW

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
FEW = RateLimit("few", 3, MINUTE)
MANY = RateLimit("many", 10, MINUTE)
ALICE = Charge(FEW, "alice")


@pytest.fixture
def rate_limits(ports: Ports) -> RateLimits:
    return ports.rate_limits


async def taken(rate_limits: RateLimits, charge: Charge, tries: int) -> int:
    """Returns how many of so many tries at once are let through."""
    return sum([await rate_limits.take([charge], NOW) is None for _ in range(tries)])


async def forgive(rate_limits: RateLimits, *, give_back: Charge | None = None, clear: Charge | None = None) -> None:
    await rate_limits.forgive(
        give_back=[give_back] if give_back else [], clear=[clear] if clear else [], remember=None, until=NOW
    )


async def test_so_many_are_let_through_at_once_and_no_more(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 10) == 3


async def test_who_comes_at_the_pace_of_the_limit_is_never_refused(rate_limits: RateLimits) -> None:
    for number in range(20):
        assert await rate_limits.take([ALICE], NOW + number * MINUTE / 3) is None


async def test_a_refusal_says_when_to_come_again_and_then_one_is_let_through(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 3) == 3
    refusal = await rate_limits.take([ALICE], NOW + INSTANT)
    assert refusal == Refusal(FEW, NOW + MINUTE / 3)
    assert await rate_limits.take([ALICE], refusal.retry_at - INSTANT) == refusal
    assert await rate_limits.take([ALICE], refusal.retry_at) is None
    assert await rate_limits.take([ALICE], refusal.retry_at) == Refusal(FEW, NOW + 2 * MINUTE / 3)


async def test_after_the_period_all_is_as_at_first(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 5) == 3
    later = NOW + MINUTE
    assert [await rate_limits.take([ALICE], later) for _ in range(4)] == [
        None,
        None,
        None,
        Refusal(FEW, later + MINUTE / 3),
    ]


async def test_what_is_refused_counts_for_nothing(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 50) == 3
    assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is None


async def test_subjects_and_limits_do_not_share_a_bucket(rate_limits: RateLimits) -> None:
    for charge in (ALICE, Charge(FEW, "bob"), Charge(RateLimit("other", 3, MINUTE), "alice")):
        assert await taken(rate_limits, charge, 4) == 3


async def test_several_are_taken_together_or_none_is(rate_limits: RateLimits) -> None:
    both = [Charge(MANY, "client"), ALICE]
    outcomes = [await rate_limits.take(both, NOW) for _ in range(9)]
    assert [outcome and outcome.limit for outcome in outcomes] == [None] * 3 + [FEW] * 6
    assert await taken(rate_limits, Charge(MANY, "client"), 20) == 7


async def test_of_many_at_once_no_more_are_let_through(rate_limits: RateLimits) -> None:
    outcomes = await asyncio.gather(*(rate_limits.take([Charge(MANY, "client"), ALICE], NOW) for _ in range(20)))
    assert outcomes.count(None) == 3


async def test_a_try_is_given_back(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 3) == 3
    await forgive(rate_limits, give_back=ALICE)
    await forgive(rate_limits, give_back=Charge(FEW, "nobody"))
    assert await taken(rate_limits, ALICE, 5) == 1


async def test_no_more_is_given_back_than_was_taken(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 1) == 1
    for _ in range(5):
        await forgive(rate_limits, give_back=ALICE)
    assert await taken(rate_limits, ALICE, 10) == 3


async def test_a_bucket_is_emptied(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 4) == 3
    assert await taken(rate_limits, Charge(FEW, "bob"), 4) == 3
    await forgive(rate_limits, clear=ALICE)
    await forgive(rate_limits, clear=Charge(FEW, "nobody"))
    assert await taken(rate_limits, ALICE, 4) == 3
    assert await taken(rate_limits, Charge(FEW, "bob"), 4) == 0


@pytest.mark.parametrize("behind", [INSTANT, timedelta(milliseconds=5), timedelta(seconds=60)])
async def test_clocks_that_are_a_little_apart_let_no_more_through(rate_limits: RateLimits, behind: timedelta) -> None:
    for number in range(10):
        await rate_limits.take([ALICE], NOW - behind * (number % 2))
    assert await rate_limits.take([ALICE], NOW - behind) is not None
    assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is None, "one is due"
    assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is not None


async def test_a_clock_that_was_turned_back_keeps_nobody_out(rate_limits: RateLimits) -> None:
    assert await taken(rate_limits, ALICE, 3) == 3
    past = NOW - timedelta(days=1)
    assert [await rate_limits.take([ALICE], past) is None for _ in range(4)] == [True, True, True, False]


async def test_a_key_is_remembered_for_its_time(rate_limits: RateLimits) -> None:
    assert not await rate_limits.remembers("key", NOW)
    await rate_limits.forgive(give_back=[], clear=[], remember="key", until=NOW + MINUTE)
    assert await rate_limits.remembers("key", NOW + MINUTE - INSTANT)
    assert not await rate_limits.remembers("key", NOW + MINUTE)
    assert not await rate_limits.remembers("other", NOW)
    await rate_limits.forgive(give_back=[], clear=[], remember="key", until=NOW + 2 * MINUTE)
    assert await rate_limits.remembers("key", NOW + MINUTE)


async def test_what_is_over_is_purged_a_little_at_a_time(rate_limits: RateLimits) -> None:
    for number in range(5):
        await rate_limits.take([Charge(FEW, str(number))], NOW)
    await rate_limits.forgive(give_back=[], clear=[], remember="key", until=NOW + MINUTE)
    soon, late = NOW + MINUTE / 3 + INSTANT, NOW + MINUTE + INSTANT
    assert await rate_limits.purge(NOW, 10) == 0
    assert [await rate_limits.purge(soon, 3), await rate_limits.purge(soon, 3), await rate_limits.purge(soon, 3)] == [
        3,
        2,
        0,
    ]
    assert await rate_limits.remembers("key", NOW)
    assert await rate_limits.purge(late, 3) == 1
