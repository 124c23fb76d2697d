"""What every Outbox must do: keep what became of deliveries, and show it to those who look after them."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.outbox import LEASE, DeliveryState, OutboxStats
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import assert_utc, in_snapshot, in_transaction
from leadnator_auth.testing.contract.outbox_leases import LATER, OutboxLeasesContract
from leadnator_auth.testing.contract.samples import NOW

GIVE_UP_AT = LATER + timedelta(days=5)


class OutboxContract(OutboxLeasesContract):
    """For Outbox. Fixture: `unit_of_work`, over an empty store.

    `outbox_of` and `an_entry` are those of mails: override both for another.
    """

    async def test_a_delivery_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry())
        kept = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).latest(None, 10))
        assert kept == [self.an_entry()], "a delivery comes back as it was added, times to the microsecond"
        assert_utc(kept[0].queued_at, kept[0].due_at, kept[0].give_up_at)

    async def test_what_became_of_a_delivery_is_kept(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry(1), self.an_entry(2), self.an_entry(3))
        first, second, third = await self.lease(unit_of_work)
        delayed = second.failed(LATER, "421 busy", 0.5)
        for delivery in (first.sent(LATER), delayed, third.dead(LATER, "550 no such mailbox")):
            assert await self.save(unit_of_work, delivery), "`save` returns True to who has the lease"
        async with unit_of_work() as transaction:
            due_at = await self.outbox_of(transaction).next_due_at()
            assert due_at == delayed.due_at, "only queued deliveries are due; a failed one when it says"
            kept = await self.outbox_of(transaction).by_id(delayed.id)
            assert kept == delayed, "`save` keeps due time, attempts and the last error"
            again = await self.outbox_of(transaction).lease(LATER + LEASE, 10)
        assert [delivery.id for delivery in again] == [delayed.id], "only queued deliveries are leased"

    async def test_a_delivery_is_found_by_its_id_in_whatever_state(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry(1), self.an_entry(2))
        (leased,) = await self.lease(unit_of_work, 1)
        await self.save(unit_of_work, leased.sent(LATER))
        async with unit_of_work() as transaction:
            by_id = self.outbox_of(transaction).by_id
            assert await by_id(leased.id) == leased.sent(LATER), "`by_id` finds those that are over, too"
            assert await by_id(self.an_entry(2).id) == self.an_entry(2), "`by_id` finds those that wait"
            assert await by_id("m_none") is None, "an unknown id finds None"

    async def test_a_removed_delivery_is_gone(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry())
        async with unit_of_work() as transaction:
            await self.outbox_of(transaction).remove(self.an_entry().id)
            await self.outbox_of(transaction).remove("m_none")
            await transaction.commit()
        assert await self.lease(unit_of_work) == [], "a removed delivery is gone"

    async def test_the_latest_deliveries_come_first(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in (2, 1, 3)))
        (leased,) = await self.lease(unit_of_work, 1)
        sent = leased.sent(LATER)
        await self.save(unit_of_work, sent)
        async with unit_of_work.snapshot() as repositories:
            latest = self.outbox_of(repositories).latest
            assert await latest(None, 10) == [self.an_entry(3), self.an_entry(2), sent], (
                "`latest` returns the newest first"
            )
            assert await latest(None, 1) == [self.an_entry(3)], "no more than `limit` are returned"
            kept = await latest(DeliveryState.SENT, 10)
            assert kept == [sent], "`latest` of one state returns those"
            assert_utc(kept[0].finished_at)
            assert await latest(DeliveryState.DEAD, 10) == [], "`latest` of one state returns those"

    async def test_what_was_given_up_or_waits_can_be_tried_again_at_once(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in (1, 2, 3)))
        first, second, third = await self.lease(unit_of_work)
        await self.save(unit_of_work, first.sent(LATER))
        await self.save(unit_of_work, second.dead(LATER, "550 no"))
        await self.save(unit_of_work, third.failed(LATER, "421 busy", 0.0))
        now = LATER + timedelta(seconds=1)
        async with unit_of_work() as transaction:
            retry = self.outbox_of(transaction).retry
            for entry_id in (first.id, "m_none", ""):
                assert await retry(now, GIVE_UP_AT, 9, only=entry_id) == [], (
                    "a delivery that was sent, or is none, is not tried again"
                )
            assert await retry(now, GIVE_UP_AT, 9, only=second.id) == [second.id], "`retry` revives a dead delivery"
            expected = [third.failed(LATER, "421 busy", 0.0), second.dead(LATER, "550 no").revived(now, GIVE_UP_AT)]
            assert await self.outbox_of(transaction).latest(None, 2) == expected, (
                "`retry` keeps `entry.revived(now, give_up_at)`"
            )
            assert await retry(now, GIVE_UP_AT, 9, only=third.id) == [third.id], "`retry` makes a waiting delivery due"
            assert len(await self.outbox_of(transaction).lease(now, 10)) == 2, "what was revived is due at once"

    async def test_all_that_waits_can_be_tried_again_a_few_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in range(1, 6)))
        leased = await self.lease(unit_of_work, 3)
        await self.save(unit_of_work, leased[0].sent(LATER))
        await self.save(unit_of_work, leased[1].dead(LATER, "550 no"))
        await self.save(unit_of_work, leased[2].failed(LATER, "421 busy", 0.0))
        now = LATER + timedelta(seconds=1)
        async with unit_of_work() as transaction:
            retry = self.outbox_of(transaction).retry
            ids = [self.an_entry(n).id for n in (2, 3, 4, 5)]
            revived = await retry(now, GIVE_UP_AT, 3)
            assert revived == ids[:3], "`retry` revives no more than `limit`, by id, but no sent ones"
            assert await retry(now, GIVE_UP_AT, 3, after=ids[2]) == ids[3:], "`retry` goes on after the id it is given"
            assert await retry(now, GIVE_UP_AT, 3, after=ids[3]) == [], "`retry` comes to an end"
            kept = await self.outbox_of(transaction).latest(DeliveryState.QUEUED, 10)
            expected = leased[1].dead(LATER, "550 no").revived(now, GIVE_UP_AT)
            assert kept[-1] == expected, "`retry` keeps `entry.revived(now, give_up_at)`"
            assert len(await self.outbox_of(transaction).lease(now, 10)) == 4, "what was revived is due at once"

    async def test_the_stats_tell_how_the_queue_does(self, unit_of_work: UnitOfWork) -> None:
        stats = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).stats())
        assert stats == OutboxStats(0, 0, 0, 0, None), "an empty queue has stats, too"
        await self.queue(unit_of_work, *(self.an_entry(n) for n in range(6)))
        leased = await self.lease(unit_of_work, 4)
        await self.save(unit_of_work, leased[0].sent(LATER))
        await self.save(unit_of_work, leased[1].sent(LATER))
        await self.save(unit_of_work, leased[2].dead(LATER, "550 no"))
        await self.save(unit_of_work, leased[3].failed(LATER, "421 busy", 0.0))
        stats = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).stats())
        expected = OutboxStats(queued=3, retrying=1, sent=2, dead=1, oldest_queued_at=self.an_entry(3).queued_at)
        assert stats == expected, "`stats` counts by state; `retrying` are the queued ones with an attempt"
        assert_utc(stats.oldest_queued_at)

    async def test_changes_to_one_delivery_leave_the_others_alone(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in range(4)))
        first, second, *rest = await self.lease(unit_of_work)
        await self.save(unit_of_work, first.sent(LATER))
        await in_transaction(unit_of_work, lambda it: self.outbox_of(it).remove(second.id))
        async with unit_of_work.snapshot() as repositories:
            queued = await self.outbox_of(repositories).latest(DeliveryState.QUEUED, 10)
            assert queued == list(reversed(rest)), "`save` and `remove` are for one delivery: restrict them to its id"
            assert await self.outbox_of(repositories).next_due_at() == rest[0].due_at, "a sent delivery is not due"

    async def test_the_latest_deliveries_come_first_whatever_they_are_called(self, unit_of_work: UnitOfWork) -> None:
        older, newer = attrs.evolve(self.an_entry(1), id="m_z"), attrs.evolve(self.an_entry(2), id="m_a")
        await self.queue(unit_of_work, newer, older)
        latest = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).latest(None, 10))
        assert latest == [newer, older], "`latest` goes by `queued_at`, the newest first"

    async def test_the_latest_deliveries_of_one_instant_come_by_descending_id(self, unit_of_work: UnitOfWork) -> None:
        twins = [attrs.evolve(self.an_entry(n), queued_at=NOW) for n in (2, 3, 1)]
        await self.queue(unit_of_work, *twins)
        latest = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).latest(DeliveryState.QUEUED, 2))
        assert latest == [twins[1], twins[0]], "of one `queued_at` the one with the higher id comes first"
