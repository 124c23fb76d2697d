"""What every AuditTrail must do."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.audit import AuditEntry
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.domain.values.paging import Position
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc
from leadnator_auth.testing.contract.samples import NOW, a_user, an_entry

ORDER = "`latest` returns the newest first, those of one instant by descending id, from after the position on"


async def keep_entries(unit_of_work: UnitOfWork, *entries: AuditEntry) -> None:
    async with unit_of_work() as transaction:
        for entry in entries:
            await transaction.audit_trail.add(entry)
        await transaction.commit()


async def latest(
    unit_of_work: UnitOfWork, user: User | None = None, most: int = 100, after: AuditEntry | None = None
) -> list[AuditEntry]:
    position = Position(after.at, after.id) if after else None
    async with unit_of_work.snapshot() as repositories:
        return await repositories.audit_trail.latest(user.id if user else None, most, position)


class AuditTrailContract(StoreContract):
    """For AuditTrail. Fixture: `unit_of_work`, over an empty store."""

    async def test_an_entry_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_entries(unit_of_work, an_entry(alice))
        kept = await latest(unit_of_work)
        assert kept == [an_entry(alice)], "an entry comes back as it was added, its changes in order, None as None"
        assert_utc(kept[0].at)

    async def test_entries_come_newest_first_those_of_one_instant_by_id(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        first, second, third = (an_entry(alice, number) for number in (1, 2, 3))
        third = attrs.evolve(third, at=second.at)
        await keep_entries(unit_of_work, second, third, first)
        assert await latest(unit_of_work) == [third, second, first], ORDER
        assert await latest(unit_of_work, most=2) == [third, second], "no more than `most` are returned"
        assert await latest(unit_of_work, after=third) == [second, first], ORDER
        assert await latest(unit_of_work, after=first) == [], ORDER

    async def test_going_from_page_to_page_sees_each_entry_once_while_others_are_added(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        entries = [attrs.evolve(an_entry(alice, n), at=NOW + timedelta(microseconds=n // 3)) for n in range(20)]
        await keep_entries(unit_of_work, *entries)
        seen: list[AuditEntry] = []
        while page := await latest(unit_of_work, most=3, after=seen[-1] if seen else None):
            seen += page
            newer = attrs.evolve(an_entry(alice, 100 + len(seen)), at=NOW + timedelta(hours=1))
            await keep_entries(unit_of_work, newer)
        assert seen == list(reversed(entries)), "page by position, not by offset: none is skipped or seen twice"

    async def test_entries_are_found_by_the_account_they_are_about(self, unit_of_work: UnitOfWork, alice: User) -> None:
        of_alice, of_bob = an_entry(alice, 1), an_entry(a_user("bob"), 2)
        await keep_entries(unit_of_work, of_alice, of_bob)
        assert await latest(unit_of_work, alice) == [of_alice], "`latest` of one account returns those about it"
        assert await latest(unit_of_work, a_user("bob")) == [of_bob], "the account need not exist"
        assert await latest(unit_of_work, a_user("carol")) == [], "`latest` of one account returns those about it"

    async def test_entries_outlive_the_account_they_are_about(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_entries(unit_of_work, an_entry(alice))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            await transaction.commit()
        kept = await latest(unit_of_work, alice)
        assert kept == [an_entry(alice)], "the trail stays when its account goes: no foreign key, no cascade"

    async def test_an_entry_without_a_commit_is_not_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work() as transaction:
            await transaction.audit_trail.add(an_entry(alice))
        kept = await latest(unit_of_work)
        assert kept == [], "an entry belongs to the unit of work that it is added in, and is lost with it"
