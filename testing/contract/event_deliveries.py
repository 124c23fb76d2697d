"""The contract of every EventDeliveries: an outbox in which what happened to an account stays in order."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import Position, User
from leadnator_auth.domain.entities.event_delivery import TOO_LATE, EventBacklog, QueuedEvent
from leadnator_auth.domain.entities.outbox import LEASE, DeliveryState
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import in_snapshot
from leadnator_auth.testing.contract.event_order import IN_ORDER, ONE, OTHER, EventOrderContract
from leadnator_auth.testing.contract.outbox_leases import LATER
from leadnator_auth.testing.contract.samples import an_event_delivery


class EventDeliveriesContract(EventOrderContract):
    """For EventDeliveries. Fixture: `unit_of_work`, over an empty store."""

    async def kept(self, unit_of_work: UnitOfWork, state: DeliveryState | None = None) -> list[QueuedEvent]:
        async with unit_of_work.snapshot() as repositories:
            return list(reversed(await repositories.event_deliveries.latest(state, 1000)))

    async def test_many_are_kept_at_once(self, unit_of_work: UnitOfWork) -> None:
        entries = [self.an_entry(number) for number in range(1, 301)]
        await self.keep(unit_of_work, *entries)
        await self.keep(unit_of_work)
        assert await self.kept(unit_of_work) == entries, "`add_all` keeps all of them, or none"

    async def test_one_of_a_subscription_is_taken_a_failed_one_first(self, unit_of_work: UnitOfWork) -> None:
        await self.keep(unit_of_work, *(self.an_entry(number) for number in (1, 2)), self.an_entry(3, OTHER))
        async with unit_of_work() as transaction:
            take = transaction.event_deliveries.lease_one_of
            first = await take(ONE, LATER)
            assert first == self.an_entry(1).leased(LATER), "`lease_one_of` takes as `lease` does"
            await transaction.event_deliveries.save(attrs.evolve(first, due_at=LATER, last_error="503"))
            again = await take(ONE, LATER)
            assert again is not None
            assert (again.id, again.attempts) == ("d_0001", 2), "one that was taken before goes before new ones"
            second = await take(ONE, LATER)
            assert second == self.an_entry(2).leased(LATER), "a new one goes when no other is due"
            assert await take(ONE, LATER) is None, "what is leased is not due, and others are not asked for"
            assert await take("wh_none", LATER) is None, "nothing waits for a subscription that there is not"
            await transaction.commit()

    async def test_of_those_that_failed_the_one_with_the_fewest_attempts_is_taken(
        self, unit_of_work: UnitOfWork
    ) -> None:
        often, once = attrs.evolve(self.an_entry(1), attempts=4), attrs.evolve(self.an_entry(2), attempts=1)
        await self.keep(unit_of_work, often, once)
        async with unit_of_work() as transaction:
            taken = await transaction.event_deliveries.lease_one_of(ONE, LATER)
            assert taken == once.leased(LATER), "`lease_one_of` goes by `attempts`, then by `due_at`"

    async def test_the_one_that_is_taken_is_the_first_of_its_account(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        late = attrs.evolve(an_event_delivery(1, ONE, alice), due_at=LATER)
        await self.keep(unit_of_work, an_event_delivery(2, ONE, alice), late)
        async with unit_of_work() as transaction:
            taken = await transaction.event_deliveries.lease_one_of(ONE, LATER)
            assert taken == late.leased(LATER), IN_ORDER

    async def test_it_is_known_whether_any_is_due(self, unit_of_work: UnitOfWork) -> None:
        await self.keep(unit_of_work, self.an_entry(1, ONE))
        due_at = self.an_entry(1).due_at
        async with unit_of_work.snapshot() as repositories:
            is_any_due = repositories.event_deliveries.is_any_due
            assert await is_any_due(due_at), "a delivery is due when it says"
            assert not await is_any_due(due_at - timedelta(microseconds=1)), "and not before"
            assert not await is_any_due(due_at, [ONE]), "those in full lanes do not count"
            assert await is_any_due(due_at, {OTHER}), "a lane is named whole"

    async def test_the_queued_ones_of_a_subscription_are_counted(self, unit_of_work: UnitOfWork) -> None:
        await self.keep(unit_of_work, *(self.an_entry(n) for n in range(1, 6)), self.an_entry(6, OTHER))
        (leased,) = await self.lease(unit_of_work, 1)
        await self.save(unit_of_work, leased.sent(LATER))
        async with unit_of_work.snapshot() as repositories:
            count = repositories.event_deliveries.count_queued
            assert await count(ONE, 10) == 4, "those that were sent do not count, nor those of others"
            assert await count(ONE, 3) == 3, "`count_queued` counts no further than `limit`"
            assert await count("wh_none", 10) == 0, "nothing waits for a subscription that there is not"

    async def test_what_failed_can_be_made_due_at_once(self, unit_of_work: UnitOfWork) -> None:
        await self.keep(unit_of_work, *(self.an_entry(n) for n in (1, 2, 3)), self.an_entry(4, OTHER))
        failed, soon, under_way, of_other = await self.lease(unit_of_work)
        in_an_hour = LATER + timedelta(hours=1)
        await self.save(unit_of_work, failed.postponed(LATER, in_an_hour, "503"))
        await self.save(unit_of_work, soon.postponed(LATER, LATER + LEASE / 2, "503"))
        await self.save(unit_of_work, attrs.evolve(under_way, due_at=in_an_hour))
        await self.save(unit_of_work, of_other.postponed(LATER, in_an_hour, "503"))
        async with unit_of_work() as transaction:
            assert await transaction.event_deliveries.hasten(ONE, LATER) == 2, "`hasten` returns how many"
            await transaction.commit()
        due = {entry.id: entry.due_at for entry in await self.kept(unit_of_work)}
        assert due == {"d_0001": LATER, "d_0002": LATER, "d_0003": in_an_hour, "d_0004": in_an_hour}, (
            "`hasten` is for those that failed and wait, and not for what is under way, or is another's"
        )

    async def test_what_is_too_late_is_given_up_a_few_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        entries = [attrs.evolve(self.an_entry(n), give_up_at=LATER) for n in range(1, 6)]
        entries[1] = attrs.evolve(entries[1], last_error="503", attempts=4)
        leased = attrs.evolve(entries[4], due_at=LATER + LEASE, attempts=1)
        await self.keep(unit_of_work, *entries[:4], leased, self.an_entry(9))
        async with unit_of_work() as transaction:
            deliveries = transaction.event_deliveries
            assert not await deliveries.is_any_late(LATER - timedelta(microseconds=1)), "their time is not over yet"
            assert await deliveries.is_any_late(LATER), "at `give_up_at` the time of a delivery is over"
            assert await deliveries.give_up(LATER, 3) == 3, "`give_up` marks up to `limit`, and says how many"
            assert await deliveries.give_up(LATER, 3) == 1, "`give_up` leaves alone what is leased"
            assert not await deliveries.is_any_late(LATER), "what is leased is not late"
            await transaction.commit()
        dead = [each.dead(LATER, each.last_error or TOO_LATE) for each in entries[:4]]
        assert await self.kept(unit_of_work, DeliveryState.DEAD) == dead, "`give_up` keeps `entry.dead(now, …)`"
        assert await self.kept(unit_of_work, DeliveryState.QUEUED) == [leased, self.an_entry(9)], "others stay"

    async def test_the_deliveries_of_a_subscription_come_in_pages(self, unit_of_work: UnitOfWork) -> None:
        entries = [self.an_entry(n) for n in (1, 2, 3)]
        twin = attrs.evolve(self.an_entry(4), queued_at=entries[2].queued_at)
        await self.keep(unit_of_work, twin, *entries, self.an_entry(5, OTHER))
        async with unit_of_work.snapshot() as repositories:
            latest_of = repositories.event_deliveries.latest_of
            assert await latest_of(ONE, 2, None) == [twin, entries[2]], "the newest first, then by descending id"
            after = Position(entries[2].queued_at, entries[2].id)
            assert await latest_of(ONE, 5, after) == [entries[1], entries[0]], "from after a position on"

    async def test_what_waits_and_what_was_given_up_is_counted_to_a_limit(self, unit_of_work: UnitOfWork) -> None:
        backlog = await in_snapshot(unit_of_work, lambda it: it.event_deliveries.backlog(10))
        assert backlog == EventBacklog(0, 0, 0, None), "an empty outbox has a backlog, too"
        await self.keep(unit_of_work, *(self.an_entry(n) for n in range(1, 7)))
        sent, *dead, tried = await self.lease(unit_of_work, 4)
        await self.save(unit_of_work, sent.sent(LATER))
        for each in dead:
            await self.save(unit_of_work, each.dead(LATER, "503"))
        async with unit_of_work.snapshot() as repositories:
            counted = repositories.event_deliveries.backlog
            assert await counted(10) == EventBacklog(3, 1, 2, tried.queued_at), "those made are not counted, nor read"
            assert await counted(1) == EventBacklog(1, 1, 1, tried.queued_at), "the first `limit` of each are counted"

    async def test_what_is_over_is_purged(self, unit_of_work: UnitOfWork) -> None:
        await self.keep(unit_of_work, *(self.an_entry(n) for n in (1, 2, 3)))
        sent, dead, waiting = await self.lease(unit_of_work)
        await self.save(unit_of_work, sent.sent(LATER))
        await self.save(unit_of_work, dead.dead(LATER, "503"))
        async with unit_of_work() as transaction:
            purge = transaction.purge
            for what in (Expired.SENT_EVENTS, Expired.DEAD_EVENTS):
                assert await purge(what, LATER, 10) == 0, "what ended at this instant did not end before it"
            assert await purge(Expired.SENT_EVENTS, LATER + LEASE, 10) == 1, "`SENT_EVENTS` are those that were sent"
            assert await purge(Expired.DEAD_EVENTS, LATER + LEASE, 10) == 1, "`DEAD_EVENTS` are those given up"
            await transaction.commit()
        assert await self.kept(unit_of_work) == [waiting], "what waits stays"
