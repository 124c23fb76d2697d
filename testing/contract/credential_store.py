"""The contract of every CredentialStore."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain import Credentials, User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, in_snapshot, in_transaction
from leadnator_auth.testing.contract.samples import NOW, a_user, some_credentials


async def credentials_of(unit_of_work: UnitOfWork, user: User) -> Credentials | None:
    return await in_snapshot(unit_of_work, lambda it: it.credentials.of(user.id))


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
            await transaction.users.add(users)
            await transaction.credentials.add([some_credentials(user, f"hash of {user.id}") for user in users])
            await transaction.credentials.add([])
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            known = await repositories.credentials.by_emails(
                ["nobody@example.com", alice.email.canonical, *(user.email.canonical for user in users)]
            )
            assert await repositories.credentials.by_emails([]) == {}, "no addresses, no credentials"
        expected = {user.email.canonical: some_credentials(user, f"hash of {user.id}") for user in users}
        expected[alice.email.canonical] = some_credentials(alice)
        assert known == expected, "`by_emails` finds all that are there, by address, however many are asked for"

    async def test_new_credentials_take_the_place_of_those_that_are_there(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        old, later = some_credentials(alice), NOW + timedelta(seconds=1)
        stronger, changed = old.with_hash("stronger"), old.with_hash("stronger").with_password("hash-2", later)
        async with unit_of_work() as transaction:
            replace = transaction.credentials.replace
            assert await replace(old, stronger), "`replace` returns whether it did"
            assert not await replace(old, old.with_hash("lost")), "`replace` compares the hash of the old ones"
            assert await replace(stronger, changed), "`replace` returns whether it did"
            other = attrs.evolve(changed, version=1)
            assert not await replace(other, changed.with_hash("lost")), "`replace` compares the version of the old ones"
            nobody = some_credentials(a_user("bob"))
            assert not await replace(nobody, nobody.with_hash("lost")), "`replace` must not add credentials"
            await transaction.commit()
        kept = await credentials_of(unit_of_work, alice)
        assert kept == Credentials(alice.id, "hash-2", later, version=2), "`replace` keeps hash, time and version"
        assert await credentials_of(unit_of_work, a_user("bob")) is None, "`replace` must not add credentials"

    async def test_of_twenty_replacements_at_once_one_counts(self, unit_of_work: UnitOfWork, alice: User) -> None:
        old = some_credentials(alice)

        async def replace(number: int) -> bool:
            new = old.with_hash(f"new-{number}")
            return await in_transaction(unit_of_work, lambda it: it.credentials.replace(old, new))

        done = await asyncio.gather(*(replace(number) for number in range(20)))
        assert done.count(True) == 1, "`replace` compares and sets in one atomic step: one of twenty wins"
        kept = await credentials_of(unit_of_work, alice)
        assert kept is not None, "credentials stay where they are"
        assert kept.password_hash == f"new-{done.index(True)}", "what is kept is the hash of the one that won"

    async def test_changes_to_one_account_leave_the_others_alone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        async with unit_of_work() as transaction:
            await transaction.users.add([bob])
            await transaction.credentials.add([some_credentials(bob)])
            await transaction.credentials.replace(some_credentials(alice), some_credentials(alice, "hash-2"))
            await transaction.commit()
        of_bob = await in_snapshot(unit_of_work, lambda it: it.credentials.of(bob.id))
        assert of_bob == some_credentials(bob), "`replace` is for one account"
