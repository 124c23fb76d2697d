"""The contract of every CredentialStore."""

import asyncio
from datetime import timedelta

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc
from leadnator_auth.testing.contract.samples import NOW, a_user, some_credentials


async def credentials_of(unit_of_work: UnitOfWork, user: User) -> Credentials | None:
    async with unit_of_work.snapshot() as repositories:
        return await repositories.credentials.of(user.id)


class CredentialStoreContract(StoreContract):
    """For CredentialStore. Fixture: `unit_of_work`, over an empty store."""

    async def test_credentials_come_back_as_they_were_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        kept = await credentials_of(unit_of_work, alice)
        assert kept == Credentials(alice.id, "hash-1", NOW, version=1), "`of` returns every field as it was added"
        assert_utc(kept.changed_at)
        assert await credentials_of(unit_of_work, a_user("bob")) is None, "who has no credentials gets None"

    async def test_many_are_added_at_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        users = [a_user(f"user-{number}") for number in range(700)]
        async with unit_of_work() as transaction:
            await transaction.users.add_all(users)
            await transaction.credentials.add_all([some_credentials(user, f"hash of {user.id}") for user in users])
            await transaction.credentials.add_all([])
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            known = await repositories.credentials.by_emails(
                ["nobody@example.com", alice.email.canonical, *(user.email.canonical for user in users)]
            )
            assert await repositories.credentials.by_emails([]) == {}, "no addresses, no credentials"
        expected = {user.email.canonical: some_credentials(user, f"hash of {user.id}") for user in users}
        expected[alice.email.canonical] = some_credentials(alice)
        assert known == expected, "`by_emails` finds all that are there, by address, however many are asked for"

    async def test_a_new_password_has_the_next_version(self, unit_of_work: UnitOfWork, alice: User) -> None:
        later = NOW + timedelta(seconds=1)
        async with unit_of_work() as transaction:
            await transaction.credentials.change(alice.id, "hash-2", later)
            await transaction.credentials.change(a_user("bob").id, "nobody", later)
            await transaction.commit()
        kept = await credentials_of(unit_of_work, alice)
        assert kept == Credentials(alice.id, "hash-2", later, version=2), "`change` sets hash and time, and counts up"
        assert await credentials_of(unit_of_work, a_user("bob")) is None, "`change` must not add credentials"

    async def test_an_upgrade_replaces_only_the_hash_it_knows(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work() as transaction:
            upgrade = transaction.credentials.upgrade
            other = await upgrade(alice.id, old_hash="other", new_hash="lost")
            assert not other, "`upgrade` compares the old hash, and returns False when another one is there"
            nobody = await upgrade(a_user("bob").id, old_hash="hash-1", new_hash="lost")
            assert not nobody, "`upgrade` is for one account"
            assert await upgrade(alice.id, old_hash="hash-1", new_hash="stronger"), "it returns whether it did"
            await transaction.commit()
        kept = await credentials_of(unit_of_work, alice)
        assert kept == Credentials(alice.id, "stronger", NOW, version=1), "the password is the same: so is the version"

    async def test_of_twenty_upgrades_at_once_one_counts(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async def upgrade(number: int) -> bool:
            async with unit_of_work() as transaction:
                done = await transaction.credentials.upgrade(alice.id, old_hash="hash-1", new_hash=f"new-{number}")
                await transaction.commit()
            return done

        done = await asyncio.gather(*(upgrade(number) for number in range(20)))
        assert done.count(True) == 1, "`upgrade` compares and sets in one atomic step: one of twenty wins"
        kept = await credentials_of(unit_of_work, alice)
        assert kept is not None, "credentials stay where they are"
        assert kept.password_hash == f"new-{done.index(True)}", "what is kept is the hash of the one that won"

    async def test_changes_to_one_account_leave_the_others_alone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        async with unit_of_work() as transaction:
            await transaction.users.add(bob)
            await transaction.credentials.add(some_credentials(bob, "hash-of-bob"))
            await transaction.credentials.change(alice.id, "hash-2", NOW)
            await transaction.credentials.upgrade(alice.id, old_hash="hash-2", new_hash="hash-3")
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            of_bob = await repositories.credentials.of(bob.id)
        assert of_bob == some_credentials(bob, "hash-of-bob"), "`change` and `upgrade` are for one account"
