"""The contract of every Users."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain import EmailTakenError, Role, Status, User, UserId
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import assert_utc, in_snapshot, in_transaction, must_raise
from leadnator_auth.testing.contract.samples import NOW, a_session, a_token, a_user, some_credentials
from leadnator_auth.testing.contract.user_metadata import UserMetadataContract
from leadnator_auth.testing.contract.user_pages import UserPagesContract

UNIQUE = "one canonical address has one account: let a constraint of the store decide"


class UsersContract(UserPagesContract, UserMetadataContract):
    """For Users. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_user_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work.snapshot() as repositories:
            kept = await repositories.users.by_id(alice.id)
            by_email = await repositories.users.by_email("alice@example.com")
        assert kept == alice, "`by_id` returns every field as it was added, times to the microsecond"
        assert by_email == alice, "`by_email` returns every field as it was added"
        assert_utc(kept.created_at)

    async def test_nobody_is_found_by_another_id_or_spelling(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(a_user("bob").id) is None, "`by_id` returns None for an unknown id"
            found = await repositories.users.by_email(alice.email.typed)
        assert found is None, "`by_email` compares the canonical address exactly: the store folds no letters"

    async def test_one_canonical_address_has_one_user(self, unit_of_work: UnitOfWork, alice: User) -> None:
        twin = attrs.evolve(a_user("bob"), email=alice.email)
        async with unit_of_work() as transaction:
            with must_raise(EmailTakenError, UNIQUE):
                await transaction.users.add([twin])

    async def test_many_are_added_at_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        users = [attrs.evolve(a_user(f"user-{number}"), email_verified_at=NOW) for number in range(700)]
        async with unit_of_work() as transaction:
            await transaction.users.add(users)
            await transaction.users.add([])
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            kept = [await repositories.users.by_id(user.id) for user in users[::100]]
        assert kept == users[::100], "`add` keeps every one of them, however many (stores limit parameters)"

    async def test_of_many_one_whose_address_is_taken_keeps_all_out(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        twin = attrs.evolve(a_user("bob"), email=alice.email)
        async with unit_of_work() as transaction:
            with must_raise(EmailTakenError, UNIQUE):
                await transaction.users.add([a_user("carol"), twin, a_user("dora")])
        carol = await in_snapshot(unit_of_work, lambda it: it.users.by_id(a_user("carol").id))
        assert carol is None, "nothing of a unit of work is kept that was not committed"

    async def test_of_twenty_at_once_one_gets_the_address(self, unit_of_work: UnitOfWork) -> None:
        address = a_user("carol").email

        async def add(number: int) -> None:
            async with unit_of_work() as transaction:
                await transaction.users.by_email(address.canonical)
                await transaction.users.add([attrs.evolve(a_user(f"carol{number}"), email=address)])
                await transaction.commit()

        outcomes = await asyncio.gather(*(add(n) for n in range(20)), return_exceptions=True)
        assert outcomes.count(None) == 1, f"{UNIQUE}, also where twenty come at once: {outcomes}"
        refused = sum(isinstance(outcome, EmailTakenError) for outcome in outcomes)
        assert refused == 19, f"who comes late is told by EmailTakenError: {outcomes}"

    async def test_saving_changes_all_but_the_birthday(self, unit_of_work: UnitOfWork, alice: User) -> None:
        changed = attrs.evolve(
            alice,
            name="Alicia",
            role=Role.ADMIN,
            plan="Growth",
            status=Status.SUSPENDED,
            email_verified_at=NOW + timedelta(hours=1),
            email=a_user("mallory").email,
            created_at=NOW + timedelta(days=1),
        )
        await in_transaction(unit_of_work, lambda it: it.users.save(changed))
        kept = await in_snapshot(unit_of_work, lambda it: it.users.by_id(alice.id))
        expected = attrs.evolve(changed, created_at=alice.created_at)
        assert kept == expected, "`save` replaces what may change, and leaves the creation time"

    async def test_saving_somebody_unknown_keeps_nothing(self, unit_of_work: UnitOfWork) -> None:
        await in_transaction(unit_of_work, lambda it: it.users.save(a_user("ghost")))
        ghost = await in_snapshot(unit_of_work, lambda it: it.users.by_id(a_user("ghost").id))
        assert ghost is None, "`save` changes an account that is there; it must not add one"

    async def test_changes_to_one_user_leave_the_others_alone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        async with unit_of_work() as transaction:
            await transaction.users.add([bob])
            await transaction.users.save(attrs.evolve(alice, name="Alicia"))
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(bob.id) == bob, "`save` changes one account: restrict it to the id"

    async def test_with_an_account_goes_all_that_belongs_to_it_and_nothing_else(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        bob = a_user("bob")
        sessions = [a_session(alice, 1), a_session(alice, 2), a_session(bob)]
        tokens = [a_token(alice, 1), a_token(bob, 2)]
        async with unit_of_work() as transaction:
            await transaction.users.add([bob])
            await transaction.credentials.add([some_credentials(bob)])
            for session in sessions:
                await transaction.sessions.add(session)
            for token in tokens:
                await transaction.one_time_tokens.add(token)
            await transaction.commit()
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            await transaction.users.remove(UserId("u_nobody"))
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(alice.id) is None, "a removed account is gone"
            assert await repositories.users.by_email(alice.email.canonical) is None, "a removed account is gone"
            assert await repositories.credentials.of(alice.id) is None, "`remove` takes the credentials along"
            assert await repositories.sessions.of_user(alice, 10) == [], "`remove` takes the sessions along"
            gone = await repositories.one_time_tokens.by_digest(tokens[0].digest)
            assert gone is None, "`remove` takes the one-time tokens along"
            assert await repositories.users.by_id(bob.id) == bob, "`remove` leaves other accounts alone"
            assert await repositories.credentials.of(bob.id) == some_credentials(bob), "credentials of others stay"
            assert await repositories.sessions.of_user(bob, 10) == [sessions[2]], "sessions of others stay"
            kept = await repositories.one_time_tokens.by_digest(tokens[1].digest)
            assert kept == tokens[1], "one-time tokens of others stay"

    async def test_the_address_of_a_removed_account_is_free(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            await transaction.users.add([attrs.evolve(a_user("other"), email=alice.email)])
            await transaction.commit()
        other = await in_snapshot(unit_of_work, lambda it: it.users.by_email(alice.email.canonical))
        assert other is not None, "the address of a removed account may be used again, in the same unit of work"
        assert other.id == a_user("other").id, "the address of a removed account leads to its new owner"
