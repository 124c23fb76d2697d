"""The contract of every Users towards administrators: pages, search, admins."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain import EmailAddress, Position, Role, Status, User, UserId
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, in_snapshot, in_transaction
from leadnator_auth.testing.contract.samples import NOW, a_user

ORDER = "`page` returns the newest first, those of one instant by descending id, from after the position on"
FOUND = "`page` finds what `domain.is_found` says, for every script"


async def keep_all(unit_of_work: UnitOfWork, *users: User) -> None:
    await in_transaction(unit_of_work, lambda it: it.users.add(users))


async def page(unit_of_work: UnitOfWork, search: str = "", limit: int = 100, after: User | None = None) -> list[User]:
    position = Position(after.created_at, after.id) if after else None
    return await in_snapshot(unit_of_work, lambda it: it.users.page(search, limit, position))


def named(name: str, number: int = 0) -> User:
    return attrs.evolve(a_user(f"user{number}"), name=name)


def an_admin(name: str, status: Status = Status.ACTIVE) -> User:
    return attrs.evolve(a_user(name), role=Role.ADMIN, status=status)


class UserPagesContract(StoreContract):
    """The part of UsersContract about many accounts."""

    async def test_accounts_come_newest_first_those_of_one_instant_by_id(self, unit_of_work: UnitOfWork) -> None:
        oldest, first, second = a_user("zoe"), a_user("ann"), a_user("bob")
        oldest = attrs.evolve(oldest, created_at=NOW - timedelta(microseconds=1))
        await keep_all(unit_of_work, second, oldest, first)
        assert await page(unit_of_work) == [second, first, oldest], ORDER
        assert await page(unit_of_work, limit=2) == [second, first], "no more than `limit` are returned"
        assert await page(unit_of_work, after=second) == [first, oldest], ORDER
        assert await page(unit_of_work, after=oldest) == [], ORDER

    async def test_a_page_begins_after_an_account_that_is_gone(self, unit_of_work: UnitOfWork) -> None:
        await keep_all(unit_of_work, a_user("ann"), a_user("cyd"))
        after_gone = await page(unit_of_work, after=a_user("bob"))
        assert after_gone == [a_user("ann")], "a position is a time and an id; the account need not be there any more"

    async def test_going_from_page_to_page_sees_each_account_once_while_others_come_and_go(
        self, unit_of_work: UnitOfWork
    ) -> None:
        users = [
            attrs.evolve(a_user(f"user{n:02}"), created_at=NOW + timedelta(microseconds=n // 4)) for n in range(30)
        ]
        await keep_all(unit_of_work, *users)
        seen: list[User] = []
        while found := await page(unit_of_work, limit=4, after=seen[-1] if seen else None):
            seen += found
            await keep_all(unit_of_work, attrs.evolve(a_user(f"new{len(seen)}"), created_at=NOW + timedelta(hours=1)))
            async with unit_of_work() as transaction:
                await transaction.users.remove(seen[-1].id)
                await transaction.commit()
        assert seen == list(reversed(users)), "page by position, not by offset: none is skipped or seen twice"

    @pytest.mark.parametrize(
        ("name", "search"),
        [
            ("Alice Smith", "alice"),
            ("Alice Smith", "CE SM"),
            ("Alice Smith", "h"),
            ("Jürgen MÜLLER", "müller"),
            ("Jürgen MÜLLER", "JÜRGEN"),
            ("Jürgen Müller", "ÜR"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
            ("Łukasz Żółć", "łUKASZ żÓŁĆ"),
            ("Straße", "straße"),
            ("100% _real_ !", "% _REAL_ !"),
            ("back\\slash 'quote\"", "\\SLASH 'quote\""),
            ("☕ [a-z]* ?", "☕ [A-Z]* ?"),
            ("李小龙", "小龙"),
            ("K\u212a", "k\u212a"),
        ],
    )
    async def test_a_part_of_the_name_finds_it_whatever_the_letter_case(
        self, unit_of_work: UnitOfWork, name: str, search: str
    ) -> None:
        await keep_all(unit_of_work, named(name), named("xyz", 1))
        assert [user.name for user in await page(unit_of_work, search)] == [name], FOUND

    @pytest.mark.parametrize(
        ("name", "search"),
        [
            ("Alice", "alicia"),
            ("Alice", "a%e"),
            ("Alice", "al_ce"),
            ("Alice", "%"),
            ("Alice", "_"),
            ("Alice", "!"),
            ("Alice", "\\"),
            ("Alice", "*"),
            ("Alice", "[a]lice"),
            ("Alice", " "),
            ("Straße", "STRASSE"),
            ("Müller", "muller"),
            ("\u212aelvin", "kelvin"),
            ("kelvin", "\u212aelvin"),
            ("I\u0130", "\u0131"),
            ("Alice", "'; DROP TABLE users; --"),
            ("Alice", ":at"),
            ("Alice", "e" * 254),
        ],
    )
    async def test_what_is_not_in_the_name_does_not_find_it(
        self, unit_of_work: UnitOfWork, name: str, search: str
    ) -> None:
        await keep_all(unit_of_work, named(name))
        assert await page(unit_of_work, search) == [], f"{FOUND}; wild cards of the store are letters like others"

    async def test_a_search_of_every_letter_that_has_a_capital_works(self, unit_of_work: UnitOfWork) -> None:
        letters = "".join(c for c in map(chr, range(0xC0, 0x530)) if c.isalpha() and c.islower())[:254]
        await keep_all(unit_of_work, named(letters))
        assert [user.name for user in await page(unit_of_work, letters)] == [letters], FOUND

    async def test_a_part_of_the_canonical_address_and_the_whole_id_find_an_account(
        self, unit_of_work: UnitOfWork
    ) -> None:
        address = EmailAddress("Bob@Bücher.example", "bob@xn--bcher-kva.example")
        bob = attrs.evolve(a_user("bob"), name="Robert", email=address, id=UserId("u_Bob1"))
        await keep_all(unit_of_work, bob, a_user("alice"))
        for search in ("bob@", "BOB", "XN--bcher", "u_Bob1"):
            assert await page(unit_of_work, search) == [bob], f"{search!r}: {FOUND}"
        for search in ("u_bob1", "u_Bob", "Bob1", "bücher"):
            assert await page(unit_of_work, search) == [], f"{search!r}: {FOUND}"

    async def test_a_search_goes_from_page_to_page_too(self, unit_of_work: UnitOfWork) -> None:
        users = [named("Anna" if n % 2 else "Bert", n) for n in range(10)]
        await keep_all(unit_of_work, *users)
        first = await page(unit_of_work, "anna", limit=3)
        second = await page(unit_of_work, "anna", limit=3, after=first[-1])
        found = [user.id for user in first + second]
        assert found == ["u_user9", "u_user7", "u_user5", "u_user3", "u_user1"], f"with a search, too: {ORDER}"

    async def test_the_admins_that_are_active_are_found_by_id(self, unit_of_work: UnitOfWork) -> None:
        zoe, ann = an_admin("zoe"), an_admin("ann")
        await keep_all(unit_of_work, zoe, a_user("bob"), an_admin("cyd", Status.SUSPENDED), ann)
        async with unit_of_work() as transaction:
            assert await transaction.users.active_admins() == [ann, zoe], "admins that are not suspended, by id"
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.active_admins() == [ann, zoe], "admins that are not suspended, by id"

    async def test_those_who_look_at_the_admins_to_change_them_take_turns(self, unit_of_work: UnitOfWork) -> None:
        ann, zoe = an_admin("ann"), an_admin("zoe")
        await keep_all(unit_of_work, ann, zoe)

        async def look() -> list[User]:
            async with unit_of_work() as transaction:
                return await transaction.users.active_admins()

        async with unit_of_work() as transaction:
            assert await transaction.users.active_admins() == [ann, zoe], "admins that are not suspended, by id"
            other = asyncio.create_task(look())
            for _ in range(20):  # it would be done by then, if it did not wait
                await transaction.users.by_id(ann.id)
            assert not other.done(), "in a unit that may write, `active_admins` waits for another unit that called it"
            await transaction.users.save(attrs.evolve(ann, role=Role.USER))
            await transaction.commit()
        assert await other == [zoe], "who waited for its turn sees what the unit before it kept"
