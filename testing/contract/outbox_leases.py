"""What every Outbox must do for those who deliver: leases, order, lanes."""

import asyncio
from datetime import timedelta
from typing import Any

import attrs

from leadnator_auth.domain.entities.outbox import LEASE, OutboxEntry
from leadnator_auth.domain.ports import Outbox, Repositories, UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, in_snapshot, in_transaction
from leadnator_auth.testing.contract.samples import NOW, a_delivery

LATER = NOW + timedelta(minutes=1)
DUE_FIRST = "of the new ones `lease` takes those due first, of one instant those with the lower id"


class OutboxLeasesContract(StoreContract):
    """The part of OutboxContract about leases. What is delivered does not matter here."""

    def outbox_of(self, repositories: Repositories) -> Outbox[Any]:
        """Returns the outbox under test."""
        return repositories.mail_queue

    def an_entry(self, number: int = 1, lane: str = "example.com") -> OutboxEntry[Any]:
        """Returns a delivery in a lane; those with higher numbers have a higher id, and were queued later."""
        return a_delivery(number, lane)

    async def queue(self, unit_of_work: UnitOfWork, *entries: OutboxEntry[Any]) -> None:
        async with unit_of_work() as transaction:
            for entry in entries:
                await self.outbox_of(transaction).add(entry)
            await transaction.commit()

    async def lease(self, unit_of_work: UnitOfWork, limit: int = 10) -> list[OutboxEntry[Any]]:
        return await in_transaction(unit_of_work, lambda it: self.outbox_of(it).lease(LATER, limit))

    async def save(self, unit_of_work: UnitOfWork, entry: OutboxEntry[Any]) -> bool:
        return await in_transaction(unit_of_work, lambda it: self.outbox_of(it).save(entry))

    async def test_due_deliveries_are_leased_oldest_first_and_no_more_than_asked(
        self, unit_of_work: UnitOfWork
    ) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in (3, 1, 2)))
        first = [self.an_entry(n).leased(LATER) for n in (1, 2)]
        assert await self.lease(unit_of_work, 2) == first, (
            f"{DUE_FIRST}, `limit` at once, and keeps `delivery.leased(now)`"
        )
        assert await self.lease(unit_of_work, 2) == [self.an_entry(3).leased(LATER)], (
            "a leased delivery is not leased again"
        )
        assert await self.lease(unit_of_work, 2) == [], "a leased delivery is not leased again"

    async def test_a_delivery_that_is_not_due_waits(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, attrs.evolve(self.an_entry(), due_at=LATER + timedelta(microseconds=1)))
        assert await self.lease(unit_of_work) == [], "a delivery is leased when it is due, not a microsecond before"

    async def test_a_lease_that_ended_lets_somebody_else_take_the_delivery(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry())
        (first,) = await self.lease(unit_of_work)
        again = await in_transaction(unit_of_work, lambda it: self.outbox_of(it).lease(LATER + LEASE, 10))
        assert [delivery.attempts for delivery in again] == [2], "when its lease ends, a delivery is leased once more"
        stale = await self.save(unit_of_work, first.dead(LATER, "too late"))
        assert not stale, "`save` compares `attempts`: who lost the lease keeps nothing and gets False"
        assert await self.save(unit_of_work, again[0].sent(LATER)), "`save` returns True to who has the lease"
        after_the_end = await self.save(unit_of_work, again[0].failed(LATER, "after the end", 0.0))
        assert not after_the_end, "`save` changes queued deliveries only: this one was sent"

    async def test_workers_at_once_never_lease_the_same_delivery(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(self.an_entry(n) for n in range(30)))
        batches = await asyncio.gather(*(self.lease(unit_of_work, 4) for _ in range(10)))
        ids = [delivery.id for batch in batches for delivery in batch]
        assert len(set(ids)) == len(ids), (
            "two workers must never lease one delivery: find and mark it in one atomic step"
        )
        assert len(ids) == 30, "workers at once take all that is due"

    async def test_of_twenty_workers_at_once_one_leases_the_delivery(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry())
        batches = await asyncio.gather(*(self.lease(unit_of_work, 1) for _ in range(20)))
        count = sum(len(batch) for batch in batches)
        assert count == 1, "two workers must never lease one delivery: find and mark it in one atomic step"

    async def test_what_is_due_first_goes_first_whatever_its_id(self, unit_of_work: UnitOfWork) -> None:
        late, early = attrs.evolve(self.an_entry(1), due_at=NOW + timedelta(seconds=9)), self.an_entry(2)
        await self.queue(unit_of_work, late, early)
        assert [delivery.id for delivery in await self.lease(unit_of_work, 1)] == [early.id], DUE_FIRST
        twins = [attrs.evolve(self.an_entry(n), due_at=NOW) for n in (5, 4)]
        await self.queue(unit_of_work, *twins)
        assert [delivery.id for delivery in await self.lease(unit_of_work, 1)] == [twins[1].id], DUE_FIRST

    async def test_leased_deliveries_come_in_the_order_they_were_queued_in(self, unit_of_work: UnitOfWork) -> None:
        deliveries = [
            attrs.evolve(self.an_entry(n), queued_at=NOW - timedelta(seconds=n), due_at=NOW) for n in (1, 2, 3)
        ]
        await self.queue(unit_of_work, *deliveries)
        leased = [delivery.id for delivery in await self.lease(unit_of_work)]
        assert leased == [delivery.id for delivery in reversed(deliveries)], (
            "leased deliveries are returned in the order of `queued_at`"
        )

    async def test_a_lease_without_a_commit_leaves_the_delivery_to_others(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry())
        async with unit_of_work() as transaction:
            await self.outbox_of(transaction).lease(LATER, 1)
        for _ in range(1_000):  # what is taken back may be locked until that has reached the database
            if leased := await self.lease(unit_of_work):
                break
        assert leased == [self.an_entry().leased(LATER)], "a lease that was not committed did not happen"

    async def test_new_deliveries_go_before_those_that_failed(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, self.an_entry(1), self.an_entry(2))
        for delivery in await self.lease(unit_of_work):
            await self.save(unit_of_work, attrs.evolve(delivery, due_at=NOW))
        await self.queue(unit_of_work, self.an_entry(3), self.an_entry(4))
        order = [[delivery.id for delivery in await self.lease(unit_of_work, 1)] for _ in range(4)]
        expected = [[self.an_entry(n).id] for n in (3, 4, 1, 2)]
        assert order == expected, "a delivery that nobody took yet goes first, though others have been due for longer"

    async def test_lanes_that_are_full_are_left_out(self, unit_of_work: UnitOfWork) -> None:
        deliveries = [
            self.an_entry(n, lane=domain)
            for n, domain in enumerate(("slow.example", "ab.example", "b.example", "b.example"))
        ]
        await self.queue(unit_of_work, *deliveries)
        async with unit_of_work() as transaction:
            queue_ = self.outbox_of(transaction)
            leased = await queue_.lease(LATER, 10, ["slow.example", "b.example"])
            assert [delivery.id for delivery in leased] == [deliveries[1].id], "a lane is named whole"
            assert leased[0].lane == "ab.example", "a delivery is in the lane of what is delivered"
            leased = await queue_.lease(LATER, 1, frozenset({"slow.example"}))
            assert [delivery.id for delivery in leased] == [deliveries[2].id], "the first of the others is taken"
            leased = await queue_.lease(LATER, 10)
            assert [delivery.id for delivery in leased] == [deliveries[0].id, deliveries[3].id], (
                "what was left out waits"
            )

    async def test_the_next_due_delivery_is_known(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work.snapshot() as repositories:
            assert await self.outbox_of(repositories).next_due_at() is None, "None when no delivery waits"
        await self.queue(unit_of_work, self.an_entry(2), self.an_entry(1))
        due_at = await in_snapshot(unit_of_work, lambda it: self.outbox_of(it).next_due_at())
        assert due_at == self.an_entry(1).due_at, "`next_due_at` is the earliest of all that are queued"
        assert_utc(due_at)

    async def test_deliveries_of_one_instant_are_returned_by_id(self, unit_of_work: UnitOfWork) -> None:
        twins = [attrs.evolve(self.an_entry(n), queued_at=NOW, due_at=NOW - timedelta(seconds=n)) for n in (1, 2, 3)]
        await self.queue(unit_of_work, *twins)
        leased = [delivery.id for delivery in await self.lease(unit_of_work)]
        assert leased == [twin.id for twin in twins], "of one `queued_at` the one with the lower id is returned first"
