"""The composition root: each setting reaches what it is for, and what was opened is closed."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from stat import S_IMODE

import httpx2
import jwt
import pytest
from starlette.applications import Starlette

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.mail import MailWriter, Security, SmtpServer
from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.domain import (
    AccessPurpose,
    BadFieldError,
    Claims,
    EmailAddress,
    EmailVerification,
    InvalidTokenError,
    MailKind,
    MasterKeys,
    NoticeMail,
    OutgoingMail,
    OverloadedError,
    Password,
    PasswordPolicy,
    Policy,
    SecretMail,
    SessionId,
    UserId,
    WebhookTargetRefusedError,
    identify,
    request_password_reset,
    sign_up,
)
from leadnator_auth.entrypoints.background import delivery_worker, housekeeper
from leadnator_auth.entrypoints.compose import passkeys, signing_keys, webhooks
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.server.serve import build_app
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.testing.contract.samples import a_user
from leadnator_auth.testing.contract.webhook_sender import a_message
from tests.adapters.webhooks.target import listening
from tests.databases import insert_user, run_script, run_sql
from tests.e2e.mails import reset_link, text_of
from tests.e2e.server import DEADLINE_SECONDS, parsed_mail

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANDROID_APP = "android:apk-key-hash:" + "a" * 43
OLD = "an old secret of the tests that is long enough"
NEW = "a new secret of the tests that is long enough"
ALICE = EmailAddress("alice@example.com", "alice@example.com")
LINK = SecretMail("m_1", MailKind.RESET_LINK, ALICE, "reset_" + "s" * 43, NOW + timedelta(hours=1), timedelta(hours=1))
NOTICE = NoticeMail("m_2", MailKind.PASSWORD_CHANGED, ALICE, at=NOW)
CLAIMS = Claims(UserId("u_1"), SessionId("s_1"), "t1", AccessPurpose.ACCESS, NOW, NOW + timedelta(days=7))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the program works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**values: str) -> Settings:
    """Returns settings that were prepared for."""
    quick = {"BCRYPT_COST": "4", "HASH_WORKERS": "1"}
    read = Settings.read({f"LEADNATOR_{name}": value for name, value in (quick | values).items()})
    prepare(read)
    return read


async def sent_mail(mail: OutgoingMail, home: Path, **values: str) -> EmailMessage:
    """Returns a mail as it is found in the folder for those without a mail server."""
    async with open_ports(settings(**values)) as ports:
        await ports.mailer.send(mail)
    (file,) = (home / "mail").iterdir()
    return parsed_mail(file.read_bytes())


async def test_the_rules_are_those_of_the_settings() -> None:
    async with open_ports(settings()) as ports:
        assert ports.policy == Policy()
    chosen = {"MIN_PASSWORD_LENGTH": "12", "TOKEN_TTL": "60", "RESET_TOKEN_TTL": "120", "EVENT_RETENTION": "30"}
    chosen |= {"EMAIL_VERIFICATION": "required", "EMAIL_TOKEN_TTL": "300", "EMAIL_CODE_LOGIN": "on"}
    chosen |= {"SESSION_IDLE": "90", "NEW_SIGN_IN_NOTICE": "on", "ACCESS_TOKEN_TTL": "30"}
    async with open_ports(settings(**chosen)) as ports:
        assert ports.policy == Policy(
            password=PasswordPolicy(min_length=12),
            session_lifetime=timedelta(seconds=60),
            access_token_lifetime=timedelta(seconds=30),
            reset_token_lifetime=timedelta(seconds=120),
            event_retention=timedelta(days=30),
            email_verification=EmailVerification.REQUIRED,
            email_token_lifetime=timedelta(minutes=5),
            session_idle=timedelta(seconds=90),
            new_sign_in_notice=True,
            email_code_login=True,
        )


LIST = "leadnator_auth.adapters.password_blocklist"


async def test_nothing_of_common_passwords_is_loaded_while_they_may_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, LIST, raising=False)
    async with open_ports(settings()) as ports:
        assert ports.policy.password.blocklist == frozenset()
    assert LIST not in sys.modules


async def test_common_passwords_are_those_of_the_settings(home: Path) -> None:
    async with open_ports(settings(PASSWORD_BLOCKLIST="common")) as ports:
        assert len(ports.policy.password.blocklist) == 3_000
        assert "123456" not in repr(ports.policy)
    (home / "ours.txt").write_text("Acme2026\n")
    async with open_ports(settings(PASSWORD_BLOCKLIST="ours.txt")) as ports:
        assert ports.policy.password.blocklist == {"acme2026"}
        with pytest.raises(BadFieldError, match="Many people"):
            ports.policy.password.choose("ACME2026")
    (home / "ours.txt").write_text("Acme2026\nAcme2027\n")
    async with open_ports(settings(PASSWORD_BLOCKLIST="ours.txt")) as ports:
        assert len(ports.policy.password.blocklist) == 2, "a file that was changed is read again"


@pytest.mark.parametrize(("content", "says"), [(b"caf\xe9\n", "line 1 is not UTF-8"), (b"x" * (2**24 + 1), "16 MiB")])
def test_a_list_that_cannot_be_used_ends_the_start_before_anything_is_made(
    home: Path, content: bytes, says: str
) -> None:
    (home / "ours.txt").write_bytes(content)
    with pytest.raises(StartError, match=f"^LEADNATOR_PASSWORD_BLOCKLIST: got 'ours.txt', takes off, .*{says}$"):
        settings(PASSWORD_BLOCKLIST="ours.txt")
    assert [file.name for file in home.iterdir()] == ["ours.txt"]


async def test_passwords_are_hashed_as_hard_as_asked_for() -> None:
    async with open_ports(settings(BCRYPT_COST="5")) as ports:
        assert ",r=5$" in await ports.hasher.hash(Password("secret"))


async def test_as_many_passwords_wait_as_asked_for() -> None:
    async with open_ports(settings(BCRYPT_COST="10", HASH_WORKERS="1", HASH_QUEUE="1")) as ports:
        hashing = (ports.hasher.hash(Password("secret")) for _ in range(3))
        outcomes = await asyncio.gather(*hashing, return_exceptions=True)
    assert [isinstance(outcome, OverloadedError) for outcome in outcomes] == [False, False, True]


async def test_the_first_secret_signs_and_each_verifies(home: Path) -> None:
    async with open_ports(settings(JWT_SECRET=f"{NEW},{OLD}")) as ports:
        for secret in (OLD, NEW):
            assert ports.tokens.read(JwtTokens([secret]).issue(CLAIMS)) == CLAIMS
        assert JwtTokens([NEW]).read(ports.tokens.issue(CLAIMS)) == CLAIMS
    assert [file.name for file in home.glob("*.secret")] == ["leadnator.db.master.secret"]


async def test_without_a_secret_one_is_made_beside_the_database_and_kept(home: Path) -> None:
    kept = settings(DATABASE_URL=f"sqlite:///{home}/accounts.db")
    secret = (home / "accounts.db.secret").read_text().strip()
    async with open_ports(kept) as ports:
        assert JwtTokens([secret]).read(ports.tokens.issue(CLAIMS)) == CLAIMS
        with pytest.raises(InvalidTokenError):
            ports.tokens.read(JwtTokens([OLD]).issue(CLAIMS))


def test_the_first_start_makes_the_database_and_the_secret(home: Path) -> None:
    assert prepare(Settings.read({})) is True
    assert {file.name for file in home.iterdir()} >= {
        "leadnator.db",
        "leadnator.db.secret",
        "leadnator.db.master.secret",
    }
    assert prepare(Settings.read({})) is False


async def test_the_first_master_key_makes_and_each_reads() -> None:
    async with open_ports(settings(MASTER_KEY=f"{NEW},{OLD}")) as ports:
        assert ports.master_keys == MasterKeys([NEW, OLD])


async def test_without_a_master_key_one_is_made_beside_the_database_and_kept(home: Path) -> None:
    kept = settings(DATABASE_URL=f"sqlite:///{home}/accounts.db", JWT_SECRET=NEW)
    file = home / "accounts.db.master.secret"
    assert S_IMODE(file.stat().st_mode) == 0o600
    for _ in range(2):
        async with open_ports(kept) as ports:
            assert ports.master_keys == MasterKeys([file.read_text().strip()])


async def test_with_postgresql_there_are_no_master_keys_but_those_that_are_set(shared_postgresql: str) -> None:
    async with open_ports(settings(DATABASE_URL=shared_postgresql, JWT_SECRET=OLD)) as ports:
        assert not ports.master_keys


async def test_codes_are_derived_from_the_master_keys_and_without_any_from_the_signing_secrets(
    shared_postgresql: str,
) -> None:
    async with open_ports(settings(MASTER_KEY=f"{NEW},{OLD}")) as ports:
        assert ports.code_keys == ports.master_keys
    postgresql = settings(DATABASE_URL=shared_postgresql, JWT_SECRET=f"{NEW},{OLD}")
    async with open_ports(postgresql) as ports:
        assert ports.code_keys == MasterKeys([NEW, OLD])


@pytest.mark.parametrize(
    ("values", "status"), [({}, None), ({"WEBHOOK_PRIVATE_TARGETS": "on"}, 200)], ids=["off", "on"]
)
async def test_private_targets_of_webhooks_are_as_the_settings_say(values: dict[str, str], status: int | None) -> None:
    async with listening() as target, open_ports(settings(**values)) as ports:
        assert ports.webhooks is not None
        message = a_message(f"http://127.0.0.1:{target.port}/")
        answers = await asyncio.gather(*(ports.webhooks.post(message) for _ in range(3)), return_exceptions=True)
        assert [isinstance(each, WebhookTargetRefusedError) or each for each in answers] == [status or True] * 3
        assert len(target.requests) == (3 if status else 0)


async def test_without_their_libraries_webhooks_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LIBRARIES", (*webhooks.LIBRARIES, "no_such_library"))
    assert webhooks.missing_libraries() == ["no_such_library"]
    async with open_ports(settings()) as ports:
        assert ports.webhooks is None


PASSKEYS = [
    ({}, None),
    ({"PUBLIC_URL": "http://127.0.0.1:8000"}, None),
    ({"PUBLIC_URL": "https://[2001:db8::1]/auth"}, None),
    ({"PUBLIC_URL": "https://0x7f.1"}, None),
    ({"PUBLIC_URL": "https://straße.example"}, None),
    ({"PUBLIC_URL": "http://localhost:8000"}, ("localhost", ["http://localhost:8000"])),
    ({"PUBLIC_URL": "https://Auth.Example.com:443/accounts"}, ("auth.example.com", ["https://auth.example.com"])),
    ({"PUBLIC_URL": "https://bücher.example"}, ("xn--bcher-kva.example", ["https://xn--bcher-kva.example"])),
    (
        {"PUBLIC_URL": "https://a.example", "PASSKEY_ORIGINS": f"https://b.example, https://a.example,{ANDROID_APP}"},
        ("a.example", ["https://a.example", "https://b.example", ANDROID_APP]),
    ),
]


@pytest.mark.parametrize(("values", "expected"), PASSKEYS, ids=[str(values) for values, _ in PASSKEYS])
async def test_passkeys_belong_to_the_domain_of_the_public_url(
    values: dict[str, str], expected: tuple[str, list[str]] | None
) -> None:
    party = passkeys.relying_party(settings(**values))
    assert (party and (party.id, list(party.origins))) == expected
    async with open_ports(settings(APP_NAME="Acme", **values)) as ports:
        if expected is None:
            assert ports.passkeys is None
        else:
            assert ports.passkeys is not None
            options = ports.passkeys.registration_options(a_user(), b"c" * 32, ())
            assert options["rp"] == {"id": expected[0], "name": "Acme"}


async def test_without_their_libraries_passkeys_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "LIBRARIES", (*passkeys.LIBRARIES, "no_such_library"))
    assert passkeys.missing_libraries() == ["no_such_library"]
    async with open_ports(settings(PUBLIC_URL="https://a.example")) as ports:
        assert ports.passkeys is None


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_tokens_are_signed_as_the_settings_say(algorithm: str) -> None:
    chosen = settings(JWT_ALGORITHM=algorithm)
    tokens: list[str] = []
    for _ in range(2):
        async with open_ports(chosen) as ports:
            tokens.append((await sign_up("A", f"a{len(tokens)}@example.com", "secret!", ports=ports)).token)
            for token in tokens:
                assert await identify(token, ports=ports)
    assert {jwt.get_unverified_header(token)["alg"] for token in tokens} == {algorithm}
    assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 1, "the key outlives a restart"
    assert prepare(chosen) is False


async def test_without_its_library_another_algorithm_ends_the_start_before_anything_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "LIBRARIES", (*signing_keys.LIBRARIES, "no_such_library"))
    words = "^LEADNATOR_JWT_ALGORITHM: got 'EdDSA', takes HS256 where no_such_library is not installed: pip install"
    with pytest.raises(StartError, match=words):
        settings(JWT_ALGORITHM="EdDSA")
    assert list(home.iterdir()) == []
    async with open_ports(settings()) as ports:
        assert ports.key_maker is None


IMPORTING = """
import asyncio, os, sys
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings

async def main():
    settings = Settings.read(os.environ)
    prepare(settings)
    async with open_ports(settings) as ports:
        print(ports.passkeys is not None, "fido2" in sys.modules)

asyncio.run(main())
"""


@pytest.mark.parametrize(("public_url", "is_on"), [("https://192.0.2.1", False), ("https://a.example", True)])
def test_nothing_of_their_library_is_imported_while_passkeys_are_off(public_url: str, is_on: bool) -> None:
    run = subprocess.run(
        [sys.executable, "-P", "-c", IMPORTING],
        env={**os.environ, "LEADNATOR_PUBLIC_URL": public_url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(is_on)] * 2


@pytest.mark.parametrize(("algorithm", "is_on"), [("HS256", False), ("EdDSA", True)])
def test_nothing_of_their_library_is_imported_while_there_are_no_signing_keys(
    home: Path, algorithm: str, is_on: bool
) -> None:
    run = subprocess.run(
        [sys.executable, "-P", "-c", IMPORTING.replace("fido2", "cryptography")],
        env={**os.environ, "LEADNATOR_JWT_ALGORITHM": algorithm},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["False", str(is_on)]


@pytest.mark.parametrize("spoil", ["database", "empty secret", "short secret", "folder", "empty key", "short key"])
def test_what_is_spoilt_ends_the_start_with_one_line(home: Path, spoil: str) -> None:
    if spoil == "database":
        (home / "leadnator.db").write_text("my diary\n" * 1000)
    elif spoil == "folder":
        (home / "leadnator.db.secret").mkdir()
    else:
        file = "leadnator.db.secret" if "secret" in spoil else "leadnator.db.master.secret"
        (home / file).write_text("" if "empty" in spoil else "too-short")
    with pytest.raises(StartError, match=r"leadnator\.db") as refused:
        prepare(Settings.read({}))
    assert str(refused.value).isprintable()
    assert "too-short" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "link"),
    [
        ({}, "http://127.0.0.1:8000/reset-password?token="),
        ({"PUBLIC_URL": "https://auth.example.com/a/"}, "https://auth.example.com/a/reset-password?token="),
        ({"RESET_URL": "https://app.example.com/r?token={token}"}, "https://app.example.com/r?token="),
        (
            {"PUBLIC_URL": "https://auth.example.com", "RESET_URL": "{public_url}/r?token={token}"},
            "https://auth.example.com/r?token=",
        ),
    ],
    ids=["by default", "public URL", "reset URL", "both"],
)
async def test_the_link_in_a_mail_leads_where_the_settings_say(home: Path, values: dict[str, str], link: str) -> None:
    assert reset_link(await sent_mail(LINK, home, **values)) == link + LINK.secret


@pytest.mark.parametrize("values", [{}, {"MAIL_FROM": "auth@example.com"}])
async def test_mails_come_from_the_address_in_the_settings(home: Path, values: dict[str, str]) -> None:
    mail = await sent_mail(NOTICE, home, **values)
    assert mail["From"] == values.get("MAIL_FROM", "no-reply@localhost")


@pytest.mark.parametrize(("language", "word"), [("en", "password"), ("de", "Passwort")])
async def test_mails_are_in_the_language_of_the_settings(home: Path, language: str, word: str) -> None:
    mail = await sent_mail(NOTICE, home, MAIL_LANGUAGE=language)
    assert word in mail["Subject"]
    assert word in text_of(mail)


async def test_mails_have_the_words_of_the_operator(home: Path) -> None:
    (home / "words").mkdir()
    (home / "words" / "password_changed.txt").write_text("In our own words.")
    mail = await sent_mail(NOTICE, home, MAIL_TEMPLATES="words")
    assert text_of(mail).strip() == "In our own words."


@pytest.mark.parametrize(
    ("values", "server"),
    [
        ({"SMTP_URL": "smtp://mail.example.com"}, SmtpServer("mail.example.com", 25, Security.NONE)),
        ({"SMTP_URL": "smtps://mail.example.com"}, SmtpServer("mail.example.com", 465, Security.TLS)),
        ({"SMTP_URL": "smtp+starttls://mail.example.com"}, SmtpServer("mail.example.com", 587, Security.STARTTLS)),
        (
            {"SMTP_URL": "smtp+starttls://user:p%40ss@mail.example.com:2525"},
            SmtpServer("mail.example.com", 2525, Security.STARTTLS, "user", "p@ss"),
        ),
        (
            {"SMTP_URL": "smtp://mail.example.com", "SMTP_TIMEOUT": "300", "SMTP_EHLO": "auth.example.com"},
            SmtpServer("mail.example.com", 25, timeout=300, ehlo="auth.example.com"),
        ),
    ],
)
async def test_mails_go_to_the_server_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], server: SmtpServer
) -> None:
    events: list[object] = []

    class Recorder:
        def __init__(self, server: SmtpServer, writer: MailWriter) -> None:
            events.append(server)

        def close(self) -> None:
            events.append("closed")

    monkeypatch.setattr("leadnator_auth.adapters.mail.smtp.SmtpMailer", Recorder)
    async with open_ports(settings(**values)):
        assert events == [server]
    assert events == [server, "closed"]


async def test_a_mail_that_is_queued_wakes_who_sends_it() -> None:
    woken: list[str] = []
    async with open_ports(settings(), lambda commit: woken.append("at once")) as ports:
        assert woken == []
        await request_password_reset("alice@example.com", ports=ports)
    assert woken == ["at once"]


@pytest.mark.parametrize(("values", "size"), [({}, None), ({"DATABASE_POOL_SIZE": "5"}, 5)])
async def test_there_are_as_many_connections_as_asked_for(
    database_url: str, database_kind: str, values: dict[str, str], size: int | None
) -> None:
    async with open_ports(settings(DATABASE_URL=database_url, JWT_SECRET=OLD, **values)) as ports:
        assert isinstance(ports.unit_of_work, SqlUnitOfWork)
        assert ports.unit_of_work.connections.size == size or {"sqlite": 3, "postgresql": 8}[database_kind]


@pytest.mark.parametrize(("value", "cached"), [("on", True), ("off", False)])
async def test_statements_are_prepared_unless_a_pooler_forbids_it(
    shared_postgresql: str, value: str, cached: bool
) -> None:
    chosen = settings(DATABASE_URL=shared_postgresql, JWT_SECRET=OLD, DATABASE_PREPARED_STATEMENTS=value)
    async with open_ports(chosen) as ports:
        assert isinstance(ports.unit_of_work, SqlUnitOfWork)
        async with ports.unit_of_work.connections.single_read() as connection:
            row = await connection.fetch_one("SELECT count(*) AS count FROM pg_prepared_statements")
    assert row is not None
    assert (row["count"] > 0) == cached


async def test_who_watches_the_database_sees_whose_the_connections_are(shared_postgresql: str) -> None:
    for url, name in ((shared_postgresql, "leadnator-auth"), (f"{shared_postgresql}&application_name=web-1", "web-1")):
        async with open_ports(settings(DATABASE_URL=url, JWT_SECRET=OLD)) as ports:
            await ports.readiness.check()
            names = run_sql(shared_postgresql, "SELECT DISTINCT application_name FROM pg_stat_activity")
        assert (name,) in names


def test_postgresql_needs_a_secret_that_all_servers_share(shared_postgresql: str) -> None:
    with pytest.raises(StartError, match="LEADNATOR_JWT_SECRET"):
        prepare(Settings.read({"LEADNATOR_DATABASE_URL": shared_postgresql}))


def test_without_the_driver_of_postgresql_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    for module in [name for name in sys.modules if name.startswith("leadnator_auth.adapters.sql.postgresql")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(StartError, match=r"pip install 'leadnator-auth\[postgresql\]'"):
        settings(DATABASE_URL="postgresql://user@127.0.0.1:1/db", JWT_SECRET=OLD)


async def test_nothing_is_left_open_after_the_end() -> None:
    before = set(threading.enumerate())
    async with open_ports(settings()) as ports:
        await ports.hasher.hash(Password("secret"))
        await ports.readiness.check()
        assert set(threading.enumerate()) - before
    async with asyncio.timeout(DEADLINE_SECONDS):
        while set(threading.enumerate()) - before:
            await asyncio.sleep(0)


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    """The application as it is served, where only being woken explains that a mail goes out."""
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 3600.0)
    chosen = {"DATABASE_URL": database_url, "JWT_SECRET": NEW, "CORS_ORIGINS": "https://app.example.com"}
    return build_app(settings(**chosen))


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application while it is served."""
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client,
    ):
        yield client


async def test_what_is_served_sends_its_mails_at_once(home: Path, browser: httpx2.AsyncClient) -> None:
    alice = {"name": "Alice", "email": "alice@example.com", "password": "secret"}
    assert (await browser.get("/readyz")).status_code == 200
    assert (await browser.post("/api/auth/signup", json=alice)).status_code == 200
    assert (await browser.post("/api/auth/forgot-password", json={"email": alice["email"]})).status_code == 200
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not list(home.glob("mail/*.eml")):
            await asyncio.sleep(0)


async def test_what_is_served_lets_the_pages_of_the_settings_in(browser: httpx2.AsyncClient) -> None:
    for origin, allowed in (("https://app.example.com", "https://app.example.com"), ("https://evil.example", None)):
        answer = await browser.get("/healthz", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed


async def test_what_is_served_clears_away_what_is_over(
    database_url: str, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeper, "PAUSE_SECONDS", 0.0)
    insert_user(database_url)
    run_script(
        database_url,
        "INSERT INTO sessions (id, user_id, created_at, expires_at, ip, user_agent)\n"
        "VALUES ('s_1', 'u_1', 0, 1, '', '');\nINSERT INTO rate_limits VALUES ('b_1', 0);\n",
    )

    def left() -> list[int]:
        return [run_sql(database_url, f"SELECT count(*) FROM {table}")[0][0] for table in ("sessions", "rate_limits")]

    assert left() == [1, 1]
    async with app.router.lifespan_context(app), asyncio.timeout(DEADLINE_SECONDS):
        while left() != [0, 0]:
            await asyncio.sleep(0)
