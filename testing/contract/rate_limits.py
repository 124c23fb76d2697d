"""The contract of every RateLimits."""

import asyncio
from datetime import datetime, timedelta

import pytest

from leadnator_auth.domain import Charge, RateLimit, Refusal, UnavailableError
from leadnator_auth.domain.ports import RateLimits
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.checking import must_raise
from leadnator_auth.testing.contract.samples import NOW

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
FEW = RateLimit("few", 3, MINUTE)
MANY = RateLimit("many", 10, MINUTE)
ALICE = Charge(FEW, "alice")
BOB = Charge(FEW, "bob")
FULL = "a limit of 3 in a minute lets 3 through at once, and then one every 20 seconds"


async def taken(rate_limits: RateLimits, charge: Charge, tries: int, now: datetime = NOW) -> int:
    """Returns how many of a number of tries, made one after the other, are let through."""
    return sum([await rate_limits.take([charge], now) is None for _ in range(tries)])


async def forgive(rate_limits: RateLimits, *, give_back: Charge | None = None, clear: Charge | None = None) -> None:
    await rate_limits.forgive(give_back=[give_back] if give_back else [], clear=[clear] if clear else [])


@pytest.mark.asyncio
class RateLimitsContract:
    """For RateLimits. Fixture: `rate_limits`, in which nothing was counted yet.

    Optional: `unreachable`, counters in a store that nobody can reach.
    """

    @pytest.fixture
    def unreachable(self) -> RateLimits:
        """Counters in a store that nobody can reach."""
        pytest.skip("override the fixture `unreachable` to test this")

    async def test_so_many_are_let_through_at_once_and_no_more(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 10) == 3, FULL

    async def test_who_comes_at_the_pace_of_the_limit_is_never_refused(self, rate_limits: RateLimits) -> None:
        for number in range(20):
            assert await rate_limits.take([ALICE], NOW + number * MINUTE / 3) is None, FULL

    async def test_a_refusal_says_when_to_come_again_and_then_one_is_let_through(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 3) == 3, FULL
        refusal = await rate_limits.take([ALICE], NOW + INSTANT)
        assert refusal == Refusal(FEW, NOW + MINUTE / 3), "a refusal names the limit and the instant of the next try"
        assert await rate_limits.take([ALICE], refusal.retry_at - INSTANT) == refusal, "not before `retry_at`"
        assert await rate_limits.take([ALICE], refusal.retry_at) is None, "at `retry_at` one is let through"
        again = await rate_limits.take([ALICE], refusal.retry_at)
        assert again == Refusal(FEW, NOW + 2 * MINUTE / 3), "at `retry_at` one is let through, and no more"

    async def test_after_the_period_all_is_as_at_first(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 5) == 3, FULL
        later = NOW + MINUTE
        results = [await rate_limits.take([ALICE], later) for _ in range(4)]
        assert results == [None, None, None, Refusal(FEW, later + MINUTE / 3)], "after its period a bucket is empty"

    async def test_what_is_refused_counts_for_nothing(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 50) == 3, FULL
        assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is None, "refused tries fill no bucket"

    async def test_subjects_and_limits_do_not_share_a_bucket(self, rate_limits: RateLimits) -> None:
        for charge in (ALICE, BOB, Charge(RateLimit("other", 3, MINUTE), "alice")):
            assert await taken(rate_limits, charge, 4) == 3, "each limit and subject has a bucket (`Charge.bucket`)"

    async def test_several_are_taken_together_or_none_is(self, rate_limits: RateLimits) -> None:
        both = [Charge(MANY, "client"), ALICE]
        outcomes = [await rate_limits.take(both, NOW) for _ in range(9)]
        limits = [outcome and outcome.limit for outcome in outcomes]
        assert limits == [None] * 3 + [FEW] * 6, "the first limit that is reached refuses"
        left = await taken(rate_limits, Charge(MANY, "client"), 20)
        assert left == 7, "where one limit refuses, nothing is counted against the others"

    async def test_of_many_at_once_no_more_are_let_through(self, rate_limits: RateLimits) -> None:
        outcomes = await asyncio.gather(*(rate_limits.take([Charge(MANY, "client"), ALICE], NOW) for _ in range(20)))
        assert outcomes.count(None) == 3, "`take` reads and counts in one atomic step, for twenty at once, too"

    async def test_a_try_is_given_back(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 3) == 3, FULL
        await forgive(rate_limits, give_back=ALICE)
        await forgive(rate_limits, give_back=Charge(FEW, "nobody"))
        assert await taken(rate_limits, ALICE, 5) == 1, "`give_back` makes room for one try"

    async def test_no_more_is_given_back_than_was_taken(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 1) == 1, FULL
        for _ in range(5):
            await forgive(rate_limits, give_back=ALICE)
        assert await taken(rate_limits, ALICE, 10) == 3, "an empty bucket gets no emptier"

    async def test_a_bucket_is_emptied(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 4) == 3, FULL
        assert await taken(rate_limits, BOB, 4) == 3, FULL
        await forgive(rate_limits, clear=ALICE)
        await forgive(rate_limits, clear=Charge(FEW, "nobody"))
        assert await taken(rate_limits, ALICE, 4) == 3, "`clear` empties a bucket"
        assert await taken(rate_limits, BOB, 4) == 0, "`clear` leaves other buckets alone"

    @pytest.mark.parametrize("behind", [INSTANT, timedelta(milliseconds=5), timedelta(seconds=60)])
    async def test_clocks_that_are_a_little_apart_let_no_more_through(
        self, rate_limits: RateLimits, behind: timedelta
    ) -> None:
        for number in range(10):
            await rate_limits.take([ALICE], NOW - behind * (number % 2))
        refusal = await rate_limits.take([ALICE], NOW - behind)
        assert refusal is not None, "a clock up to CLOCK_LEEWAY behind must not empty a bucket (`RateLimit.latest`)"
        assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is None, "one is due"
        assert await rate_limits.take([ALICE], NOW + MINUTE / 3) is not None, "one is due, and no more"

    async def test_a_clock_that_was_turned_back_keeps_nobody_out(self, rate_limits: RateLimits) -> None:
        assert await taken(rate_limits, ALICE, 3) == 3, FULL
        past = NOW - timedelta(days=1)
        let_through = [await rate_limits.take([ALICE], past) is None for _ in range(4)]
        assert let_through == [True, True, True, False], "what lies beyond `RateLimit.latest` counts as empty"

    async def test_what_is_over_is_purged_a_little_at_a_time(self, rate_limits: RateLimits) -> None:
        for number in range(5):
            await rate_limits.take([Charge(FEW, str(number))], NOW)
        later = NOW + MINUTE
        assert await taken(rate_limits, ALICE, 3, later) == 3, FULL
        soon = NOW + MINUTE / 3 + INSTANT
        assert await rate_limits.purge(NOW, 10) == 0, "nothing is over yet"
        purged = [await rate_limits.purge(soon, 3) for _ in range(3)]
        assert purged == [3, 2, 0], "`purge` removes no more than `limit`, and says how many"
        assert await taken(rate_limits, ALICE, 1, later) == 0, "`purge` leaves what still counts"

    async def test_cancelled_at_any_await_a_try_is_counted_once_or_not_at_all(self, rate_limits: RateLimits) -> None:
        for step in range(200):
            charge = Charge(FEW, f"step-{step}")
            finished = await cancelled_at_step(step, rate_limits.take([charge], NOW))
            left = await taken(rate_limits, charge, 5)
            assert left in (2, 3), "who hangs up was counted once or not at all"
            if finished:
                assert left == 2, "who was let through was counted"
                return
        pytest.fail("`take` never ran to its end")

    async def test_a_store_that_is_away_is_told(self, unreachable: RateLimits) -> None:
        with must_raise(UnavailableError, "a store out of reach lets nobody through uncounted"):
            await unreachable.take([ALICE], NOW)
