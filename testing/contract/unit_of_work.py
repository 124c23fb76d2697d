"""The contract of every UnitOfWork: keep all or nothing, isolated from others."""

import asyncio
from contextlib import suppress

import pytest

from leadnator_auth.domain import UnavailableError, User, run_in_transaction
from leadnator_auth.domain.entities.event import EventFilter
from leadnator_auth.domain.ports import Transaction, UnitOfWork
from leadnator_auth.testing.contract.cancellation import CancellationContract
from leadnator_auth.testing.contract.checking import at_once, must_raise
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_session, a_token, a_user, an_event, some_credentials

LOST = "without `commit` nothing is kept: roll back when the block ends"


async def write_of(user: User, transaction: Transaction) -> None:
    """Writes something into each of several repositories."""
    await transaction.users.add([user])
    await transaction.credentials.add([some_credentials(user)])
    await transaction.sessions.add(a_session(user))
    await transaction.one_time_tokens.add(a_token(user))
    await transaction.mail_queue.add(a_mail())
    await transaction.events.add([an_event(user)])


class UnitOfWorkContract(CancellationContract):
    """For UnitOfWork. Fixture: `unit_of_work`, over an empty store.

    Optional: `unreachable`, units of work over a store that nobody can reach; and `world`, a complete set of ports
    with the store in it, where more than the unit of work is to be tested, such as an Identities of its own.
    """

    @pytest.fixture
    def unreachable(self) -> UnitOfWork:
        """Units of work over a store that nobody can reach."""
        pytest.skip("override the fixture `unreachable` to test this")

    async def test_nothing_is_kept_without_a_commit(self, unit_of_work: UnitOfWork) -> None:
        bob = a_user("bob")
        async with unit_of_work() as transaction:
            await write_of(bob, transaction)
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(bob.id) is None, LOST
            assert await repositories.credentials.of(bob.id) is None, LOST
            assert await repositories.sessions.by_id(a_session(bob).id) is None, LOST
            assert await repositories.one_time_tokens.by_digest(a_token(bob).digest) is None, LOST
            assert await repositories.mail_queue.next_due_at() is None, LOST
            assert await repositories.events.latest(EventFilter(), 10, None) == [], LOST

    async def test_what_was_committed_is_kept(self, unit_of_work: UnitOfWork) -> None:
        bob = a_user("bob")
        async with unit_of_work() as transaction:
            await write_of(bob, transaction)
            await transaction.commit()
        kept = "`commit` keeps everything that was written, in all repositories"
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(bob.id) == bob, kept
            assert await repositories.credentials.of(bob.id) == some_credentials(bob), kept
            assert await repositories.sessions.by_id(a_session(bob).id) == a_session(bob), kept
            assert await repositories.one_time_tokens.by_digest(a_token(bob).digest) == a_token(bob), kept
            assert await repositories.mail_queue.latest(None, 10) == [a_mail()], kept
            assert await repositories.events.latest(EventFilter(), 10, None) == [an_event(bob)], kept

    async def test_an_error_undoes_everything_and_the_next_one_works(self, unit_of_work: UnitOfWork) -> None:
        def trip() -> None:
            raise LookupError("half way")

        with must_raise(LookupError, "an error inside of the block goes on to the caller as it is"):
            async with unit_of_work() as transaction:
                await transaction.users.add([a_user("bob")])
                trip()
        async with unit_of_work() as transaction:
            assert await transaction.users.by_id(a_user("bob").id) is None, "an error undoes what was written before it"
            await transaction.users.add([a_user("bob")])
            await transaction.commit()

    async def test_nothing_written_after_the_commit_is_kept(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work() as transaction:
            await transaction.users.add([a_user("bob")])
            await transaction.commit()
            with suppress(RuntimeError):
                await transaction.users.add([a_user("carol")])
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(a_user("bob").id) is not None, "`commit` keeps what was written"
            late = await repositories.users.by_id(a_user("carol").id)
        assert late is None, "`commit` ends the unit: refuse by RuntimeError, or lose, what is written after it"

    async def test_a_transaction_sees_its_own_writes_and_nobody_else_does(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work() as transaction:
            await transaction.users.add([a_user("bob")])
            assert await transaction.users.by_id(a_user("bob").id) is not None, "a unit sees its own writes"
            async with unit_of_work.snapshot() as repositories:
                seen = await repositories.users.by_id(a_user("bob").id)
            assert seen is None, "a snapshot waits for no writer, and sees nothing that is not committed"
            await transaction.commit()

    async def test_a_snapshot_does_not_change_under_its_reader(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(a_user("bob").id) is None, "the store is empty at first"
            async with unit_of_work() as transaction:
                await transaction.users.add([a_user("bob")])
                await transaction.commit()
            seen = await repositories.users.by_id(a_user("bob").id)
        assert seen is None, "a snapshot shows the state of one moment until it ends (repeatable read)"

    async def test_nothing_is_kept_from_a_snapshot(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work.snapshot() as repositories:
            await repositories.users.add([a_user("bob")])
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(a_user("bob").id) is None, "nothing is ever kept from a snapshot"

    async def test_read_then_write_never_loses_an_update(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async def change(transaction: Transaction) -> None:
            before = await transaction.credentials.of(alice.id)
            assert before is not None, "credentials are there until their account goes"
            await transaction.credentials.replace(before, before.with_password(f"hash-{before.version + 1}", NOW))

        await at_once(30, unit_of_work, change)
        async with unit_of_work.snapshot() as repositories:
            after = await repositories.credentials.of(alice.id)
        assert after is not None, "credentials are there until their account goes"
        assert (after.version, after.password_hash) == (31, "hash-31"), (
            "what a unit that may write has read stays as it was until it ends: take the lock when the unit begins "
            "(BEGIN IMMEDIATE), or with the look-up (SELECT … FOR UPDATE)"
        )

    async def test_what_was_looked_up_to_change_it_waits_for_nobody_for_ever(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        with suppress(LookupError):
            async with unit_of_work() as transaction:
                await transaction.users.by_id(alice.id)
                raise LookupError("in the middle")
        async with asyncio.timeout(30):
            async with unit_of_work() as transaction:
                found = await transaction.users.by_id(alice.id)
        assert found == alice, "an error gives back every lock"

    async def test_a_store_that_is_away_is_told(self, unreachable: UnitOfWork) -> None:
        message = "translate what the library raises when the store is away"
        with must_raise(UnavailableError, message):
            async with unreachable() as transaction:
                await transaction.users.by_id(a_user().id)
        with must_raise(UnavailableError, message):
            async with unreachable.snapshot() as repositories:
                await repositories.users.by_id(a_user().id)
        with must_raise(UnavailableError, message):
            await run_in_transaction(unreachable, lambda transaction: transaction.users.add([a_user()]))
