"""The findings of each check of `doctor`, and the cure it names."""

import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.system.secret_file import read_secret
from leadnator_auth.domain import UnavailableError
from leadnator_auth.entrypoints.doctor import Finding, Level
from leadnator_auth.entrypoints.doctor.database import Lacking, check_database
from leadnator_auth.entrypoints.doctor.kept_secrets import check_master_key, check_signing_secret
from leadnator_auth.entrypoints.doctor.local import (
    check_blocklist,
    check_cors,
    check_database_file,
    check_hashing,
    check_mode,
    check_proxies,
    check_rate_limit,
    check_settings,
    check_sign_in_notice,
)
from leadnator_auth.entrypoints.doctor.remote import (
    check_public_url,
    check_reset_url,
    check_smtp,
    is_this_machine,
)
from leadnator_auth.entrypoints.settings.smtp import smtp_url

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STRONG = "q8Zr1vXw3TnK5yLb7JcM9dPf2GhS4aUe"
OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


def levels(findings: Iterable[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def the_one(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


def assert_cured(findings: Iterable[Finding]) -> None:
    """Whoever hears that something is wrong hears what to do, and nobody else."""
    for finding in findings:
        assert bool(finding.cure) is (finding.level is not OK)
        assert finding.line.isprintable()


def secret_findings(*secrets: str) -> list[Finding]:
    found = list(check_signing_secret(secrets, None, read_secret))
    assert_cured(found)
    for secret in secrets:
        assert secret not in repr(found)
    return found


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("a" * 40, "too few different"),
        ("abababababababababababababababababab", "too few different"),
        ("q8Zr1vXw3T" * 4, "repeats"),
        ("q8Zr1vXw3T" * 3 + "q8Zr1", "repeats"),
        ("your-256-bit-secret-your-256-bit-secrets", "placeholder"),
        ("Change_Me!-q8Zr1vXw3TnK5yLb7JcM9dPf", "placeholder"),
        ("my super secret phrase for the tokens", "placeholder"),
        ("abcdefghijklmnopqrstuvwxyz123456", "placeholder"),
    ],
)
def test_a_weak_signing_secret_is_warned_of(secret: str, says: str) -> None:
    finding = the_one(secret_findings(secret))
    assert finding.level is WARN
    assert says in finding.found
    assert "openssl rand" in finding.cure


@pytest.mark.parametrize("secret", [STRONG, "3f9a0c1d7b5e2846af01c9d8e7b6354a", "é" * 3 + STRONG])
def test_a_strong_signing_secret_is_ok(secret: str) -> None:
    assert the_one(secret_findings(secret)).level is OK


def test_random_secrets_are_never_called_weak() -> None:
    import secrets

    for _ in range(500):
        for secret in (secrets.token_hex(16), secrets.token_urlsafe(32)):
            assert the_one(secret_findings(secret)).level is OK, secret


def test_of_several_signing_secrets_the_weak_one_is_named_by_its_place() -> None:
    finding = the_one(secret_findings(STRONG, "a" * 40))
    assert "secret 2 of 2" in finding.found
    assert "the first signs" in the_one(secret_findings(STRONG, STRONG[::-1])).found


def test_a_database_server_has_no_place_for_a_secret() -> None:
    finding = the_one(check_signing_secret((), None, read_secret))
    assert finding.level is FAIL
    assert "LEADNATOR_JWT_SECRET" in finding.found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that only its owner may read."""
    path = tmp_path / "auth.db.secret"
    path.write_text(STRONG + "\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, OK), (0o400, OK), (0o640, WARN), (0o604, FAIL), (0o644, FAIL), (0o602, FAIL)]
)
def test_a_secret_file_is_for_its_owner_alone(file: Path, mode: int, level: Level) -> None:
    file.chmod(mode)
    found = list(check_signing_secret((), file, read_secret))
    assert_cured(found)
    assert found[0].level is level
    assert STRONG not in repr(found)
    if level is not OK:
        assert found[0].cure == f"chmod 600 {file}"
        assert f"{mode:04o}" in found[0].found


def test_a_file_of_somebody_else_is_warned_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    finding = the_one(check_mode("signing secret", file))
    assert finding.level is WARN
    assert "belongs to" in finding.found


def test_a_secret_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    finding = the_one(check_signing_secret((), tmp_path / "none", read_secret))
    assert (finding.level, list(tmp_path.iterdir())) == (WARN, [])
    assert "not there yet" in finding.found
    assert "migrate" in finding.cure


@pytest.mark.parametrize("content", [b"", b"\n", b"short-geheim", b"geheim-\xff" * 8])
def test_a_spoilt_secret_file_fails(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    found = list(check_signing_secret((), file, read_secret))
    assert_cured(found)
    assert levels(found) == [FAIL]
    assert "geheim" not in repr(found)
    assert "xff" not in repr(found)


def test_a_database_server_without_a_master_key_is_told_what_is_off_and_what_losing_it_means() -> None:
    finding = the_one(check_master_key((), None, read_secret))
    assert_cured([finding])
    assert finding.level is WARN
    assert "LEADNATOR_MASTER_KEY is not set" in finding.found
    assert "so second factors, token pairs, webhooks" in finding.found
    assert "lost" in finding.cure
    assert "openssl rand" in finding.cure


def test_a_weak_master_key_is_named_by_its_place_and_stays_beside_a_stronger_one() -> None:
    found = list(check_master_key((STRONG, "q8Zr1vXw3T" * 4), None, read_secret))
    assert_cured(found)
    assert "key 2 of 2 repeats" in the_one(found).found
    assert "NEW,OLD" in the_one(found).cure
    assert "q8Zr" not in repr(found)
    assert the_one(check_master_key((STRONG,), None, read_secret)).level is OK
    assert "the first makes" in the_one(check_master_key((STRONG, STRONG[::-1]), None, read_secret)).found


def test_a_master_key_in_a_file_is_looked_at_as_the_signing_secret_is(file: Path) -> None:
    assert the_one(check_master_key((), file, read_secret)).level is OK
    file.chmod(0o644)
    assert levels(check_master_key((), file, read_secret))[0] is FAIL
    file.chmod(0o600)
    file.write_text("")
    spoilt = the_one(check_master_key((), file, read_secret))
    assert (spoilt.level, spoilt.check) == (FAIL, "master key")
    assert f"take {file} from a backup" in spoilt.cure
    file.unlink()
    assert the_one(check_master_key((), file, read_secret)).level is WARN
    assert not file.exists()


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = list(check_database_file(tmp_path / "auth.db"))
    assert_cured(found)
    assert [(each.check, each.level) for each in found] == [("disk", OK), ("database file", WARN)]
    assert "not there yet" in found[1].found
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_everybody_reads_fails_and_so_do_its_side_files(tmp_path: Path) -> None:
    for name in ("auth.db", "auth.db-wal"):
        (tmp_path / name).touch(mode=0o600)
    database = tmp_path / "auth.db"
    assert levels(check_database_file(database)) == [OK] * 3
    for file in (database, tmp_path / "auth.db-wal"):
        file.chmod(0o644)
        *_, finding = check_database_file(database)
        assert (finding.level, finding.cure) == (FAIL, f"chmod 600 {file}")
        file.chmod(0o600)


def test_a_folder_that_is_not_there_fails(tmp_path: Path) -> None:
    finding = the_one(check_database_file(tmp_path / "nowhere" / "auth.db"))
    assert finding.level is FAIL
    assert "nowhere" in finding.found


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    (tmp_path / "auth.db").touch(mode=0o600)
    found = list(check_database_file(tmp_path / "auth.db"))
    assert_cured(found)
    assert levels(found) == [FAIL, OK, OK, FAIL]


@pytest.mark.parametrize(("free", "level"), [(10, FAIL), (100, WARN), (1000, OK)])
def test_a_disk_that_fills_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    usage = attrs.make_class("Usage", ["free"])(free * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    finding = next(iter(check_database_file(tmp_path / "auth.db")))
    assert (finding.check, finding.level) == ("disk", level)


def test_a_file_that_was_written_in_the_future_fails(tmp_path: Path) -> None:
    database = tmp_path / "auth.db"
    database.touch(mode=0o600)
    ahead = datetime.now(UTC).timestamp() + 600
    os.utime(database, (ahead, ahead))
    (finding,) = (each for each in check_database_file(database) if each.check == "clock")
    assert finding.level is FAIL


@attrs.define
class Lack:
    """What is lacking, as a database or a library tells it."""

    found: str
    cure: str


@attrs.define
class FakeDatabase:
    """Answers what a test wants to hear."""

    seconds: float = 0.001
    state: str = "current"
    clock: datetime | None = None
    made: datetime | Exception | None = None
    lacking: Lacking | None = None

    async def round_trip(self) -> float:
        return self.seconds

    async def shortcoming(self) -> Lacking | None:
        return self.lacking

    async def schema(self) -> str:
        return self.state

    async def now(self) -> datetime | None:
        return self.clock

    async def newest(self) -> datetime | None:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


async def of_database(database: FakeDatabase) -> dict[str, Finding]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[FakeDatabase]:
        yield database

    found = [finding async for finding in check_database(opened, lambda: NOW)]
    assert_cured(found)
    return {finding.check: finding for finding in found}


@pytest.mark.parametrize(("seconds", "level"), [(0.0004, OK), (0.0199, OK), (0.021, WARN)])
async def test_a_slow_database_is_warned_of(seconds: float, level: Level) -> None:
    finding = (await of_database(FakeDatabase(seconds)))["database"]
    assert finding.level is level
    assert f"{seconds * 1000:.1f} ms" in finding.found


@pytest.mark.parametrize(
    ("state", "level", "cure"),
    [("current", OK, ""), ("empty", WARN, "migrate"), ("old", FAIL, "migrate"), ("newer", FAIL, "that version")],
)
async def test_the_schema_is_told(state: str, level: Level, cure: str) -> None:
    finding = (await of_database(FakeDatabase(state=state)))["schema"]
    assert finding.level is level
    assert cure in finding.cure


@pytest.mark.parametrize(("apart", "level"), [(0, OK), (59, OK), (-60, OK), (61, FAIL), (-61, FAIL)])
async def test_a_clock_beyond_the_leeway_fails(apart: int, level: Level) -> None:
    finding = (await of_database(FakeDatabase(clock=NOW + timedelta(seconds=apart))))["clock"]
    assert finding.level is level
    assert f"{abs(apart)}.0 s" in finding.found


async def test_what_a_database_lacks_is_told_and_nothing_after_it() -> None:
    found = await of_database(FakeDatabase(state="empty", lacking=Lack("it is too old", "take a newer one")))
    assert found == {"database": Finding(FAIL, "database", "it is too old", "take a newer one")}


def test_what_sqlite_itself_lacks_is_told_before_there_is_a_file(tmp_path: Path) -> None:
    first, *_ = check_database_file(tmp_path / "auth.db", Lack("it is too old", "take a newer one"))
    assert first == Finding(FAIL, "database file", "it is too old", "take a newer one")


async def test_a_database_without_a_clock_is_not_asked_for_one() -> None:
    assert "clock" not in await of_database(FakeDatabase())


@pytest.mark.parametrize(("ahead", "level"), [(None, OK), (-1, OK), (60, OK), (61, FAIL)])
async def test_a_row_of_the_future_fails(ahead: int | None, level: Level) -> None:
    made = None if ahead is None else NOW + timedelta(seconds=ahead)
    assert (await of_database(FakeDatabase(made=made)))["newest row"].level is level


async def test_a_table_too_big_to_be_looked_through_is_no_failure() -> None:
    found = await of_database(FakeDatabase(made=UnavailableError("too slow")))
    assert found["newest row"].level is WARN
    assert "database" in found


@pytest.mark.parametrize("state", ["empty", "newer"])
async def test_rows_are_looked_for_only_where_they_are_known_to_be(state: str) -> None:
    assert "newest row" not in await of_database(FakeDatabase(state=state, made=UnavailableError("no such table")))


@attrs.frozen
class Probed:
    """One step on the way of a mail."""

    step: str
    found: str
    trouble: str | None = None
    answer: str = ""


async def of_smtp(url: str, *steps: Probed, mail_from: str = "a@example.com") -> list[Finding]:
    async def probed() -> AsyncIterator[Probed]:
        for step in steps:
            yield step

    found = [finding async for finding in check_smtp(smtp_url(url), mail_from, probed())]
    assert_cured(found)
    assert "geheim" not in repr(found)
    return found


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("smtp://127.0.0.1", False),
        ("smtp://localhost", False),
        ("smtp://mail.example", True),
        ("smtp://u:geheim@localhost", True),
        ("smtp+starttls://u:geheim@mail.example", False),
        ("smtps://mail.example", False),
    ],
)
async def test_mail_without_encryption_is_warned_of(url: str, warned: bool) -> None:
    assert levels(await of_smtp(url)) == [WARN] * warned


async def test_a_sender_that_no_server_takes_is_warned_of() -> None:
    finding = the_one(await of_smtp("smtps://mail.example", mail_from="no-reply@localhost"))
    assert (finding.level, "MAIL_FROM" in finding.cure) == (WARN, True)


async def test_each_step_of_a_mail_is_a_line() -> None:
    found = await of_smtp(
        "smtps://mail.example", Probed("connection", "fine"), Probed("log-in", "it says", "log-in refused", "535 no")
    )
    assert [(each.level, each.check, each.found, each.quote) for each in found] == [
        (OK, "smtp connection", "fine", ""),
        (FAIL, "smtp log-in", "it says", "535 no"),
    ]


def addresses(url: str | None, resolves: bool = True) -> list[Finding]:
    """Returns what is said of an address, which is the same for both."""
    public = list(check_public_url(url, lambda host: resolves))
    reset = list(check_reset_url(f"{url}?t={{token}}", lambda host: resolves)) if url else public
    assert levels(public) == levels(reset)
    assert_cured([*public, *reset])
    return public


@pytest.mark.parametrize(
    ("url", "resolves", "expected"),
    [
        (None, True, [WARN]),
        ("https://auth.example.com/auth", True, [OK]),
        ("https://auth.example.com", False, [WARN]),
        ("http://auth.example.com", True, [WARN]),
        ("http://auth.example.com", False, [WARN, WARN]),
        ("http://127.0.0.1:8000", True, [WARN]),
        ("https://localhost", True, [WARN]),
        ("http://[::1]", True, [WARN]),
    ],
)
def test_links_lead_somewhere_safe(url: str | None, resolves: bool, expected: list[Level]) -> None:
    assert levels(addresses(url, resolves)) == expected


@pytest.mark.parametrize("url", [None, "{public_url}/reset?token={token}"])
def test_a_reset_link_that_follows_the_public_url_is_judged_there(url: str | None) -> None:
    assert the_one(check_reset_url(url, lambda host: False)).level is OK


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("a.localhost.", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("example.com", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected


def test_limits_that_are_off_are_warned_of() -> None:
    assert the_one(check_rate_limit("on")).level is OK
    assert "RATE_LIMIT" in the_one(check_rate_limit("off")).cure


def test_common_passwords_that_can_be_chosen_are_warned_of() -> None:
    assert the_one(check_blocklist(3_000, "")).level is OK
    assert "PASSWORD_BLOCKLIST=common" in the_one(check_blocklist(0, "")).cure
    broken = the_one(check_blocklist(None, "its line 1 is not UTF-8"))
    assert (broken.level, broken.found) == (FAIL, "its line 1 is not UTF-8")


def test_notices_that_cannot_say_what_was_used_are_warned_of() -> None:
    for setting, has_words, level in (("off", False, OK), ("on", True, OK), ("on", False, WARN)):
        assert the_one(check_sign_in_notice(setting, has_words=has_words)).level is level


@pytest.mark.parametrize(
    ("trusted", "url", "level"),
    [
        ((), None, OK),
        ((), "http://a.example", OK),
        ((), "https://a.example", WARN),
        (("10.0.0.1/32",), "https://a.example", OK),
    ],
)
def test_https_without_a_trusted_proxy_is_warned_of(trusted: tuple[str, ...], url: str | None, level: Level) -> None:
    assert the_one(check_proxies(trusted, url)).level is level


@pytest.mark.parametrize(
    ("origins", "level"),
    [
        ((), OK),
        (("https://a.example", "http://localhost:3000"), OK),
        (("https://a.example", "http://b.example"), WARN),
    ],
)
def test_front_ends_without_encryption_are_warned_of(origins: tuple[str, ...], level: Level) -> None:
    finding = the_one(check_cors(origins))
    assert finding.level is level
    assert level is OK or "http://b.example" in finding.found


@pytest.mark.parametrize(
    ("cost", "seconds", "level", "says"),
    [
        (12, 0.29, OK, "290 ms"),
        (9, 0.036, WARN, "BCRYPT_COST=12"),
        (14, 1.2, WARN, "BCRYPT_COST=12"),
        (10, 1.5, WARN, "faster machine"),
    ],
)
def test_the_cost_of_hashes_is_judged(cost: int, seconds: float, level: Level, says: str) -> None:
    from leadnator_auth.adapters.bcrypt_hasher import nearest_cost

    finding = the_one(check_hashing(cost, lambda _: seconds, nearest_cost))
    assert finding.level is level
    assert says in finding.line


def test_settings_that_cannot_be_read_or_are_mistyped_fail() -> None:
    environment = {"LEADNATOR_JWT_SECERT": "geheim", "leadnator_jwt_secret": "geheim"}
    found = list(check_settings(environment, "LEADNATOR_BCRYPT_COST: got 'x', takes a number"))
    assert_cured(found)
    assert levels(found) == [FAIL, FAIL, WARN]
    assert levels(check_settings({})) == [OK]
    assert "geheim" not in repr(found)
    assert found[1].cure == "rename it to LEADNATOR_JWT_SECRET"
    _, port = check_settings({"LEADNATOR_PORT": "8000"})
    assert port.cure == "remove it: leadnator-auth serve takes --port"
