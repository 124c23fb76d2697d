"""Taking over accounts: what is taken, what is refused and why, and that doing it again changes nothing."""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.adapters.memory.tables import MemoryUsers, Tables
from leadnator_auth.domain import (
    AccountSuspendedError,
    BadFieldError,
    Credentials,
    EmailTakenError,
    FieldError,
    FirebaseScrypt,
    ImportFate,
    InvalidCredentialsError,
    MissingFieldsError,
    Password,
    SignedIn,
    User,
    UserId,
    deliver_due_mails,
    import_users,
    log_in,
    request_password_reset,
    reset_password,
)
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.domain.use_cases.import_users import NO_PASSWORD

ADDED, PRESENT, REFUSED = ImportFate.ADDED, ImportFate.PRESENT, ImportFate.REFUSED
Record = dict[str, object]


@pytest.fixture
async def bob(memory: MemoryPorts) -> Record:
    """What another system knows of Bob."""
    password_hash = await memory.hasher.hash(Password("bobs-password"))
    return {"name": "Bob", "email": "Bob@Example.com", "password_hash": password_hash}


async def fates(memory: MemoryPorts, *records: Mapping[str, object]) -> list[ImportFate]:
    return [outcome.fate for outcome in await import_users(records, ports=memory)]


async def errors(memory: MemoryPorts, record: Record) -> tuple[FieldError, ...]:
    (outcome,) = await import_users([record], ports=memory)
    assert (outcome.fate is REFUSED) == bool(outcome.errors)
    return outcome.errors


def user_of(memory: MemoryPorts) -> User:
    (user,) = memory.unit_of_work.tables.users.values()
    return user


async def test_who_was_imported_logs_in_with_the_old_password(memory: MemoryPorts, bob: Record) -> None:
    assert await fates(memory, bob) == [ADDED]
    signed_in = await log_in("bob@example.com", "bobs-password", ports=memory)
    assert (signed_in.user.name, signed_in.user.email.typed) == ("Bob", "Bob@Example.com")
    assert signed_in.user.id.startswith("u_")


async def test_what_is_not_said_is_as_for_who_signs_up(memory: MemoryPorts, bob: Record) -> None:
    await fates(memory, bob | {"role": "", "plan": None, "id": "u_1", "unknown": [1], "created_at": ""})
    user = user_of(memory)
    assert (user.role, user.plan, user.status, user.created_at) == ("user", "Starter", "active", memory.clock.now())
    assert user.id != "u_1"


async def test_what_is_said_is_kept(memory: MemoryPorts, bob: Record) -> None:
    said = {"role": "admin", "plan": " Growth ", "status": "suspended", "created_at": "2020-02-29T13:00:00.5+01:00"}
    await fates(memory, bob | said)
    user = user_of(memory)
    assert (user.role, user.plan, user.status) == ("admin", "Growth", "suspended")
    assert user.created_at == datetime(2020, 2, 29, 12, 0, 0, 500_000, tzinfo=UTC)
    assert user.created_at.tzinfo is UTC
    with pytest.raises(AccountSuspendedError):
        await log_in("bob@example.com", "bobs-password", ports=memory)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2020-02-29t12:00:00z", datetime(2020, 2, 29, 12, tzinfo=UTC)),
        (" 2020-02-29 14:00:00+02 ", datetime(2020, 2, 29, 12, tzinfo=UTC)),
        ("2020-02-29T12:00:00.123456789Z", datetime(2020, 2, 29, 12, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
async def test_every_time_of_rfc_3339_is_one(memory: MemoryPorts, bob: Record, said: str, kept: datetime) -> None:
    assert await fates(memory, bob | {"created_at": said}) == [ADDED]
    assert user_of(memory).created_at == kept


async def test_a_password_that_nfc_changes_opens_what_was_hashed_as_it_was_typed(
    memory: MemoryPorts, bob: Record
) -> None:
    typed = "\u0958\u0932\u092e-2020"
    await fates(memory, bob | {"password_hash": await memory.hasher.hash(Password(typed))})
    for spelling in (typed, Password.typed(typed).text, typed):
        assert await log_in("bob@example.com", spelling, ports=memory)


KEY = base64.b64encode(bytes(range(64))).decode()
PROJECT = FirebaseScrypt.parse(KEY, "Bw==", 8, 14)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password_hash": "AAAA", "salt": "AAAA"}, "password_hash"),
        ({"password_hash": "no base64!", "salt": "AAAA"}, "password_hash"),
        ({"password_hash": KEY[:-1] + "B=", "salt": "AAAA"}, "password_hash"),
        ({"password_hash": KEY, "salt": "AAA!"}, "password_hash"),
        ({"password_hash": KEY, "salt": "AAAB="}, "password_hash"),
        ({"password_hash": KEY, "salt": 5}, "salt"),
    ],
)
async def test_what_firebase_did_not_make_is_refused(
    memory: MemoryPorts, bob: Record, change: Record, field: str
) -> None:
    (outcome,) = await import_users([bob | change], PROJECT, ports=memory)
    assert field in [error.field for error in outcome.errors]


async def test_without_a_salt_or_a_project_a_hash_is_what_it_is(memory: MemoryPorts, bob: Record) -> None:
    (outcome,) = await import_users([bob], PROJECT, ports=memory)
    assert outcome.fate is ADDED
    assert await fates(memory, bob | {"salt": 5}) == [PRESENT], "nobody asked for it"


class Foreign(CheapHasher):
    """Knows the hashes of Firebase, too, as they stand by themselves."""

    def normalize(self, password_hash: str) -> str | None:
        return password_hash if password_hash.startswith("$firebase-scrypt$") else super().normalize(password_hash)


async def test_with_a_salt_and_a_project_a_hash_is_made_to_stand_by_itself(memory: MemoryPorts, bob: Record) -> None:
    memory = attrs.evolve(memory, hasher=Foreign())
    (outcome,) = await import_users([bob | {"password_hash": KEY, "salt": "AAAA"}], PROJECT, ports=memory)
    assert outcome.fate is ADDED
    (kept,) = memory.unit_of_work.tables.credentials.values()
    assert kept.password_hash == PROJECT.encode(KEY, "AAAA")


@pytest.mark.parametrize("alphabet", [b"+/", b"-_"])
@pytest.mark.parametrize("padding", ["", "="])
def test_a_hash_of_firebase_stands_by_itself_and_has_nothing_of_the_signer_key(alphabet: bytes, padding: str) -> None:
    made = bytes(each ^ 0xA5 for each in range(64))
    text = base64.b64encode(made, alphabet).decode().rstrip("=")
    encoded = PROJECT.encode(text + 2 * padding, "+/+/")
    keystream = base64.b64encode(b"\xa5" * 64).decode().rstrip("=")
    assert encoded == f"$firebase-scrypt$ln=14,r=8,p=1$+/+/Bw${keystream}"
    assert KEY not in repr(PROJECT)


@pytest.mark.parametrize(
    ("key", "separator", "rounds", "mem_cost"),
    [
        ("AAAA", "Bw==", 8, 14),
        ("!", "Bw==", 8, 14),
        (KEY, "!", 8, 14),
        (KEY, "Bw==", 0, 14),
        (KEY, "Bw==", 9, 14),
        (KEY, "Bw==", 8, 0),
        (KEY, "Bw==", 8, 15),
    ],
)
def test_parameters_that_no_project_has_are_refused(key: str, separator: str, rounds: int, mem_cost: int) -> None:
    with pytest.raises(BadFieldError):
        FirebaseScrypt.parse(key, separator, rounds, mem_cost)


async def test_doing_it_again_changes_nothing(memory: MemoryPorts, bob: Record) -> None:
    assert await fates(memory, bob, bob) == [ADDED, PRESENT]
    before = memory.unit_of_work.tables.copy()
    assert await fates(memory, bob | {"name": "Robert", "email": "BOB@example.com"}) == [PRESENT]
    assert memory.unit_of_work.tables == before


@pytest.mark.parametrize("in_one_go", [True, False])
async def test_an_address_that_is_taken_is_refused(memory: MemoryPorts, bob: Record, in_one_go: bool) -> None:
    twin = bob | {"email": "bob@EXAMPLE.com", "password_hash": "cheap$1$of another password"}
    batches = [[bob, twin]] if in_one_go else [[bob], [twin]]
    outcomes = [each for batch in batches for each in await import_users(batch, ports=memory)]
    assert [outcome.fate for outcome in outcomes] == [ADDED, REFUSED]
    assert [(error.field, error.code) for error in outcomes[1].errors] == [("email", "email_taken")]
    assert await log_in("bob@example.com", "bobs-password", ports=memory)


async def test_who_signed_up_keeps_their_account(memory: MemoryPorts, bob: Record, alice: SignedIn) -> None:
    assert await fates(memory, bob | {"email": "Alice@example.com"}, bob) == [REFUSED, ADDED]
    assert await log_in("alice@example.com", "secret", ports=memory)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": " "}, "name", "missing"),
        ({"name": "x" * 201}, "name", "too_long"),
        ({"name": "B\x1bob"}, "name", "invalid_characters"),
        ({"name": 5}, "name", "wrong_type"),
        ({"email": ""}, "email", "missing"),
        ({"email": "bob"}, "email", "invalid_email"),
        ({"password_hash": ""}, "password_hash", "missing"),
        ({"password_hash": "bobs-password"}, "password_hash", "unknown_hash"),
        ({"password_hash": ["cheap$"]}, "password_hash", "wrong_type"),
        ({"role": "root"}, "role", "unknown_value"),
        ({"role": "Admin"}, "role", "unknown_value"),
        ({"role": True}, "role", "wrong_type"),
        ({"plan": "x" * 51}, "plan", "too_long"),
        ({"plan": "a\nb"}, "plan", "invalid_characters"),
        ({"plan": " "}, "plan", "missing"),
        ({"status": "deleted"}, "status", "unknown_value"),
        ({"created_at": "yesterday"}, "created_at", "invalid_time"),
        ({"created_at": "2020-01-01x00:00:00y"}, "created_at", "invalid_time"),
        ({"created_at": "2020-01-01T00:00:00"}, "created_at", "invalid_time"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at", "invalid_time"),
        ({"created_at": 1577836800}, "created_at", "wrong_type"),
    ],
)
async def test_what_is_wrong_is_refused_and_said(
    memory: MemoryPorts, bob: Record, change: Record, field: str, code: str
) -> None:
    found = await errors(memory, bob | change)
    assert [(error.field, error.code) for error in found] == [(field, code)]
    assert found[0].message
    assert memory.unit_of_work.tables.users == {}


async def test_all_that_is_wrong_with_a_record_is_said_at_once(memory: MemoryPorts) -> None:
    found = await errors(memory, {"role": "root"})
    assert [error.field for error in found] == ["name", "email", "password_hash", "role"]


@pytest.mark.parametrize("said", [{}, {"password_hash": None}, {"password_hash": ""}, {"password_hash": " "}])
async def test_a_hash_that_was_forgotten_is_refused_by_name(memory: MemoryPorts, bob: Record, said: Record) -> None:
    forgot = {name: value for name, value in bob.items() if name != "password_hash"}
    assert [error.field for error in await errors(memory, forgot | said)] == ["password_hash"]


@pytest.mark.parametrize("text", ["No-Password", "no-password ", "no password", "none", "null", "!", "-"])
async def test_only_the_very_word_says_that_there_is_no_password(memory: MemoryPorts, bob: Record, text: str) -> None:
    assert [error.field for error in await errors(memory, bob | {"password_hash": text})] == ["password_hash"]


async def test_who_has_no_password_is_taken_and_sets_one_by_the_link(memory: MemoryPorts, bob: Record) -> None:
    without = bob | {"password_hash": NO_PASSWORD, "email_verified": True}
    assert await fates(memory, without, without) == [ADDED, PRESENT]
    assert await fates(memory, without, bob) == [PRESENT, REFUSED]
    for password in ("", NO_PASSWORD, "bobs-password"):
        memory.hasher.verified = 0
        with pytest.raises(MissingFieldsError if not password else InvalidCredentialsError):
            await log_in("bob@example.com", password, ports=memory)
        assert memory.hasher.verified == bool(password), "as much as a wrong password costs"
    await request_password_reset("bob@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[0].secret, "another-password", ports=memory)
    assert (await log_in("bob@example.com", "another-password", ports=memory)).user == user_of(memory)
    assert await fates(memory, without) == [REFUSED], "it is another account by now"


async def test_of_a_firebase_project_too(memory: MemoryPorts, bob: Record) -> None:
    without = bob | {"password_hash": NO_PASSWORD, "salt": "c2FsdA=="}
    (outcome,) = await import_users(
        [without], FirebaseScrypt.parse(base64.b64encode(bytes(64)).decode(), "Bw==", 8, 14), ports=memory
    )
    assert outcome.fate is ADDED


async def test_the_good_ones_are_taken_and_every_outcome_is_in_its_place(memory: MemoryPorts, bob: Record) -> None:
    records = [bob, {}, bob | {"email": "carol@example.com"}, bob, bob | {"email": "nonsense"}]
    assert await fates(memory, *records) == [ADDED, REFUSED, ADDED, PRESENT, REFUSED]
    assert await fates(memory) == []


@attrs.frozen
class OvertakenUsers(MemoryUsers):
    """Users that find out too late that somebody took an address since it was looked up."""

    memory: MemoryPorts

    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        quicker = attrs.evolve(users[0], id=UserId("u_quicker"))
        kept = self.memory.unit_of_work.tables
        kept.users[quicker.id] = quicker
        kept.credentials[quicker.id] = Credentials(quicker.id, "cheap$", quicker.created_at)
        raise EmailTakenError


@attrs.define
class OvertakenOnce:
    """Units of work of which the first is overtaken."""

    memory: MemoryPorts
    is_first: bool = True

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction()

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        return self.memory.unit_of_work.snapshot()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self.memory.unit_of_work() as transaction:
            if self.is_first:
                self.is_first = False
                transaction.users = OvertakenUsers(Tables(), self.memory)  # type: ignore[misc]
            yield transaction


async def test_who_signs_up_between_the_look_and_the_adding_keeps_the_address(memory: MemoryPorts, bob: Record) -> None:
    ports = attrs.evolve(memory, unit_of_work=OvertakenOnce(memory))  # type: ignore[arg-type]
    assert await fates(ports, bob, bob | {"email": "carol@example.com"}) == [REFUSED, ADDED]
    assert "u_quicker" in memory.unit_of_work.tables.users


@pytest.mark.parametrize(
    "text", ["2020-02-29t12:00:00z", "2020-02-29T12:00:00z", "2020-02-29t13:00:00+01:00", "2020-02-29 12:00:00z"]
)
async def test_small_letters_in_a_time_mean_what_capitals_do(memory: MemoryPorts, bob: Record, text: str) -> None:
    """RFC 3339 section 5.6."""
    assert await fates(memory, bob | {"created_at": text}) == [ADDED]
    assert user_of(memory).created_at == datetime(2020, 2, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize("salt", ["AB", "AAAAA", "A A=", "\u00e9"])
def test_what_is_no_base64_of_firebase_is_refused(salt: str) -> None:
    """The last bits of "AB" stand for nothing: it was not written by who encodes bytes."""
    with pytest.raises(BadFieldError):
        FirebaseScrypt.parse("A" * 86 + "==", salt, 8, 14)


async def test_metadata_comes_along_and_what_is_no_object_is_refused(memory: MemoryPorts) -> None:
    record = {"name": "Bob", "email": "bob@example.com", "password_hash": "cheap$1$bob"}
    metadata = {"user_metadata": {"theme": "dark"}, "app_metadata": {"customer": 4711}}
    (outcome,) = await import_users([record | metadata], ports=memory)
    assert outcome.fate is ImportFate.ADDED
    (user,) = memory.unit_of_work.tables.users.values()
    assert (dict(user.user_metadata), dict(user.app_metadata)) == ({"theme": "dark"}, {"customer": 4711})
    empty = {**record, "email": "c@example.com", "user_metadata": "", "app_metadata": None}
    (outcome,) = await import_users([empty], ports=memory)
    assert outcome.fate is ImportFate.ADDED
    refused: list[object] = [[], "{}", {"a": float("nan")}, {"a": "x" * 9000}]
    for bad in refused:
        (outcome,) = await import_users([{**record, "email": "d@example.com", "user_metadata": bad}], ports=memory)
        assert [error.field for error in outcome.errors] == ["user_metadata"]
