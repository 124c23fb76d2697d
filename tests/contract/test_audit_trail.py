"""What every AuditTrail must do."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import AuditEntry, User
from leadnator_auth.domain.paging import Position
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import NOW, a_user, an_entry


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


async def test_an_entry_comes_back_as_it_was_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_entries(unit_of_work, an_entry(alice))
    assert await latest(unit_of_work) == [an_entry(alice)]


async def test_entries_come_newest_first_those_of_one_instant_by_id(unit_of_work: UnitOfWork, alice: User) -> None:
    first, second, third = (an_entry(alice, number) for number in (1, 2, 3))
    third = attrs.evolve(third, at=second.at)
    await keep_entries(unit_of_work, second, third, first)
    assert await latest(unit_of_work) == [third, second, first]
    assert await latest(unit_of_work, most=2) == [third, second]
    assert await latest(unit_of_work, after=third) == [second, first]
    assert await latest(unit_of_work, after=first) == []


async def test_entries_are_found_by_the_account_they_are_about(unit_of_work: UnitOfWork, alice: User) -> None:
    of_alice, of_bob = an_entry(alice, 1), an_entry(a_user("bob"), 2)
    await keep_entries(unit_of_work, of_alice, of_bob)
    assert await latest(unit_of_work, alice) == [of_alice]
    assert await latest(unit_of_work, a_user("bob")) == [of_bob]
    assert await latest(unit_of_work, a_user("carol")) == []


async def test_entries_outlive_the_account_they_are_about(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_entries(unit_of_work, an_entry(alice))
    async with unit_of_work() as transaction:
        await transaction.users.remove(alice.id)
        await transaction.commit()
    assert await latest(unit_of_work, alice) == [an_entry(alice)]


async def test_an_entry_without_a_commit_is_not_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    async with unit_of_work() as transaction:
        await transaction.audit_trail.add(an_entry(alice))
    assert await latest(unit_of_work) == []


async def test_going_from_page_to_page_sees_each_entry_once_while_others_are_added(
    unit_of_work: UnitOfWork, alice: User
) -> None:
    entries = [attrs.evolve(an_entry(alice, n), at=NOW + timedelta(microseconds=n // 3)) for n in range(20)]
    await keep_entries(unit_of_work, *entries)
    seen: list[AuditEntry] = []
    while page := await latest(unit_of_work, most=3, after=seen[-1] if seen else None):
        seen += page
        await keep_entries(unit_of_work, attrs.evolve(an_entry(alice, 100 + len(seen)), at=NOW + timedelta(hours=1)))
    assert seen == list(reversed(entries))
