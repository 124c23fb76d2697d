"""A note on one's own account: write it, read it."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.note import Note, parse_note
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField


async def write_note(identity: Identity, text: RawField, *, ports: Ports) -> Note:
    """Returns the note that the account of this identity now has.

    Raises: MissingFieldsError, InvalidFieldsError; InvalidTokenError when the account was deleted meanwhile.
    """
    with FieldChecks() as check:
        valid_text = check("text", text, parse_note)
    note = Note(identity.user.id, valid_text, ports.clock.now())

    async def write(transaction: Transaction) -> None:
        if await transaction.users.by_id(note.user_id) is None:
            raise InvalidTokenError("account deleted")
        await transaction.notes.put(note)
        await record(EventType.NOTE_WRITTEN, note.user_id, transaction, ports)

    await run_in_transaction(ports.unit_of_work, write)
    return note


async def read_note(identity: Identity, *, ports: Ports) -> Note | None:
    """Returns the note of the account of this identity, if it has one."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.notes.of(identity.user.id)
