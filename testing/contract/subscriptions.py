"""The contract of every Subscriptions."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.ports import Expired, Transaction, UnitOfWork
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_utc,
    at_once,
    in_snapshot,
    in_transaction,
    keep,
)
from leadnator_auth.testing.contract.samples import NOW, a_subscription, an_event_delivery

UNTIL = NOW + timedelta(minutes=1)


async def all_of(unit_of_work: UnitOfWork) -> list[Subscription]:
    return await in_snapshot(unit_of_work, lambda it: it.subscriptions.all())


class SubscriptionsContract(StoreContract):
    """For Subscriptions. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_subscription_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork) -> None:
        every = attrs.evolve(a_subscription(2), types=frozenset(), enabled=False, failures=3, paused_until=UNTIL)
        await keep(unit_of_work, every, a_subscription(1))
        kept = await all_of(unit_of_work)
        assert kept == [a_subscription(1), every], "subscriptions come back as they were added, by id"
        assert_utc(kept[0].since, kept[1].paused_until)
        async with unit_of_work() as transaction:
            assert await transaction.subscriptions.by_id(every.id) == every, "a subscription is found by its id"
            assert await transaction.subscriptions.by_id("wh_none") is None, "an id that nobody has finds nothing"

    async def test_the_first_with_an_id_stays(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_subscription())
        await keep(unit_of_work, attrs.evolve(a_subscription(), position=7, enabled=False))
        assert await all_of(unit_of_work) == [a_subscription()], "`add` leaves a subscription that is there as it is"

    async def test_those_who_add_one_at_once_add_one(self, unit_of_work: UnitOfWork) -> None:
        await asyncio.gather(*(keep(unit_of_work, a_subscription()) for _ in range(10)))
        assert await all_of(unit_of_work) == [a_subscription()], "`add` is one atomic step, and not an error"

    async def test_all_but_the_position_can_be_changed(self, unit_of_work: UnitOfWork) -> None:
        other = a_subscription(2)
        await keep(unit_of_work, a_subscription(1), other)
        changed = attrs.evolve(
            a_subscription(1), since=UNTIL, types=frozenset(), enabled=False, failures=2, paused_until=UNTIL
        )
        async with unit_of_work() as transaction:
            await transaction.subscriptions.save(attrs.evolve(changed, position=99))
            await transaction.subscriptions.save(a_subscription(3))
            await transaction.commit()
        assert await all_of(unit_of_work) == [changed, other], (
            "`save` replaces the one with its id, leaves its position alone, and adds none"
        )

    async def test_positions_are_set_by_id(self, unit_of_work: UnitOfWork) -> None:
        first, second, third = (a_subscription(number) for number in (1, 2, 3))
        await keep(unit_of_work, first, second, third)
        async with unit_of_work() as transaction:
            await transaction.subscriptions.advance({first.id: 11, third.id: 13, "wh_none": 1})
            await transaction.subscriptions.advance({})
            await transaction.commit()
        expected = [attrs.evolve(first, position=11), second, attrs.evolve(third, position=13)]
        assert await all_of(unit_of_work) == expected, "`advance` sets the positions of these, and nothing else"

    async def test_of_many_who_would_probe_one_may(self, unit_of_work: UnitOfWork) -> None:
        ailing = attrs.evolve(a_subscription(), failures=2, paused_until=NOW)
        await keep(unit_of_work, ailing)

        def probe(it: Transaction, failures: int = 2) -> Awaitable[bool]:
            return it.subscriptions.probe(ailing.id, failures, NOW, UNTIL)

        outdated = await in_transaction(unit_of_work, lambda it: probe(it, failures=1))
        assert not outdated, "`probe` compares `failures`: somebody else made an attempt meanwhile"
        won = await at_once(10, unit_of_work, probe)
        assert sum(won) == 1, "`probe` is one atomic step: of many at once, one makes the attempt"
        assert await all_of(unit_of_work) == [attrs.evolve(ailing, paused_until=UNTIL)], "the others wait until then"

    async def test_who_is_paused_or_disabled_is_not_probed(self, unit_of_work: UnitOfWork) -> None:
        disabled = attrs.evolve(a_subscription(1), failures=1, enabled=False)
        paused = attrs.evolve(a_subscription(2), failures=1, paused_until=NOW + timedelta(microseconds=1))
        await keep(unit_of_work, disabled, paused)
        async with unit_of_work() as transaction:
            for subscription in (disabled, paused):
                may = await transaction.subscriptions.probe(subscription.id, 1, NOW, UNTIL)
                assert not may, "`probe` is for who is enabled and not paused"
            assert not await transaction.subscriptions.probe("wh_none", 1, NOW, UNTIL), "nobody has this id"

    async def test_a_removed_subscription_takes_its_deliveries_with_it(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_subscription(1), a_subscription(2))
        async with unit_of_work() as transaction:
            own = [an_event_delivery(number, a_subscription(1).id) for number in range(1, 701)]
            others = an_event_delivery(701, a_subscription(2).id)
            await transaction.event_deliveries.add_all([*own, others])
            await transaction.commit()
        async with unit_of_work() as transaction:
            await transaction.subscriptions.remove(a_subscription(1).id)
            await transaction.subscriptions.remove("wh_none")
            await transaction.commit()
        assert await all_of(unit_of_work) == [a_subscription(2)], "`remove` is for the subscription with this id"
        for _ in range(10):
            removed = await in_transaction(
                unit_of_work, lambda it: it.purge(Expired.OF_REMOVED_SUBSCRIPTIONS, NOW, 500)
            )
            if not removed:
                break
        left = await in_snapshot(unit_of_work, lambda it: it.event_deliveries.latest(None, 10))
        assert left == [others], "its deliveries go with a subscription, or with `purge`, and nobody else's"
