"""Log-ins with hashes of other systems: in with the old password, out with the old hash, at the cost of one of ours."""

from collections.abc import Callable, Iterator

import bcrypt
import pytest

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.bcrypt_hasher.equal_work import EqualWork
from leadnator_auth.adapters.bcrypt_hasher.format import make_hash
from leadnator_auth.adapters.foreign_hashes import ForeignHashes
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import FirebaseScrypt, ImportFate, InvalidCredentialsError, Password, import_users, log_in
from tests.adapters.foreign_vectors import FIREBASE, PUBLISHED
from tests.adapters.hashes import COST, plain_hash
from tests.adapters.test_bcrypt_log_ins import over

WHO = {"name": "Bob", "email": "bob@example.com"}
LONG_ENOUGH = [(password, text) for password, text in PUBLISHED if password]
CHANGED_BY_NFC = [
    "e\u0301t\u00e9 2020",
    "\u2126mega-3",
    "\u09ac\u09dc \u09a6\u09bf\u09a8",
    "\u0958\u0932\u092e",
    "\u05e9\u05c1\ufb2a\u05dc\u05d5\u05dd",
]


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    hasher = BcryptHasher(cost=COST, workers=1, foreign=ForeignHashes())
    yield hasher
    hasher.close()


def kept_hash(memory: MemoryPorts) -> str:
    ((_, credentials),) = memory.unit_of_work.tables.credentials.items()
    return credentials.password_hash


@pytest.mark.parametrize(("password", "text"), LONG_ENOUGH, ids=[text.strip()[:24] for _, text in LONG_ENOUGH])
async def test_who_was_imported_logs_in_and_gets_a_hash_of_ours(
    hasher: BcryptHasher, memory: MemoryPorts, password: str, text: str
) -> None:
    ports, record = over(hasher, memory), WHO | {"password_hash": text}
    assert [outcome.fate for outcome in await import_users([record, record], ports=ports)] == ["added", "present"]
    with pytest.raises(InvalidCredentialsError):
        await log_in("bob@example.com", password + "?", ports=ports)
    await log_in("bob@example.com", password, ports=ports)
    assert kept_hash(memory).startswith("$bcrypt-sha256$v=2,")
    await log_in("bob@example.com", password, ports=ports)


async def test_who_comes_from_firebase_logs_in_and_the_signer_key_is_not_kept(
    hasher: BcryptHasher, memory: MemoryPorts
) -> None:
    project = FirebaseScrypt.parse(FIREBASE["signer_key"], FIREBASE["salt_separator"], 8, 14)
    record = WHO | {name: FIREBASE[name] for name in ("password_hash", "salt")}
    ports = over(hasher, memory)
    assert [outcome.fate for outcome in await import_users([record, record], project, ports=ports)] == [
        "added",
        "present",
    ]
    kept = kept_hash(memory)
    assert FIREBASE["signer_key"].rstrip("=") not in kept
    assert FIREBASE["password_hash"].rstrip("=") not in kept
    with pytest.raises(InvalidCredentialsError):
        await log_in("bob@example.com", "user1Password", ports=ports)
    assert (await log_in("bob@example.com", FIREBASE["password"], ports=ports)).user.name == "Bob"
    assert kept_hash(memory).startswith("$bcrypt-sha256$v=2,")


@pytest.mark.parametrize("typed", CHANGED_BY_NFC, ids=ascii)
@pytest.mark.parametrize("variant", ["2b", "bcrypt_sha256$$2b", "ours"])
async def test_a_password_that_nfc_changes_opens_what_was_hashed_as_it_was_typed(
    hasher: BcryptHasher, memory: MemoryPorts, typed: str, variant: str
) -> None:
    assert Password.typed(typed).text != typed
    made = {
        "2b": plain_hash(typed),
        "ours": str(make_hash(typed.encode(), COST)),
        "bcrypt_sha256$$2b": "bcrypt_sha256$" + _of_hex_digest(typed),
    }[variant]
    ports = over(hasher, memory)
    assert [outcome.fate for outcome in await import_users([WHO | {"password_hash": made}], ports=ports)] == ["added"]
    await log_in("bob@example.com", typed, ports=ports)
    assert kept_hash(memory) != made
    upgraded = kept_hash(memory)
    for spelling in (typed, Password.typed(typed).text):
        await log_in("bob@example.com", spelling, ports=ports)
    assert kept_hash(memory) == upgraded


def _of_hex_digest(typed: str) -> str:
    import hashlib

    return plain_hash(hashlib.sha256(typed.encode()).hexdigest())


@pytest.mark.parametrize("spellings", [1, 2])
async def test_two_spellings_cost_twice_as_much_with_and_without_an_account(
    monkeypatch: pytest.MonkeyPatch, spellings: int
) -> None:
    hasher = BcryptHasher(cost=6, workers=1, foreign=ForeignHashes())
    rounds: list[int] = []

    def counting(password: bytes, setting: bytes, hashpw: Callable[[bytes, bytes], bytes] = bcrypt.hashpw) -> bytes:
        rounds.append(2 ** int(setting[4:6]))
        return hashpw(password, setting)

    hashes = (None, "broken", str(make_hash(b"secret", 6)), str(make_hash(b"secret", 4)), plain_hash("secret", 5))
    monkeypatch.setattr(bcrypt, "hashpw", counting)
    for password_hash in hashes:
        rounds.clear()
        assert not await hasher.verify(Password.typed("wrong" + ("e\u0301" if spellings == 2 else "")), password_hash)
        assert sum(rounds) == spellings * 2**6
    hasher.close()


@pytest.mark.parametrize("spent", [0, 1, 37, 500, 1023, 1024, 5000])
def test_a_hash_of_another_kind_takes_at_least_as_long_as_one_of_ours_and_little_more(
    monkeypatch: pytest.MonkeyPatch, spent: int
) -> None:
    clock = [0]

    def counting(password: bytes, setting: bytes) -> bytes:
        clock[0] += 2 ** int(setting[4:6])
        return b"x" * 60

    dummy = make_hash(b"nobody's", 10)
    monkeypatch.setattr(bcrypt, "hashpw", counting)
    work = EqualWork(dummy, timer=lambda: clock[0])
    work.make_up_for_seconds(0, b"x")  # the first one also measures
    clock[0] = 0

    def foreign() -> bool:
        clock[0] += spent
        return False

    _, seconds = work.timed(foreign)
    work.make_up_for_seconds(seconds, b"x")
    assert max(spent, 2**10) <= clock[0] <= max(spent, 2**10 + 2**4)


async def test_a_wrong_password_for_a_foreign_hash_is_filled_up_to_one_of_ours(
    hasher: BcryptHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: list[bytes] = []

    def noting(password: bytes, setting: bytes, hashpw: Callable[[bytes, bytes], bytes] = bcrypt.hashpw) -> bytes:
        settings.append(setting)
        return hashpw(password, setting)

    monkeypatch.setattr(bcrypt, "hashpw", noting)
    quick = (
        "scrypt$16$seasalt$8$5$MNagTUULbE3qWBc16teWuFMMKJ7rbwPWx9H5NpJO2+i52+SwrIyLVZPFd3fT/YR6qTKaYLhMqyA9+pkPX+3Qcw=="
    )
    assert not await hasher.verify(Password("wrong"), quick)
    assert settings
    settings.clear()
    assert await hasher.verify(Password("l\u00e8tmein"), quick)
    assert settings == []


async def test_a_foreign_hash_that_fails_is_a_wrong_password(
    hasher: BcryptHasher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "argon2", None)
    kept = "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQxMg$9hsCX++/4EtcHeNmw6XSew"
    assert not await hasher.verify(Password("l\u00e8tmein"), kept)
    assert "unusable_password_hash" in caplog.text
    assert "argon2" in caplog.text
    assert kept not in caplog.text


async def test_a_hash_that_is_refused_is_told_by_its_name(hasher: BcryptHasher, memory: MemoryPorts) -> None:
    records = [
        WHO | {"password_hash": text} for text in ("{noop}secret", "$2b$17$" + "a" * 53, "$2b$12$short", "!unusable")
    ]
    outcomes = await import_users(records, ports=over(hasher, memory))
    assert {outcome.fate for outcome in outcomes} == {ImportFate.REFUSED}
    reasons = [outcome.errors[0].message for outcome in outcomes]
    for reason, name in zip(reasons, ("{noop}", "cost 17", "not whole", "without a password"), strict=True):
        assert name in reason
