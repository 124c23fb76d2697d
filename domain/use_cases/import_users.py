"""Taking over accounts from another system, with the password hashes they have there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.actor import OPERATOR
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.user import (
    DEFAULT_PLAN,
    Role,
    Status,
    User,
    parse_name,
    parse_plan,
    parse_role,
    parse_status,
)
from leadnator_auth.domain.errors import ConcurrencyError, EmailTakenError, FieldError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record_created
from leadnator_auth.domain.use_cases.steps.transaction import MAX_ATTEMPTS, run_in_transaction
from leadnator_auth.domain.values.fields import BadFieldError, FieldChecks, RawField
from leadnator_auth.domain.values.firebase_scrypt import FirebaseScrypt
from leadnator_auth.domain.values.ids import USER_ID_PREFIX, UserId
from leadnator_auth.domain.values.json_object import EMPTY, JsonObject

_OBJECTS = ("user_metadata", "app_metadata")
REQUIRED_FIELDS = ("name", "email", "password_hash")
IMPORTED_FIELDS = (*REQUIRED_FIELDS, "salt", "role", "plan", "status", "created_at", "email_verified", *_OBJECTS)
"""What is read of a record."""

NO_PASSWORD = "no-password"
"""In the place of a hash, it says that no password works: its owner sets one by a link of forgot-password.

What is only empty says nothing: whoever forgot the hashes would lock everybody out. Nothing makes a hash of this form.
"""
_YES = frozenset({"true", "t", "yes", "y", "1"})
_NO = frozenset({"false", "f", "no", "n", "0"})
_TAKEN = FieldError("email", EmailTakenError.code, EmailTakenError.message)


class ImportFate(StrEnum):
    """What became of one record."""

    ADDED = "added"
    """It is an account now."""
    PRESENT = "present"
    """It was one already, with this very hash, or without one as here: the same import ran before."""
    REFUSED = "refused"
    """It cannot be one."""


@attrs.frozen
class ImportOutcome:
    """What became of one record; `errors` says why it was refused."""

    fate: ImportFate
    errors: tuple[FieldError, ...] = ()


@attrs.frozen
class _Account:
    user: User
    credentials: Credentials

    @property
    def email(self) -> str:
        return self.user.email.canonical


async def import_users(
    records: Sequence[Mapping[str, RawField]], firebase: FirebaseScrypt | None = None, *, ports: Ports
) -> list[ImportOutcome]:
    """Makes accounts of records, all the good ones in one unit of work; returns what became of each, in their order.

    Each account that is made is an event of the operator's.

    A record has `name`, `email` and `password_hash` (`NO_PASSWORD` where none works), and may have `role`, `plan`,
    `status`, `created_at` (RFC 3339), `email_verified`, and the objects `user_metadata` and `app_metadata`; what else
    it has is ignored. With `firebase`, one with a `salt`, too, is of that Firebase project. Nobody is mailed to. Doing
    it again changes nothing, so that an import which was cut short may simply be run again. Give it some hundreds at a
    time.

    Raises: UnavailableError, and then none of them is kept.
    """
    now = ports.clock.now()
    checked = [_checked(record, firebase, now, ports) for record in records]
    accounts = [each for each in checked if isinstance(each, _Account)]

    async def add(transaction: Transaction) -> list[ImportOutcome]:
        known = await transaction.credentials.by_emails([account.email for account in accounts])
        outcomes, added = _decided(checked, known, ports)
        try:
            await transaction.users.add([account.user for account in added])
        except EmailTakenError as error:
            # Somebody signed up since we looked: look again.
            raise ConcurrencyError from error
        await transaction.credentials.add([account.credentials for account in added])
        await record_created((account.user for account in added), OPERATOR, transaction, ports)
        return outcomes

    # Each of the accounts may be signed up for while we look, one after the other.
    return await run_in_transaction(ports.unit_of_work, add, attempts=MAX_ATTEMPTS + len(accounts))


def _decided(
    checked: Sequence[_Account | ImportOutcome], known: Mapping[str, Credentials], ports: Ports
) -> tuple[list[ImportOutcome], list[_Account]]:
    """Returns what becomes of each record, and the accounts that are to be added."""
    hashes = {email: _kept_hash(credentials, ports) for email, credentials in known.items()}
    outcomes, added = [], []
    for each in checked:
        if isinstance(each, ImportOutcome):
            outcomes.append(each)
        elif each.email not in hashes:
            hashes[each.email] = each.credentials.password_hash
            added.append(each)
            outcomes.append(ImportOutcome(ImportFate.ADDED))
        elif hashes[each.email] == each.credentials.password_hash:
            outcomes.append(ImportOutcome(ImportFate.PRESENT))
        else:
            outcomes.append(ImportOutcome(ImportFate.REFUSED, (_TAKEN,)))
    return outcomes, added


def _checked(
    record: Mapping[str, RawField], firebase: FirebaseScrypt | None, now: datetime, ports: Ports
) -> _Account | ImportOutcome:
    check = FieldChecks()
    name = check("name", record.get("name"), parse_name)
    email = check("email", record.get("email"), ports.emails.parse)
    salt = check.optional("salt", record.get("salt"), str, default=None) if firebase else None
    password_hash = check(
        "password_hash",
        record.get("password_hash"),
        lambda text: "" if text == NO_PASSWORD else _known_hash(text, firebase, salt, ports),
    )
    role = check.optional("role", record.get("role"), parse_role, default=Role.USER)
    plan = check.optional("plan", record.get("plan"), parse_plan, default=DEFAULT_PLAN)
    status = check.optional("status", record.get("status"), parse_status, default=Status.ACTIVE)
    created_at = check.optional("created_at", record.get("created_at"), _instant, default=now)
    user_metadata, app_metadata = (_metadata(name, record.get(name), check) for name in _OBJECTS)
    is_verified = _is_verified(record.get("email_verified"), check)
    if check.errors:
        return ImportOutcome(ImportFate.REFUSED, check.errors)
    user_id = UserId(new_id(USER_ID_PREFIX, ports))
    verified_at = now if is_verified else None  # it was before, and nobody says when
    user = User(user_id, name, email, created_at, role, plan, status, email_verified_at=verified_at)
    user = attrs.evolve(user, user_metadata=user_metadata, app_metadata=app_metadata)
    return _Account(user, Credentials(user_id, password_hash, changed_at=now))


def _kept_hash(credentials: Credentials, ports: Ports) -> str | None:
    """Returns the hash of an account that is there, as `Credentials` of a record has it."""
    usable = credentials.usable_hash
    return ports.hasher.normalize(usable) if usable else ""


def _known_hash(text: str, firebase: FirebaseScrypt | None, salt: str | None, ports: Ports) -> str:
    whole = firebase.encode(text, salt) if firebase and salt else text
    password_hash = ports.hasher.normalize(whole)
    if password_hash is None:
        raise BadFieldError("unknown_hash", ports.hasher.refusal(whole))
    return password_hash


def _metadata(field: str, value: RawField, check: FieldChecks) -> JsonObject:
    return EMPTY if value is None or value == "" else check.of_any_type(field, value, JsonObject.of)


def _is_verified(value: RawField, check: FieldChecks) -> bool:
    """Returns whether the other system knows that the address is its owner's; where it does not say, it is not."""
    return value if isinstance(value, bool) else check.optional("email_verified", value, _yes_or_no, default=False)


def _yes_or_no(text: str) -> bool:
    """Returns what databases and programs write for true and false."""
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise BadFieldError("unknown_value", "Use true or false.")
    return word in _YES


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip().upper())  # RFC 3339 section 5.6: T and Z may be small letters
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadFieldError("invalid_time", "Use a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339).")
