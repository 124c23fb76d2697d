"""The contract of every EmailChanges, and of what a Users has to know of them."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain import EmailAddress, EmailChange, EmailTakenError, MailKind, MailRequest, User
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.domain.values.ids import NOBODY
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_utc,
    in_snapshot,
    in_transaction,
    keep,
    keep_users,
    must_raise,
)
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_user

MICROSECOND = timedelta(microseconds=1)
UNTIL = NOW + timedelta(days=7)
RESERVED = "an address that somebody may take back is taken until `undoable_until`"
MOVED = "`save` gives the account its address, unless another account has it: let a constraint of the store decide"


def a_change(user: User, epoch: int = 1, former: str = "Former") -> EmailChange:
    email = EmailAddress(f"{former}@Example.com", f"{former.lower()}@example.com")
    return EmailChange(user.id, epoch, email, NOW + MICROSECOND, changed_at=NOW, undoable_until=UNTIL)


class EmailChangesContract(StoreContract):
    """For EmailChanges. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_change_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        changes = [a_change(alice, 1), attrs.evolve(a_change(alice, 2, "Ünna"), email_verified_at=None)]
        await keep(unit_of_work, *changes, a_change(a_user("bob"), 3))
        async with unit_of_work.snapshot() as repositories:
            get, of_user = repositories.email_changes.get, repositories.email_changes.of_user
            kept = [await get(alice.id, epoch) for epoch in (1, 2, 3)]
            assert kept == [*changes, None], "`get` returns every field of the change of one account and epoch"
            assert kept[0] is not None, "`get` returns every field of the change of one account and epoch"
            assert_utc(kept[0].changed_at, kept[0].undoable_until, kept[0].email_verified_at)
            listed = [await of_user(alice.id, 5), await of_user(alice.id, 1)]
            assert listed == [changes[::-1], changes[1:]], "`of_user` returns those of one account, the latest first"

    async def test_an_address_is_reserved_for_whoever_had_it(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await keep(unit_of_work, a_change(alice))
        last = UNTIL - MICROSECOND
        async with unit_of_work.snapshot() as repositories:
            is_reserved, is_taken = repositories.email_changes.is_reserved, repositories.users.is_taken
            address = "former@example.com"
            assert await is_reserved(address, last, but=bob.id), RESERVED
            assert not await is_reserved(address, last, but=alice.id), "it is not reserved against its owner"
            assert not await is_reserved(address, UNTIL, but=bob.id), "at `undoable_until` it is free"
            assert not await is_reserved("Former@Example.com", last, but=bob.id), "the canonical form is compared"
            taken = [await is_taken(address, last), await is_taken(address, UNTIL)]
            assert taken == [True, False], RESERVED
            assert await is_taken(bob.email.canonical, UNTIL), "an address that an account has is taken"
            assert not await is_taken("nobody@example.com", NOW), "an address that nobody has or had is not"

    async def test_nobody_is_added_with_an_address_that_is_reserved(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        await keep(unit_of_work, a_change(alice))
        bob = attrs.evolve(a_user("bob"), email=EmailAddress("FORMER@example.com", "former@example.com"))
        async with unit_of_work() as transaction:
            with must_raise(EmailTakenError, RESERVED):
                await transaction.users.add([bob], unless_reserved_at=UNTIL - MICROSECOND)
        async with unit_of_work() as transaction:
            with must_raise(EmailTakenError, "what an account has is taken, whatever is reserved"):
                await transaction.users.add([attrs.evolve(bob, email=alice.email)], unless_reserved_at=NOW)
        await in_transaction(unit_of_work, lambda it: it.users.add([bob], unless_reserved_at=UNTIL))
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(bob.id) == bob, "at `undoable_until` it is free"

    async def test_reservations_do_not_bind_who_does_not_ask(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_change(alice))
        bob = attrs.evolve(a_user("bob"), email=EmailAddress("FORMER@example.com", "former@example.com"))
        await in_transaction(unit_of_work, lambda it: it.users.add([bob]))
        kept = await in_snapshot(unit_of_work, lambda it: it.users.by_id(bob.id))
        assert kept == bob, "without `unless_reserved_at`, only addresses that accounts have are taken"

    async def test_a_change_is_dropped_with_all_later_ones(self, unit_of_work: UnitOfWork, alice: User) -> None:
        others = a_change(a_user("bob"), 9)
        await keep(unit_of_work, *(a_change(alice, epoch) for epoch in (1, 2, 5)), others)
        await in_transaction(unit_of_work, lambda it: it.email_changes.drop_since(alice.id, 2))
        async with unit_of_work.snapshot() as repositories:
            left = await repositories.email_changes.of_user(alice.id, 9)
            assert left == [a_change(alice, 1)], "`drop_since` drops those of this epoch and later, and no earlier ones"
            assert await repositories.email_changes.get(others.user_id, 9) == others, "those of others stay"

    async def test_changes_that_are_over_are_purged_a_few_at_a_time(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        later = attrs.evolve(a_change(alice, 9), undoable_until=UNTIL + MICROSECOND)
        await keep(unit_of_work, *(a_change(alice, epoch) for epoch in range(3)), later)
        async with unit_of_work() as transaction:
            purge = transaction.purge
            assert await purge(Expired.EMAIL_CHANGES, UNTIL, 9) == 0, "what ends at this instant did not before it"
            assert await purge(Expired.EMAIL_CHANGES, UNTIL + MICROSECOND, 2) == 2, "no more than `limit`"
            assert await purge(Expired.EMAIL_CHANGES, UNTIL + MICROSECOND, 9) == 1, "all that were over before"
            left = await transaction.email_changes.of_user(alice.id, 9)
        assert left == [later], "`purge` leaves those that can still be undone"

    async def test_with_an_account_go_its_changes_and_mails_to_addresses_that_it_had(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await keep(unit_of_work, a_change(alice), a_change(bob, 1, "bobby"))
        requests = [
            MailRequest(MailKind.RESET_LINK, "former@example.com"),
            MailRequest(MailKind.CONFIRM_EMAIL, "wanted@example.com", alice.id, 1),
            MailRequest(MailKind.CONFIRM_EMAIL, alice.email.canonical, bob.id, 0),
            MailRequest(MailKind.RESET_LINK, "bobby@example.com"),
        ]
        mails = [attrs.evolve(a_mail(number), payload=request) for number, request in enumerate(requests)]
        async with unit_of_work() as transaction:
            for mail in mails:
                await transaction.mail_queue.add(mail)
            await transaction.users.remove(alice.id)
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.email_changes.of_user(alice.id, 9) == [], "`remove` takes the changes along"
            assert not await repositories.users.is_taken("former@example.com", NOW), "what it had is free at once"
            left = await repositories.mail_queue.latest(None, 9)
            assert left == [mails[3], mails[2]], (
                "`remove` takes along the mails that name the account, and those to addresses that it may take back"
            )
            assert await repositories.email_changes.of_user(bob.id, 9), "those of others stay"

    async def test_saving_gives_another_address(self, unit_of_work: UnitOfWork, alice: User) -> None:
        pending = attrs.evolve(alice, pending_email=EmailAddress("Next@Example.com", "next@example.com"))
        await in_transaction(unit_of_work, lambda it: it.users.save(pending))
        async with unit_of_work.snapshot() as repositories:
            kept = await repositories.users.by_id(alice.id)
            assert kept == pending, "`save` keeps the address that was asked for"
        moved = attrs.evolve(alice, email=EmailAddress("Next@Example.com", "next@example.com"))
        async with unit_of_work() as transaction:
            await transaction.users.save(moved)
            await transaction.users.add([attrs.evolve(a_user("other"), email=alice.email)])
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_email("next@example.com") == moved, MOVED
            other = await repositories.users.by_email(alice.email.canonical)
        assert other is not None, "the address that it had is free"
        assert other.id == a_user("other").id, "the address that it had is free"

    async def test_an_address_that_another_account_has_is_not_given(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        async with unit_of_work() as transaction:
            with must_raise(EmailTakenError, MOVED):
                await transaction.users.save(attrs.evolve(bob, email=alice.email))
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(bob.id) == bob, "a refusal changes nothing"

    async def test_of_twenty_who_want_one_address_at_once_one_gets_it(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        wanted = EmailAddress("wanted@example.com", "wanted@example.com")
        users = [a_user(f"user-{number}") for number in range(20)]
        await keep_users(unit_of_work, *users)

        async def move(user: User) -> None:
            async with unit_of_work() as transaction:
                await transaction.users.by_id(user.id)
                await transaction.users.save(attrs.evolve(user, email=wanted))
                await transaction.commit()

        outcomes = await asyncio.gather(*map(move, users), return_exceptions=True)
        assert sum(isinstance(outcome, EmailTakenError) for outcome in outcomes) == 19, f"{MOVED}: {outcomes}"

    async def test_what_a_unit_had_to_wait_for_it_sees(self, unit_of_work: UnitOfWork, alice: User) -> None:
        """Bob wants the address that Alice is about to leave; whoever comes first, it is not his."""
        bob, address = a_user("bob"), alice.email.canonical
        await keep_users(unit_of_work, bob)

        async def leave() -> None:
            async with unit_of_work() as transaction:
                await transaction.users.by_id(alice.id)
                await transaction.users.save(attrs.evolve(alice, email=EmailAddress("n@e.example", "n@e.example")))
                await transaction.email_changes.add(attrs.evolve(a_change(alice), email=alice.email))
                await transaction.commit()

        async def take() -> None:
            async with unit_of_work() as transaction:
                await transaction.users.by_id(bob.id)
                await transaction.users.save(attrs.evolve(bob, email=alice.email))
                if not await transaction.email_changes.is_reserved(address, NOW, but=bob.id):
                    await transaction.commit()

        await asyncio.gather(leave(), take(), return_exceptions=True)
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_email(address) is None, "`is_reserved` sees what was stored meanwhile"
            assert await repositories.email_changes.is_reserved(address, NOW, but=NOBODY), RESERVED
