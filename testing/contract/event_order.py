"""What every EventDeliveries must do for those who deliver: what happened to an account stays in order."""

import asyncio
from typing import Any

import attrs

from leadnator_auth.domain import QueuedEvent, User
from leadnator_auth.domain.entities.outbox import LEASE, OutboxEntry
from leadnator_auth.domain.ports import Outbox, Repositories, UnitOfWork
from leadnator_auth.testing.contract.checking import in_transaction
from leadnator_auth.testing.contract.outbox import OutboxContract
from leadnator_auth.testing.contract.outbox_leases import LATER
from leadnator_auth.testing.contract.samples import an_event_delivery

ONE, OTHER = "wh_0001", "wh_0002"
IN_ORDER = "of one account and one subscription, `lease` takes one after the other, by position, while they succeed"


def ids(entries: list[OutboxEntry[Any]]) -> list[str]:
    return [entry.id for entry in entries]


class EventOrderContract(OutboxContract):
    """The part of EventDeliveriesContract about order: of one account and one subscription, one after the other."""

    def outbox_of(self, repositories: Repositories) -> Outbox[Any]:
        return repositories.event_deliveries

    def an_entry(self, number: int = 1, lane: str = ONE) -> QueuedEvent:
        return an_event_delivery(number, lane)

    async def keep(self, unit_of_work: UnitOfWork, *entries: QueuedEvent) -> None:
        await in_transaction(unit_of_work, lambda it: it.event_deliveries.add_all(entries))

    async def test_what_happened_to_an_account_goes_in_order(self, unit_of_work: UnitOfWork, alice: User) -> None:
        of_alice = [an_event_delivery(number, ONE, alice) for number in (1, 2, 3)]
        first_due_last = [attrs.evolve(of_alice[0], due_at=LATER), *of_alice[1:]]
        await self.keep(unit_of_work, *first_due_last, self.an_entry(4))
        taken = await self.lease(unit_of_work)
        assert ids(taken) == ["d_0001", "d_0004"], IN_ORDER
        assert await self.lease(unit_of_work) == [], f"{IN_ORDER}: not beside the first attempt at the one before"
        await self.save(unit_of_work, taken[0].sent(LATER))
        assert ids(await self.lease(unit_of_work)) == ["d_0002"], IN_ORDER

    async def test_one_that_failed_lets_the_others_of_its_account_pass(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        await self.keep(unit_of_work, *(an_event_delivery(number, ONE, alice) for number in (1, 2, 3)))
        (first,) = await self.lease(unit_of_work)
        await self.save(unit_of_work, first.failed(LATER, "503", 0.0))
        taken = await self.lease(unit_of_work)
        assert ids(taken) == ["d_0002"], "a delivery that failed keeps no other one waiting"
        await self.save(unit_of_work, taken[0].dead(LATER, "refused"))
        assert ids(await self.lease(unit_of_work)) == ["d_0003"], "nor does one that is dead"

    async def test_new_deliveries_go_before_those_that_failed(self, unit_of_work: UnitOfWork) -> None:
        """Not here: what happened to an account later would overtake what failed."""
        await self.keep(unit_of_work, self.an_entry(1), self.an_entry(2))
        for delivery in await self.lease(unit_of_work):
            await self.save(unit_of_work, attrs.evolve(delivery, due_at=LATER, last_error="503"))
        await self.keep(unit_of_work, self.an_entry(3), self.an_entry(4))
        order = [ids(await self.lease(unit_of_work, 1)) for _ in range(4)]
        assert order == [["d_0001"], ["d_0002"], ["d_0003"], ["d_0004"]], "of events, what failed and is due goes first"

    async def test_one_that_failed_and_is_due_again_goes_before_the_others_of_its_account(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        of_alice = [an_event_delivery(number, ONE, alice) for number in (1, 2)]
        await self.keep(unit_of_work, *of_alice, self.an_entry(3))
        (first, _) = await self.lease(unit_of_work)
        await self.save(unit_of_work, first.postponed(LATER, LATER, "refused"))
        (again,) = await self.lease(unit_of_work)
        assert again == attrs.evolve(first.leased(LATER), last_error=""), "what is under way has not failed as yet"
        assert await self.lease(unit_of_work) == [], f"{IN_ORDER}: not beside another attempt at the one before"
        await self.save(unit_of_work, again.sent(LATER))
        assert ids(await self.lease(unit_of_work)) == ["d_0002"], IN_ORDER

    async def test_one_whose_worker_died_is_still_before_the_others(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        await self.keep(unit_of_work, *(an_event_delivery(number, ONE, alice) for number in (1, 2)))
        await self.lease(unit_of_work)
        async with unit_of_work() as transaction:
            taken = await transaction.event_deliveries.lease(LATER + LEASE, 10)
        assert ids(taken) == ["d_0001"], f"{IN_ORDER}: that a lease ended is no failure"

    async def test_other_receivers_and_accounts_do_not_wait(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await self.keep(
            unit_of_work, an_event_delivery(1, ONE, alice), an_event_delivery(2, OTHER, alice), self.an_entry(3)
        )
        taken = await self.lease(unit_of_work)
        assert ids(taken) == ["d_0001", "d_0002", "d_0003"], "order is within one account and one subscription"

    async def test_workers_at_once_keep_the_order(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await self.keep(unit_of_work, *(an_event_delivery(number, ONE, alice) for number in range(1, 21)))
        batches = await asyncio.gather(*(self.lease(unit_of_work, 3) for _ in range(10)))
        assert [entry.id for batch in batches for entry in batch] == ["d_0001"], IN_ORDER
