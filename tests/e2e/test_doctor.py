"""`doctor`: what is wrong here and what to do about it, told by the real command, which changes nothing."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from leadnator_auth.adapters.sql import alembic_runner
from tests.adapters.mail.certificates import certificate
from tests.adapters.mail.scripted_smtp import Act, ScriptedServer, following
from tests.conftest import NewDatabase
from tests.databases import JWT_SECRET, dump_of, insert_user, migrate, run_sql
from tests.e2e.server import HOST, free_port, parsed_mail, run

pytestmark = pytest.mark.slow

PASSWORD = "geheim-5678"
QUICK = {"LEADNATOR_BCRYPT_COST": "10"}


@attrs.frozen
class Report:
    """What the command said."""

    code: int
    findings: list[dict[str, str]]
    errors: str

    def of(self, check: str) -> list[tuple[str, str]]:
        """The levels of a check, each with its words."""
        return [(each["level"], f"{each['found']} {each['cure']}") for each in self.findings if each["check"] == check]

    def level(self, check: str) -> str:
        """The level of a check that has one finding."""
        ((level, _),) = self.of(check)
        return level

    @property
    def failed(self) -> set[str]:
        """The checks that failed."""
        return {each["check"] for each in self.findings if each["level"] == "fail"}


def report_of(done: subprocess.CompletedProcess[str], *secrets: str) -> Report:
    document: dict[str, Any] = json.loads(done.stdout)
    report = Report(done.returncode, document["findings"], done.stderr)
    for secret in (*secrets, PASSWORD, JWT_SECRET):
        assert secret not in done.stdout + done.stderr
    for each in report.findings:
        assert bool(each["cure"]) is (each["level"] != "ok"), each
    assert sum(document["counts"].values()) == len(report.findings)
    assert report.code == (1 if report.failed else 0)
    assert report.errors.count("\n") == report.code, report.errors
    return report


def examined(home: Path, settings: dict[str, str] | None = None, *options: str) -> Report:
    return report_of(run("doctor", "--json", *options, home=home, settings=QUICK | (settings or {})))


@pytest.fixture
def settings(database_settings: Callable[[], dict[str, str]]) -> dict[str, str]:
    """The settings of a command on a new database of each kind in turn."""
    return database_settings()


def test_an_empty_folder_is_no_failure_and_stays_empty(tmp_path: Path) -> None:
    report = examined(tmp_path)
    assert report.code == 0
    for check in ("database file", "signing secret", "master key"):
        ((level, words),) = report.of(check)
        assert level == "warn"
        assert "not there yet" in words
        assert "migrate" in words
    assert report.of("database") == []
    assert list(tmp_path.iterdir()) == []


def test_people_get_one_line_for_each_finding(tmp_path: Path) -> None:
    assert run("migrate", home=tmp_path).returncode == 0
    done = run("doctor", home=tmp_path, settings=QUICK | {"LEADNATOR_RATE_LIMIT": "off"})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"ok", "warn"}
    (limits,) = (line for line in lines if "rate limit" in line)
    assert limits.startswith("warn  rate limit ")
    assert "-> set LEADNATOR_RATE_LIMIT=on" in limits
    assert (tmp_path / "leadnator.db.secret").read_text().strip() not in done.stdout


def test_a_healthy_database_of_each_kind_is_ok_and_left_alone(
    tmp_path: Path, settings: dict[str, str], database_kind: str
) -> None:
    assert run("migrate", home=tmp_path, settings=settings).returncode == 0
    url = settings.get("LEADNATOR_DATABASE_URL", f"sqlite:///{tmp_path}/leadnator.db")
    before, files = dump_of(url), {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    report = examined(tmp_path, settings)

    assert report.failed == set()
    for check in ("database", "schema", "clock", "newest row"):
        assert report.level(check) == "ok"
    assert "ms" in report.of("database")[0][1]
    assert bool(report.of("database file")) is (database_kind == "sqlite")
    assert dump_of(url) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_a_database_without_tables_is_not_given_any(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database(migrated=False)
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).touch(mode=0o600)
    report = examined(tmp_path, {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET})
    assert (report.level("schema"), report.code) == ("warn", 0)
    again = examined(tmp_path, {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET})
    assert again.level("schema") == "warn"


def test_an_old_schema_fails_and_is_not_migrated(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database(migrated=False)
    with monkeypatch.context() as patch:
        patch.setattr(alembic_runner, "NEWEST", "0001")
        migrate(url)
    report = examined(tmp_path, {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET})
    assert report.failed == {"schema"}
    assert "migrate" in report.of("schema")[0][1]
    assert run_sql(url, "SELECT version_num FROM leadnator_auth_version") == [("0001",)]


def test_a_newer_schema_and_rows_of_the_future_fail(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    settings = {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET}
    insert_user(url, created_at=10**16)
    assert examined(tmp_path, settings).failed == {"newest row"}
    run_sql(url, "UPDATE leadnator_auth_version SET version_num = 'from-the-future'")
    report = examined(tmp_path, settings)
    assert report.failed == {"schema"}
    assert "newer" in report.of("schema")[0][1]


def test_a_file_that_is_no_database_fails_and_the_other_checks_go_on(tmp_path: Path) -> None:
    (tmp_path / "leadnator.db").write_text("my diary\n" * 1000)
    report = examined(tmp_path)
    assert "not a database" in report.of("database")[0][1]
    assert "database" in report.failed
    assert report.level("cors") == "ok"
    assert (tmp_path / "leadnator.db").read_text() == "my diary\n" * 1000


@pytest.mark.slow
def test_a_check_that_hangs_keeps_neither_the_others_nor_the_command(tmp_path: Path) -> None:
    assert run("migrate", home=tmp_path).returncode == 0
    secret = tmp_path / "leadnator.db.secret"
    secret.unlink()
    os.mkfifo(secret, 0o600)  # whoever reads it waits for a writer who never comes
    report = examined(tmp_path)
    assert report.failed == {"signing secret"}
    assert "no answer" in report.of("signing secret")[0][1]
    assert report.level("cors") == "ok"


def test_a_database_server_that_is_away_fails_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://auth:{PASSWORD}@{HOST}:{free_port()}/auth"
    report = examined(tmp_path, {"LEADNATOR_DATABASE_URL": url})
    assert report.failed == {"signing secret", "database"}
    assert "LEADNATOR_DATABASE_URL" in report.of("database")[0][1]


@pytest.mark.slow
def test_a_database_server_that_says_nothing_fails_in_time(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as silent:
        url = f"postgresql://auth:{PASSWORD}@{HOST}:{silent.getsockname()[1]}/auth"
        report = examined(tmp_path, {"LEADNATOR_DATABASE_URL": url, "LEADNATOR_JWT_SECRET": JWT_SECRET})
    assert report.failed == {"database"}
    assert report.level("cors") == "ok"


def test_files_that_others_may_read_fail_with_the_command_that_mends_it(tmp_path: Path) -> None:
    assert run("migrate", home=tmp_path).returncode == 0
    for check, name in (
        ("signing secret", "leadnator.db.secret"),
        ("master key", "leadnator.db.master.secret"),
        ("database file", "leadnator.db"),
    ):
        (tmp_path / name).chmod(0o644)
        report = examined(tmp_path)
        assert report.failed == {check}
        assert f"chmod 600 {name}" in report.of(check)[0][1]
        assert "Error: 1 " in report.errors
        (tmp_path / name).chmod(0o600)
    for secret in tmp_path.glob("*.secret"):
        assert secret.read_text().strip() not in str(report)


def test_a_file_of_the_future_fails(tmp_path: Path) -> None:
    assert run("migrate", home=tmp_path).returncode == 0
    os.utime(tmp_path / "leadnator.db", (4e9, 4e9))
    assert examined(tmp_path).failed == {"clock"}


def test_weak_settings_are_warned_of(tmp_path: Path) -> None:
    report = examined(
        tmp_path,
        {
            "LEADNATOR_BCRYPT_COST": "4",
            "LEADNATOR_CORS_ORIGINS": "http://app.example.com",
            "leadnator_jwt_secret": PASSWORD,
            "LEADNATOR_JWT_SECRET": "changeme" * 5,
            "LEADNATOR_PUBLIC_URL": "https://127.0.0.1",
            "LEADNATOR_RATE_LIMIT": "off",
            "LEADNATOR_RESET_URL": "http://127.0.0.2/{token}",
        },
    )
    for check in (
        "cors",
        "password hashing",
        "proxies",
        "public url",
        "rate limit",
        "reset url",
        "signing secret",
        "smtp",
    ):
        assert report.level(check) == "warn", check
    assert [level for level, _ in report.of("settings")] == ["ok", "warn"]
    assert "LEADNATOR_JWT_SECRET" in report.of("settings")[1][1]
    assert "BCRYPT_COST=" in report.of("password hashing")[0][1]
    assert report.code == 0


def test_settings_that_cannot_be_read_fail(tmp_path: Path) -> None:
    report = examined(tmp_path, {"LEADNATOR_SMTP_URL": f"ftp://u:{PASSWORD}@h", "LEADNATOR_LOG_LEVL": "info"})
    assert [each["level"] for each in report.findings] == ["fail", "fail"]
    assert "LEADNATOR_SMTP_URL" in report.findings[0]["found"]
    assert "LEADNATOR_LOG_LEVEL" in report.findings[1]["cure"]
    assert "LEADNATOR_LOG_LEVL is no setting" in report.errors


def test_mails_that_wait_in_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir(mode=0o700)
    (tmp_path / "mail" / "1.eml").touch(mode=0o600)
    assert examined(tmp_path).level("mail files") == "ok"
    (tmp_path / "mail" / "1.eml").chmod(0o644)
    assert examined(tmp_path).failed == {"mail files"}


def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    done = run("doctor", "--send-to", "nobody", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--send-to" in done.stderr


def test_without_a_mail_server_a_test_mail_fails_and_becomes_no_file(tmp_path: Path) -> None:
    report = examined(tmp_path, {}, "--send-to", "alice@example.com")
    assert report.failed == {"smtp test mail"}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Made once: keys take time."""
    return trustme.CA()


@pytest.fixture
async def server(authority: trustme.CA) -> AsyncIterator[ScriptedServer]:
    """A mail server that does everything right."""
    async with following(ScriptedServer(certificate=certificate(authority, HOST))) as server:
        yield server


async def examined_mail(
    server: ScriptedServer, authority: trustme.CA, home: Path, *options: str, scheme: str = "smtp+starttls"
) -> Report:
    authority.cert_pem.write_to_path(home / "ca.pem")
    settings = {
        "LEADNATOR_SMTP_URL": f"{scheme}://mailer:{PASSWORD}@{HOST}:{server.port}",
        "LEADNATOR_MAIL_FROM": "auth@example.com",
        "LEADNATOR_SMTP_TIMEOUT": "5",
        "SSL_CERT_FILE": str(home / "ca.pem"),
    }
    command = ("doctor", "--json", *options)
    return report_of(await asyncio.to_thread(run, *command, home=home, settings=QUICK | settings), "Z2VoZWlt")


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_a_mail_server_that_works_is_ok_and_gets_no_mail(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path, scheme: str
) -> None:
    server.is_encrypted_at_once = scheme == "smtps"
    report = await examined_mail(server, authority, tmp_path, scheme=scheme)
    for check in ("smtp connection", "smtp encryption", "smtp log-in", "smtp sender"):
        assert report.level(check) == "ok"
    assert report.of("smtp") == []
    assert server.steps["RCPT"] == server.steps["DATA"] == 0


@pytest.mark.parametrize(
    ("step", "answer", "check", "setting"),
    [
        ("EHLO", b"504 5.5.2 need fully-qualified hostname\r\n", "smtp connection", "LEADNATOR_SMTP_EHLO"),
        ("EHLO", b"550 5.7.1 who are you\r\n", "smtp connection", "LEADNATOR_SMTP_EHLO"),
        ("MAIL", b"553 5.7.1 not owned by user\r\n", "smtp sender", "LEADNATOR_MAIL_FROM"),
        ("MAIL", b"550 5.1.8 no such domain\r\n", "smtp sender", "LEADNATOR_MAIL_FROM"),
    ],
)
async def test_what_a_mail_server_has_against_us_fails_with_the_setting_that_mends_it(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path, step: str, answer: bytes, check: str, setting: str
) -> None:
    server.script = {step: answer, "HELO": answer}
    report = await examined_mail(server, authority, tmp_path)
    assert report.failed == {check}
    ((_, words),) = report.of(check)
    assert answer.decode().strip() in words
    assert setting in words


async def test_one_test_mail_is_sent_where_it_is_asked_for(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    report = await examined_mail(server, authority, tmp_path, "--send-to", "Alice@Example.com")
    assert report.level("smtp test mail") == "ok"
    assert "Alice@example.com" in report.of("smtp test mail")[0][1]
    (content,) = server.taken
    mail = parsed_mail(content)
    assert (mail["From"], mail["To"]) == ("auth@example.com", "Alice@example.com")
    assert "test" in mail["Subject"].lower()
    assert mail.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (b"450 4.2.0 Greylisted\r\n", "twice"),
        (b"554 5.7.1 Relay access denied\r\n", "user and password in LEADNATOR_SMTP_URL"),
    ],
)
async def test_a_test_mail_that_is_not_taken_fails_with_what_to_change(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path, answer: bytes, cure: str
) -> None:
    server.script = {"RCPT": answer}
    report = await examined_mail(server, authority, tmp_path, "--send-to", "alice@example.com")
    assert report.failed == {"smtp test mail"}
    ((_, words),) = report.of("smtp test mail")
    assert answer.decode().strip() in words
    assert cure in words


async def test_a_log_in_that_is_refused_fails_even_if_the_server_repeats_the_password(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    server.script = {"AUTH": f"535 5.7.8 no: {PASSWORD} AG1haWxlcgBnZWhlaW0tNTY3OA== Z2VoZWltLTU2Nzg=\r\n".encode()}
    report = await examined_mail(server, authority, tmp_path)
    assert report.failed == {"smtp log-in"}
    ((_, words),) = report.of("smtp log-in")
    assert "535 5.7.8 no: ***" in words
    assert "AG1haWxlcg" not in words
    assert "password" in words


async def test_a_certificate_that_is_not_trusted_fails(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    server.certificate = certificate(trustme.CA(), HOST)
    report = await examined_mail(server, authority, tmp_path)
    assert report.failed == {"smtp encryption"}
    assert "certificate" in report.of("smtp encryption")[0][1]
    assert server.steps["AUTH"] == 0


async def test_a_mail_server_that_is_not_there_fails(authority: trustme.CA, tmp_path: Path) -> None:
    report = await examined_mail(ScriptedServer(port=free_port()), authority, tmp_path)
    assert report.failed == {"smtp connection"}


@pytest.mark.slow
async def test_a_mail_server_that_falls_silent_keeps_no_other_check_from_reporting(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    server.script = {"AUTH": Act.FALL_SILENT}
    report = await examined_mail(server, authority, tmp_path)
    assert report.failed == {"smtp log-in"}
    assert report.level("cors") == "ok"


async def test_a_password_without_encryption_is_warned_of(
    server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    report = await examined_mail(server, authority, tmp_path, scheme="smtp")
    assert report.level("smtp") == "warn"
    assert "STARTTLS" in report.of("smtp encryption")[0][1]
