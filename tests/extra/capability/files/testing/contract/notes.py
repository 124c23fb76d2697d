"""The contract of every Notes."""

import attrs

from leadnator_auth.domain.entities.note import Note
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, keep_users
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_user


async def keep(unit_of_work: UnitOfWork, *notes: Note) -> None:
    async with unit_of_work() as transaction:
        for note in notes:
            await transaction.notes.put(note)
        await transaction.commit()


async def note_of(unit_of_work: UnitOfWork, user: User) -> Note | None:
    async with unit_of_work.snapshot() as repositories:
        return await repositories.notes.of(user.id)


class NotesContract(StoreContract):
    """For Notes. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_note_comes_back_as_it_was_kept_last(self, unit_of_work: UnitOfWork, alice: User) -> None:
        first = Note(alice.id, "Größe ☕\n'", NOW)
        last = attrs.evolve(first, text="other", changed_at=NOW + HOUR)
        await keep(unit_of_work, first)
        kept = await note_of(unit_of_work, alice)
        assert kept is not None, "`of` returns a note that was kept"
        assert kept == first, "`of` returns every field of what `put` kept"
        assert_utc(kept.changed_at)
        await keep(unit_of_work, last)
        assert await note_of(unit_of_work, alice) == last, "`put` takes the place of the note before"

    async def test_a_note_is_of_one_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await keep(unit_of_work, Note(alice.id, "Alice's", NOW))
        assert await note_of(unit_of_work, bob) is None, "who has written no note has none"

    async def test_a_note_goes_with_its_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, Note(alice.id, "Alice's", NOW))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            await transaction.commit()
        assert await note_of(unit_of_work, alice) is None, "`remove` of the users takes the note along"
