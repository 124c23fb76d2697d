"""What every Users and CredentialStore must do."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain import Credentials, EmailTakenError, Role, Status, User
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import NOW, a_user, some_credentials


async def test_a_user_comes_back_as_it_was_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(alice.id) == alice
        assert await repositories.users.by_email("alice@example.com") == alice
        kept = await repositories.users.by_id(alice.id)
    assert kept is not None
    assert kept.created_at.utcoffset() == timedelta(0)


async def test_nobody_is_found_by_another_id_or_spelling(unit_of_work: UnitOfWork, alice: User) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("bob").id) is None
        assert await repositories.users.by_email(alice.email.typed) is None


async def test_one_canonical_address_has_one_user(unit_of_work: UnitOfWork, alice: User) -> None:
    twin = attrs.evolve(a_user("bob"), email=alice.email)
    async with unit_of_work() as transaction:
        with pytest.raises(EmailTakenError):
            await transaction.users.add(twin)


async def test_many_are_added_at_once(unit_of_work: UnitOfWork, alice: User) -> None:
    users = [a_user(f"user-{number}") for number in range(700)]
    async with unit_of_work() as transaction:
        await transaction.users.add_all(users)
        await transaction.credentials.add_all([some_credentials(user, f"hash of {user.id}") for user in users])
        await transaction.users.add_all([])
        await transaction.credentials.add_all([])
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert [await repositories.users.by_id(user.id) for user in users[::100]] == users[::100]
        known = await repositories.credentials.by_emails(
            ["nobody@example.com", alice.email.canonical, *(user.email.canonical for user in users)]
        )
        assert await repositories.credentials.by_emails([]) == {}
    expected = {user.email.canonical: some_credentials(user, f"hash of {user.id}") for user in users}
    assert known == expected | {alice.email.canonical: some_credentials(alice)}


async def test_of_many_one_whose_address_is_taken_keeps_all_out(unit_of_work: UnitOfWork, alice: User) -> None:
    twin = attrs.evolve(a_user("bob"), email=alice.email)
    async with unit_of_work() as transaction:
        with pytest.raises(EmailTakenError):
            await transaction.users.add_all([a_user("carol"), twin, a_user("dora")])
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("carol").id) is None


async def test_of_twenty_at_once_one_gets_the_address(unit_of_work: UnitOfWork) -> None:
    address = a_user("carol").email

    async def add(number: int) -> None:
        async with unit_of_work() as transaction:
            await transaction.users.by_email(address.canonical)
            await transaction.users.add(attrs.evolve(a_user(f"carol{number}"), email=address))
            await transaction.commit()

    outcomes = await asyncio.gather(*(add(n) for n in range(20)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, EmailTakenError) for outcome in outcomes) == 19


async def test_saving_changes_all_but_the_address_and_the_birthday(unit_of_work: UnitOfWork, alice: User) -> None:
    changed = attrs.evolve(
        alice,
        name="Alicia",
        role=Role.ADMIN,
        plan="Growth",
        status=Status.SUSPENDED,
        email=a_user("mallory").email,
        created_at=NOW + timedelta(days=1),
    )
    async with unit_of_work() as transaction:
        await transaction.users.save(changed)
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        kept = await repositories.users.by_id(alice.id)
    assert kept == attrs.evolve(changed, email=alice.email, created_at=alice.created_at)


async def test_saving_somebody_unknown_keeps_nothing(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work() as transaction:
        await transaction.users.save(a_user("ghost"))
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("ghost").id) is None


async def test_credentials_come_back_as_they_were_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.credentials.of(alice.id) == Credentials(alice.id, "hash-1", NOW, version=1)
        assert await repositories.credentials.of(a_user("bob").id) is None
        by_email = repositories.credentials.by_email
        assert await by_email("alice@example.com") == Credentials(alice.id, "hash-1", NOW, version=1)
        assert await by_email("bob@example.com") is None


async def test_a_new_password_has_the_next_version(unit_of_work: UnitOfWork, alice: User) -> None:
    later = NOW + timedelta(seconds=1)
    async with unit_of_work() as transaction:
        await transaction.credentials.change(alice.id, "hash-2", later)
        await transaction.credentials.change(a_user("bob").id, "nobody", later)
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.credentials.of(alice.id) == Credentials(alice.id, "hash-2", later, version=2)
        assert await repositories.credentials.of(a_user("bob").id) is None


async def test_an_upgrade_replaces_only_the_hash_it_knows(unit_of_work: UnitOfWork, alice: User) -> None:
    async with unit_of_work() as transaction:
        assert not await transaction.credentials.upgrade(alice.id, old_hash="other", new_hash="lost")
        assert not await transaction.credentials.upgrade(a_user("bob").id, old_hash="hash-1", new_hash="lost")
        assert await transaction.credentials.upgrade(alice.id, old_hash="hash-1", new_hash="stronger")
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.credentials.of(alice.id) == Credentials(alice.id, "stronger", NOW, version=1)


async def test_changes_to_one_user_leave_the_others_alone(unit_of_work: UnitOfWork, alice: User) -> None:
    bob = a_user("bob")
    async with unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.credentials.add(some_credentials(bob, "hash-of-bob"))
        await transaction.users.save(attrs.evolve(alice, name="Alicia"))
        await transaction.credentials.change(alice.id, "hash-2", NOW)
        await transaction.credentials.upgrade(alice.id, old_hash="hash-2", new_hash="hash-3")
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(bob.id) == bob
        assert await repositories.credentials.of(bob.id) == some_credentials(bob, "hash-of-bob")
        assert await repositories.credentials.by_email("bob@example.com") == some_credentials(bob, "hash-of-bob")
