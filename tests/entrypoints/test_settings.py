"""The settings: what each is by default, what it takes and what it refuses."""

from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import attrs
import pytest
from aiosmtplib.email import quote_address

from leadnator_auth.adapters.mail import MailWriter
from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.domain import EmailAddress, Limits, Purpose, RateLimit, SignUpPolicy
from leadnator_auth.entrypoints.compose.policy import policy_of
from leadnator_auth.entrypoints.settings import SettingError, Settings
from leadnator_auth.entrypoints.settings.database_url import PostgresqlUrl
from leadnator_auth.entrypoints.settings.mail_sender import Sender, read_sender
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl
from leadnator_auth.entrypoints.settings.url_parts import Host

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANDROID_APP = "android:apk-key-hash:" + "Ab_-" * 10 + "a-9"
LONG_SECRET = "0123456789abcdef0123456789abcdef"
DEFAULTS: dict[str, object] = {
    "LEADNATOR_DATABASE_URL": Path("leadnator.db"),
    "LEADNATOR_DATABASE_SCHEMA": None,  # where the role's search path begins
    "LEADNATOR_DATABASE_POOL_SIZE": None,  # 3 for SQLite, 8 for PostgreSQL
    "LEADNATOR_DATABASE_PREPARED_STATEMENTS": "on",
    "LEADNATOR_JWT_SECRET": (),  # one is made and kept in a file
    "LEADNATOR_JWT_ALGORITHM": "HS256",
    "LEADNATOR_MASTER_KEY": (),  # as above
    "LEADNATOR_TOKEN_TTL": 604_800,
    "LEADNATOR_RESET_TOKEN_TTL": 3_600,
    "LEADNATOR_ACCESS_TOKEN_TTL": 300,
    "LEADNATOR_STEP_UP_TTL": 600,
    "LEADNATOR_USER_METADATA_SCHEMA": None,  # any object will do
    "LEADNATOR_EMAIL_VERIFICATION": "on",
    "LEADNATOR_EMAIL_TOKEN_TTL": 86_400,
    "LEADNATOR_MAX_SESSIONS": 100,
    "LEADNATOR_SESSION_IDLE": None,  # sessions may go unused
    "LEADNATOR_NEW_SIGN_IN_NOTICE": "off",
    "LEADNATOR_EVENT_RETENTION": 365,
    "LEADNATOR_WEBHOOK_PRIVATE_TARGETS": "off",
    "LEADNATOR_SIGNUP": "open",
    "LEADNATOR_MIN_PASSWORD_LENGTH": 6,
    "LEADNATOR_PASSWORD_BLOCKLIST": "off",
    "LEADNATOR_PUBLIC_URL": None,  # follows the port
    "LEADNATOR_RESET_URL": None,  # follows the public URL
    "LEADNATOR_SMTP_URL": None,  # mails become files
    "LEADNATOR_SMTP_TIMEOUT": 60,
    "LEADNATOR_SMTP_EHLO": None,  # the host's full name, else its address literal
    "LEADNATOR_MAIL_FROM": "no-reply@localhost",
    "LEADNATOR_MAIL_TEMPLATES": None,  # ours
    "LEADNATOR_MAIL_LANGUAGE": "en",
    "LEADNATOR_EMAIL_ALLOW": (),
    "LEADNATOR_BCRYPT_COST": 12,
    "LEADNATOR_HASH_WORKERS": None,  # as many as there are cores
    "LEADNATOR_HASH_QUEUE": 64,
    "LEADNATOR_RATE_LIMIT": "on",
    "LEADNATOR_LIMIT_LOGIN": RateLimit("login", 10, MINUTE),
    "LEADNATOR_LIMIT_LOGIN_ACCOUNT": RateLimit("login-account", 30, HOUR),
    "LEADNATOR_LIMIT_LOGIN_CLIENT": RateLimit("login-client", 60, MINUTE),
    "LEADNATOR_LIMIT_SIGNUP": RateLimit("signup", 100, HOUR),
    "LEADNATOR_LIMIT_FORGOT": RateLimit("forgot", 100, HOUR),
    "LEADNATOR_LIMIT_RESET": RateLimit("reset", 100, HOUR),
    "LEADNATOR_LIMIT_CHANGE_PASSWORD": RateLimit("change-password", 30, HOUR),
    "LEADNATOR_EMAIL_CODE_LOGIN": "off",
    "LEADNATOR_LIMIT_LOGIN_CODE": RateLimit("login-code", 100, HOUR),
    "LEADNATOR_LIMIT_LOGIN_CODE_CONFIRM": RateLimit("login-code-confirm", 100, HOUR),
    "LEADNATOR_LIMIT_PASSKEY_OPTIONS": RateLimit("passkey-options", 600, HOUR),
    "LEADNATOR_LIMIT_PASSKEY": RateLimit("passkey", 100, HOUR),
    "LEADNATOR_LIMIT_REFRESH": RateLimit("refresh", 1000, HOUR),
    "LEADNATOR_KEEP_ALIVE": 75,
    "LEADNATOR_TRUSTED_PROXIES": (),
    "LEADNATOR_CORS_ORIGINS": (),
    "LEADNATOR_PASSKEY_ORIGINS": (),
    "LEADNATOR_APP_NAME": "leadnator-auth",
    "LEADNATOR_LOGIN_URL": None,  # pages lead to the start page
    "LEADNATOR_LOG_FORMAT": None,  # text on a terminal, else JSON
    "LEADNATOR_LOG_LEVEL": "info",
    "LEADNATOR_OTLP_ENDPOINT": None,  # no tracing
}
TOO_LONG_A_NUMBER = "1" * 5000


def values_of(settings: Settings) -> dict[str, object]:
    """Returns what is in force, by the names of the variables."""
    return {field.metadata["name"]: getattr(settings, field.name) for field in attrs.fields(Settings)}


def value_of(variable: str, text: str) -> object:
    return values_of(Settings.read({variable: text}))[variable]


@pytest.mark.parametrize(("variable", "value"), DEFAULTS.items())
def test_a_setting_that_is_not_set_has_its_documented_default(variable: str, value: object) -> None:
    assert variable in values_of(Settings.read({}))
    assert values_of(Settings.read({}))[variable] == value


def test_there_is_no_setting_that_is_not_documented() -> None:
    assert values_of(Settings.read({})).keys() <= DEFAULTS.keys()


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_setting_is_as_good_as_none(text: str) -> None:
    assert Settings.read(dict.fromkeys(DEFAULTS, text)) == Settings.read({})


def test_variables_of_others_are_none_of_our_business() -> None:
    assert Settings.read({"PATH": "/bin", "BCRYPT_COST": "99", "leadnator_bcrypt_cost": "99"}) == Settings.read({})


SENDERS = [
    "auth@example.com",
    "no-reply@localhost",
    "first.last+tag@mail-1.example.com",
    "_a!#$%&'*+/=?^`{|}~-z@xn--bcher-kva.example",
]
NAMED_SENDERS = {
    "Acme <no-reply@acme.example>": "Acme",
    "Acme Inc. <no-reply@acme.example>": "Acme Inc.",
    '"Acme, Inc." <no-reply@acme.example>': "Acme, Inc.",
    '"The \\"Acme\\" <c:\\\\>" <no-reply@acme.example>': 'The "Acme" <c:\\>',
    "Müller & Söhne <no-reply@acme.example>": "Müller & Söhne",
    "日本語 😀 <no-reply@acme.example>": "日本語 😀",
    "क्\u200dष <no-reply@acme.example>": "क्\u200dष",
    "O'Brien<no-reply@acme.example>": "O'Brien",
    "<no-reply@acme.example>": "",
    '"" <no-reply@acme.example>': "",
}
GOOD: list[tuple[str, str, object]] = [
    ("DATABASE_URL", "sqlite:////var/lib/auth.db", Path("/var/lib/auth.db")),
    ("DATABASE_URL", "postgresql://u:p@h/db\n", PostgresqlUrl((Host("h", None),), "u", "p", "db", {})),
    ("DATABASE_POOL_SIZE", "2", 2),
    ("DATABASE_PREPARED_STATEMENTS", "OFF", "off"),
    ("JWT_SECRET", LONG_SECRET, (LONG_SECRET,)),
    ("JWT_SECRET", f"{LONG_SECRET}-new , {LONG_SECRET}", (f"{LONG_SECRET}-new", LONG_SECRET)),
    ("JWT_SECRET", "é" * 16, ("é" * 16,)),
    ("MASTER_KEY", f"{LONG_SECRET}-new , {LONG_SECRET}", (f"{LONG_SECRET}-new", LONG_SECRET)),
    ("MASTER_KEY", "é" * 16, ("é" * 16,)),
    ("WEBHOOK_PRIVATE_TARGETS", "ON", "on"),
    ("TOKEN_TTL", "60", 60),
    ("TOKEN_TTL", " 60 ", 60),
    ("RESET_TOKEN_TTL", "1", 1),
    ("EMAIL_VERIFICATION", "Required", "required"),
    ("EMAIL_VERIFICATION", "OFF", "off"),
    ("EMAIL_TOKEN_TTL", "1", 1),
    ("ACCESS_TOKEN_TTL", "60", 60),
    ("LIMIT_REFRESH", "9/min", RateLimit("refresh", 9, MINUTE)),
    ("MAX_SESSIONS", "1", 1),
    ("MAX_SESSIONS", "1000", 1_000),
    ("SESSION_IDLE", "60", 60),
    ("SESSION_IDLE", "Off", None),
    ("SESSION_IDLE", "315360000", 315_360_000),
    ("NEW_SIGN_IN_NOTICE", "ON", "on"),
    ("EVENT_RETENTION", "1", 1),
    ("EVENT_RETENTION", "3650", 3_650),
    ("RESET_TOKEN_TTL", "315360000", 315_360_000),
    ("MIN_PASSWORD_LENGTH", "12", 12),
    ("PASSWORD_BLOCKLIST", "Off", "off"),
    ("PASSWORD_BLOCKLIST", "COMMON", "common"),
    ("PASSWORD_BLOCKLIST", __file__, Path(__file__)),
    ("SIGNUP", "Open", "open"),
    ("SIGNUP", "closed", "closed"),
    ("SIGNUP", "@Example.com", ("@example.com",)),
    ("SIGNUP", "@example.com, @example.org", ("@example.com", "@example.org")),
    ("SIGNUP", "@Bücher.example,@straße.example", ("@xn--bcher-kva.example", "@xn--strae-oqa.example")),
    (
        "SIGNUP",
        "@XN--BCHER-KVA.example,@corp.local,@localhost",
        ("@xn--bcher-kva.example", "@corp.local", "@localhost"),
    ),
    ("PUBLIC_URL", "https://auth.example.com", "https://auth.example.com"),
    ("PUBLIC_URL", "https://example.com/auth/", "https://example.com/auth"),
    ("PUBLIC_URL", "https://example.com/a.b/..c/~d;e=f/", "https://example.com/a.b/..c/~d;e=f"),
    ("PUBLIC_URL", "https://example.com/é/%C3%A9/a%20b", "https://example.com/é/%C3%A9/a%20b"),
    ("PUBLIC_URL", "http://[::1]:8000", "http://[::1]:8000"),
    ("RESET_URL", "https://app.example.com/#/reset/{token}", "https://app.example.com/#/reset/{token}"),
    ("RESET_URL", "{public_url}/reset?t={token}", "{public_url}/reset?t={token}"),
    ("SMTP_URL", "smtp://localhost", SmtpUrl("smtp", "localhost", None, None, None)),
    ("SMTP_URL", "smtps://mail.example.com:4650/", SmtpUrl("smtps", "mail.example.com", 4650, None, None)),
    ("SMTP_URL", "smtp+starttls://u%40x:p%3A%2F%40@m:587", SmtpUrl("smtp+starttls", "m", 587, "u@x", "p:/@")),
    ("SMTP_TIMEOUT", "1", 1),
    ("SMTP_TIMEOUT", "300", 300),
    ("APP_NAME", "customer-identity-platform-v2-production", "customer-identity-platform-v2-production"),
    ("SMTP_EHLO", "auth.example.com", "auth.example.com"),
    ("SMTP_EHLO", "localhost", "localhost"),
    ("SMTP_EHLO", "[192.0.2.1]", "[192.0.2.1]"),
    ("SMTP_EHLO", "mail2.example.com", "mail2.example.com"),
    ("SMTP_EHLO", "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    *(("MAIL_FROM", sender, sender) for sender in SENDERS),
    *(("MAIL_FROM", sender, sender) for sender in NAMED_SENDERS),
    ("EMAIL_ALLOW", "corp.local, LocalHost", ("corp.local", "localhost")),
    ("KEEP_ALIVE", "1", 1),
    ("KEEP_ALIVE", "3600", 3600),
    ("BCRYPT_COST", "4", 4),
    ("BCRYPT_COST", "16", 16),
    ("HASH_WORKERS", "3", 3),
    ("HASH_QUEUE", "0", 0),
    ("RATE_LIMIT", "OFF", "off"),
    ("LIMIT_LOGIN", "5/min", RateLimit("login", 5, MINUTE)),
    ("LIMIT_LOGIN", " 1000000 / Hour ", RateLimit("login", 1_000_000, HOUR)),
    ("LIMIT_SIGNUP", "1/s", RateLimit("signup", 1, timedelta(seconds=1))),
    ("EMAIL_CODE_LOGIN", "On", "on"),
    ("JWT_ALGORITHM", "hs256", "HS256"),
    ("JWT_ALGORITHM", " EDDSA", "EdDSA"),
    ("JWT_ALGORITHM", "es256", "ES256"),
    ("LIMIT_LOGIN_CODE_CONFIRM", "9/d", RateLimit("login-code-confirm", 9, timedelta(days=1))),
    ("LIMIT_CHANGE_PASSWORD", "7/d", RateLimit("change-password", 7, timedelta(days=1))),
    ("TRUSTED_PROXIES", "127.0.0.1, ::1,10.0.0.0/8", ("127.0.0.1/32", "::1/128", "10.0.0.0/8")),
    ("TRUSTED_PROXIES", "::ffff:10.1.2.3, ::ffff:192.0.2.0/120", ("10.1.2.3/32", "192.0.2.0/24")),
    ("PASSKEY_ORIGINS", "https://a.example, http://localhost:3000", ("https://a.example", "http://localhost:3000")),
    ("PASSKEY_ORIGINS", ANDROID_APP, (ANDROID_APP,)),
    ("CORS_ORIGINS", "https://a.example, http://b:8080", ("https://a.example", "http://b:8080")),
    ("CORS_ORIGINS", "capacitor://localhost,http://[::1]:3000", ("capacitor://localhost", "http://[::1]:3000")),
    ("APP_NAME", " Acme & Söhne <3 ", "Acme & Söhne <3"),
    ("APP_NAME", "x" * 64, "x" * 64),
    ("APP_NAME", "猫\u200d🐈", "猫\u200d🐈"),
    ("LOGIN_URL", "https://app.example.com/#/login?next=a&b", "https://app.example.com/#/login?next=a&b"),
    ("LOGIN_URL", "http://localhost:3000", "http://localhost:3000"),
    ("LOG_FORMAT", "JSON", "json"),
    ("LOG_FORMAT", "text", "text"),
    ("LOG_LEVEL", "DEBUG", "debug"),
    ("LOG_LEVEL", "warning", "warning"),
    ("OTLP_ENDPOINT", "http://127.0.0.1:4318/", "http://127.0.0.1:4318"),
    ("OTLP_ENDPOINT", "https://otel.example.com/in", "https://otel.example.com/in"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_good_value_is_taken(name: str, text: str, value: object) -> None:
    assert value_of(f"LEADNATOR_{name}", text) == value


LONG_PATHS = ["a" * 300, "a/" * 3000]

BAD: dict[str, list[str]] = {
    "DATABASE_URL": [
        "leadnator.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
        "mysql://u:p@h/db",
        "postgresql://",
        "postgresql://u:p@h",
        "postgresql://u:p@h/",
        "postgresql://u:p@h:port/db",
        "postgresql://u:p@h:0/db",
        "postgresql://u:p@h/db#x",
        "postgresql+asyncpg://u:p@h/db",
    ],
    "DATABASE_SCHEMA": [
        "auth",  # the database is SQLite
        "pg_auth",
        "information_schema",
        "$user",
        '"auth"',
        "a\nb",
        "a\0b",
        "a\udcff",
        "x" * 64,
        "\u00e9" * 32,
    ],
    "DATABASE_POOL_SIZE": ["0", "1", "1001", "many"],
    "DATABASE_PREPARED_STATEMENTS": ["yes", "1"],
    "RATE_LIMIT": ["yes", "0"],
    "LIMIT_LOGIN": ["10", "10/", "/min", "0/min", "-1/min", "1.5/min", "10/fortnight", "10/min/min", "1000001/min"],
    "JWT_SECRET": ["short", "x" * 31, f"{LONG_SECRET},short", f"{LONG_SECRET},", "x" * 31 + "\udcff"],
    "JWT_ALGORITHM": ["none", "RS256", "HS512", "Ed25519", "EdDSA,ES256", "ES 256", "on", "K"],
    "MASTER_KEY": ["short", "x" * 31, f"{LONG_SECRET},short", f"{LONG_SECRET},", "x" * 31 + "\udcff"],
    "WEBHOOK_PRIVATE_TARGETS": ["yes", "1", "10.0.0.0/8"],
    "TOKEN_TTL": ["0", "-1", "1.5", "7d", "1e6", "0x10", "٣", "1_000", TOO_LONG_A_NUMBER],
    "RESET_TOKEN_TTL": ["0", "soon", "315360001"],
    "EMAIL_VERIFICATION": ["yes", "true", "0", "require"],
    "EMAIL_TOKEN_TTL": ["0", "soon", "315360001"],
    "ACCESS_TOKEN_TTL": ["0", "soon", "5m", "315360001"],
    "MAX_SESSIONS": ["0", "-1", "many", "1001"],
    "SESSION_IDLE": ["0", "59", "-60", "1.5", "1h", "on", "315360001", TOO_LONG_A_NUMBER],
    "NEW_SIGN_IN_NOTICE": ["yes", "1"],
    "EVENT_RETENTION": ["0", "-1", "1.5", "30d", "ever", "3651"],
    "MIN_PASSWORD_LENGTH": ["0", "six", "1000000"],
    "PASSWORD_BLOCKLIST": [*LONG_PATHS, "on", "comon", "/nowhere/list.txt", "/", "a\0b", "a\udcff", "off,common"],
    "USER_METADATA_SCHEMA": [*LONG_PATHS, "/nowhere/schema.json", "/", "a\0b"],
    "MAIL_TEMPLATES": [*LONG_PATHS, "/nowhere", "/dev/null", "a\0b"],
    "SIGNUP": [
        "on",
        "off",
        "example.com",
        "@",
        "@example.com,",
        "@example.com,example.org",
        "open,@example.com",
        "@*.example.com",
        "@exa mple.com",
        "@.example.com",
        "@example..com",
        "@example.com.",
        "@192.0.2.1",
        "alice@example.com",
        "@@example.com",
        "@bü cher.example",
        "@b\u202eücher.example",
        "@ex\udcffample.com",
    ],
    "PUBLIC_URL": [
        "auth.example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https://example.com?a=b",
        "https://example.com#a",
        "https://exa mple.com",
        "https://example.com/\r\nBcc: x",
        "https://example.com/\r\nBcc:x",
        "https://example.com/\u202ex",
        "https://example.com:eighty",
        "https://u:p@example.com",
        "https://[::1",
        "https://example.com/a%2Fb",
        "https://example.com/%5cauth",
        "https://example.com/auth%2e",
        "https://example.com/../auth",
        "https://example.com/auth/./",
        "https://example.com//auth",
        "https://example.com/auth//x",
        "https://example.com/a\\b",
        "https://example.com/%zz",
        "https://example.com/{token}",
        "https://example.com/{public_url}/a",
    ],
    "RESET_URL": [
        "https://example.com/reset",
        "https://example.com/{token}/{token}",
        "/reset?token={token}",
        "javascript:{token}",
        "https://example.com/ {token}",
        "https://example.com/{token}/{a\x07b}",
        "https://u:p@example.com/{token}/{x}",
    ],
    "SMTP_URL": [
        "localhost",
        "http://localhost",
        "smtp://",
        "smtp://:25",
        "smtp://host:99999",
        "smtp://host:smtp",
        "smtp://host/path",
        "smtp://host?tls=no",
        "smtp://host#tls",
        "smtp+tls://host",
    ],
    "MAIL_FROM": [
        "nobody",
        "@example.com",
        "a@b@c",
        "a@example.com,b@example.com",
        "a@example.com, Auth <b@example.com>",
        "Acme, Inc. <a@example.com>",
        "Acme (Support) <a@example.com>",
        '"Acme" Inc <a@example.com>',
        '"Acme <a@example.com>',
        "Acme <a..b@example.com>",
        "Acme <a@example.com> and more",
        "Acme <a@example.com> <b@example.com>",
        "Acme <>",
        "Acme a@example.com",
        "=?utf-8?q?Acme?= <a@example.com>",
        "Acme\nBcc: b@example.com <a@example.com>",
        "Ac\u202eme <a@example.com>",
        "Ac\udcffme <a@example.com>",
        "A" * 201 + " <a@example.com>",
        "a@example.com\nBcc: b@example.com",
        "ä@example.com",
        "a..b@x",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@example..com",
        "a@.example.com",
        "a@example.com.",
        "a@-example.com",
        "a@example-.com",
        "a@exa_mple.com",
        "a@bücher.example",
        "a@[192.0.2.1]",
        '"a b"@example.com',
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".example",
        "a" * 64 + "@" + ".".join(["b" * 63] * 3),
    ],
    "SMTP_TIMEOUT": ["0", "-1", "1.5", "a minute", "3601"],
    "SMTP_EHLO": [
        "auth_1.example.com",
        "-auth.example.com",
        "auth..example.com",
        "auth.example.com RSET",
        "bücher.example",
        "192.0.2.1",
        "mail.1",
        "[auth.example.com]",
        "[2001:db8::1]",
        "[IPv6:192.0.2.1]",
        "[IPv6:fe80::1%eth0]",
        "[192.0.2.1",
        "[]",
        "a" * 64,
        ".".join(["a" * 63] * 4) + ".b",
    ],
    "EMAIL_ALLOW": ["*", "*.local", "corp local", "@corp.local", "corp.local,", ".local", "127.0.0.1", "bücher.local"],
    "KEEP_ALIVE": ["0", "-1", "forever", "3601", "1.5"],
    "BCRYPT_COST": ["3", "17", "twelve", "12.0"],
    "HASH_WORKERS": ["0", "-1", "all"],
    "HASH_QUEUE": ["-1", "endless"],
    "APP_NAME": ["x" * 65, "Ac\nme", "Acme\u202ecorp", "\u200b", "Ac\x00me", "Ac\x1b[31mme", "Acme\udcff"],
    "LOGIN_URL": [
        "app.example.com/login",
        "/login",
        "javascript:alert(1)",
        "JAVASCRIPT://app.example.com/%0aalert(1)",
        "data:text/html,x",
        "myapp://login",
        "https://",
        "https://u:p@app.example.com/login",
        "https://app.example.com/lo gin",
        "https://app.example.com/\r\nx",
    ],
    "TRUSTED_PROXIES": [
        "*",
        "0.0.0.0/0",
        "::/0",
        "::ffff:0.0.0.0/96",
        "proxy.example.com",
        "10.0.0.1/8",
        "10.0.0.1,,10.0.0.2",
        "300.1.1.1",
    ],
    "PASSKEY_ORIGINS": [
        "*",
        "https://a.example/",
        "https://A.example",
        "a.example",
        "android:apk-key-hash:",
        ANDROID_APP + "=",
        "android:apk-key-hash:" + "a" * 42 + "/",
        "https://a.example,",
        "https://u:p@a.example",
    ],
    "CORS_ORIGINS": [
        "*",
        "null",
        "app.example.com",
        "https://a.example/",
        "https://a.example?a=b",
        "https://a.example#a",
        "https://u:p@a.example",
        "https://a.example,",
    ],
    "LOG_FORMAT": ["xml", "json,text"],
    "LOG_LEVEL": ["loud", "10", "critical"],
    "OTLP_ENDPOINT": ["127.0.0.1:4318", "grpc://otel:4317", "http://", "http://u:p@otel:4318", "http://otel/?a=b"],
}
SECRET_SETTINGS = {"DATABASE_URL", "JWT_SECRET", "MASTER_KEY", "SMTP_URL"}
AS_ARGUMENTS = {field.metadata["name"]: field.name for field in attrs.fields(Settings)}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts], ids=ascii)
def test_a_bad_value_is_refused_in_one_line(name: str, text: str) -> None:
    with pytest.raises(SettingError) as refusal:
        Settings.read({f"LEADNATOR_{name}": text})

    message = str(refusal.value)
    assert message.startswith(f"LEADNATOR_{name}: got ")
    assert ", takes " in message
    assert message.isprintable()
    assert (repr(text) in message) == (name not in SECRET_SETTINGS and "u:p@" not in text)
    with pytest.raises(SettingError) as same:
        Settings(**{AS_ARGUMENTS[f"LEADNATOR_{name}"]: text})  # type: ignore[arg-type]
    assert str(same.value) == message, "from whoever embeds this, too"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("http://h/?t={token}&x={bogus}", "{bogus}"),
        ("https://h/{TOKEN}", "{TOKEN}"),
        ("https://h/{ token }", "{ token }"),
        ("https://h/{token}?u={user_id}&e={email}", "{user_id}"),
        ("https://{host}/{token}", "{host}"),
        ("{public-url}/{token}", "{public-url}"),
        ("https://h/{token}#{}", "{}"),
        ("https://h/{{token}}", "{"),
        ("https://h/{token}}", "}"),
    ],
)
def test_a_placeholder_that_nobody_fills_in_is_named(text: str, named: str) -> None:
    with pytest.raises(SettingError) as refusal:
        Settings(reset_url=text)
    assert str(refusal.value).endswith(f"; there is no {named}: only {{token}} and {{public_url}} are filled in")


def test_a_part_of_a_password_is_not_named() -> None:
    with pytest.raises(SettingError) as refusal:
        Settings(reset_url="https://me:{geheim}@h/{token}")
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize("sender", SENDERS)
def test_a_sender_that_is_taken_can_be_written_and_said_to_a_mail_server(sender: str) -> None:
    writer = MailWriter(sender=sender, links={Purpose.RESET: "https://a.example/{token}"}, clock=FakeClock())
    message = writer.write_test(EmailAddress("b@example.com", "b@example.com"), "m_1")
    assert message["From"].addresses[0].addr_spec == sender
    assert message.defects == []
    assert quote_address(sender) == f"<{sender}>"


@pytest.mark.parametrize(("text", "name"), NAMED_SENDERS.items())
def test_the_name_of_a_sender_is_what_people_see(text: str, name: str) -> None:
    sender = read_sender(text)
    assert sender == Sender("no-reply@acme.example", name)
    writer = MailWriter(
        sender.address, {Purpose.RESET: "https://a.example/{token}"}, FakeClock(), sender_name=sender.name
    )
    sent = writer.write_test(EmailAddress("b@example.com", "b@example.com"), "m_1").as_bytes()
    (seen,) = BytesParser(policy=default).parsebytes(sent)["From"].addresses
    assert (seen.display_name, seen.addr_spec) == (name, "no-reply@acme.example")
    assert sent.isascii()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("JWT_SECRET", f'"{LONG_SECRET}"'),
        ("JWT_SECRET", f"'{LONG_SECRET}'"),
        ("JWT_SECRET", f"{LONG_SECRET},'{LONG_SECRET}-old'"),
        ("JWT_SECRET", f"`{LONG_SECRET}`"),
        ("MASTER_KEY", f"{LONG_SECRET},'{LONG_SECRET}-old'"),
        ("DATABASE_URL", '"sqlite:///a.db"'),
        ("SMTP_URL", "'smtp://localhost'"),
        ("SMTP_EHLO", '"auth.example.com"'),
        ("MAIL_FROM", '"Acme <a@example.com>"'),
        ("MAIL_TEMPLATES", '"templates"'),
        ("RESET_URL", '"https://a.example/{token}"'),
        ("LOG_LEVEL", "“info”"),
        ("TOKEN_TTL", '"60"'),
    ],
)
def test_a_value_in_quotation_marks_is_told_to_leave_them_out(name: str, text: str) -> None:
    """Files of variables are read by shells, which drop them, and by container engines, which do not."""
    with pytest.raises(SettingError, match=f"LEADNATOR_{name}: .*leave out the quotation marks"):
        Settings.read({f"LEADNATOR_{name}": f" {text}\n"})


def test_a_quotation_mark_within_a_secret_is_part_of_it() -> None:
    secret = f"\"{LONG_SECRET}' !"
    assert value_of("LEADNATOR_JWT_SECRET", secret) == (secret,)


def test_no_secret_is_shown_where_the_settings_are() -> None:
    settings = Settings.read(
        {
            "LEADNATOR_DATABASE_URL": "sqlite:////srv/datenbank-geheim.db",
            "LEADNATOR_JWT_SECRET": f"{LONG_SECRET}-geheim",
            "LEADNATOR_MASTER_KEY": f"{LONG_SECRET}-geheim",
            "LEADNATOR_SMTP_URL": "smtp://user:p-geheim@mail.example.com",
        }
    )
    assert "geheim" not in repr(settings)
    assert "geheim" not in str(settings)
    assert LONG_SECRET not in repr(settings)
    assert "p-geheim" not in repr(settings.smtp_url)


def test_settings_cannot_be_changed_once_they_are_read() -> None:
    settings = Settings.read({})
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        settings.bcrypt_cost = 4  # type: ignore[misc]


def test_templates_of_the_operators_own_are_in_a_folder_that_is_there(tmp_path: Path) -> None:
    assert value_of("LEADNATOR_MAIL_TEMPLATES", str(tmp_path)) == tmp_path
    (tmp_path / "file").touch()
    for name in ("file", "nowhere"):
        with pytest.raises(SettingError, match="folder"):
            Settings.read({"LEADNATOR_MAIL_TEMPLATES": str(tmp_path / name)})


POSTGRESQL = "postgresql://u@h/db"


@pytest.mark.parametrize(
    "name", ["auth", "Auth", "our accounts", "sch\u00e9ma", "x" * 63, "\u00e9" * 31, "a.b;c", "PG_x"]
)
def test_a_schema_is_a_part_of_where_the_database_is(name: str) -> None:
    settings = Settings(database_url=POSTGRESQL, database_schema=name)
    assert isinstance(settings.database, PostgresqlUrl)
    assert settings.database.schema == name
    assert str(settings.database) == POSTGRESQL
    assert Settings(database_url=POSTGRESQL).database == settings.database_url


@pytest.mark.parametrize("name", [text for text in BAD["DATABASE_SCHEMA"] if text != "auth"])
def test_a_schema_that_cannot_be_is_refused_with_postgresql_too(name: str) -> None:
    with pytest.raises(SettingError, match="LEADNATOR_DATABASE_SCHEMA: got"):
        Settings.read({"LEADNATOR_DATABASE_URL": POSTGRESQL, "LEADNATOR_DATABASE_SCHEMA": name})


def test_a_schema_in_sqlite_is_refused_with_what_to_do() -> None:
    with pytest.raises(SettingError, match="the database is SQLite, which has none: unset it"):
        Settings.read({"LEADNATOR_DATABASE_URL": "sqlite:///a.db", "LEADNATOR_DATABASE_SCHEMA": "auth"})
    assert Settings(database_url="sqlite:///a.db").database == Path("a.db")


SPOKEN: list[tuple[str, object, str]] = [
    ("rate_limit", False, "off"),
    ("rate_limit", True, "on"),
    ("new_sign_in_notice", True, "on"),
    ("database_prepared_statements", False, "off"),
    ("bcrypt_cost", 10, "10"),
    ("hash_queue", 0, "0"),
    ("token_ttl", 60, "60"),
    ("limit_login", RateLimit("anything", 5, MINUTE), "5/min"),
    ("limit_change_password", RateLimit("login", 7, timedelta(days=1)), "7/day"),
    ("jwt_secrets", [LONG_SECRET, f"{LONG_SECRET}-old"], f"{LONG_SECRET},{LONG_SECRET}-old"),
    ("jwt_secrets", (LONG_SECRET,), LONG_SECRET),
    ("master_keys", [LONG_SECRET, f"{LONG_SECRET}-old"], f"{LONG_SECRET},{LONG_SECRET}-old"),
    ("webhook_private_targets", True, "on"),
    ("trusted_proxies", ["127.0.0.1", "10.0.0.0/8"], "127.0.0.1,10.0.0.0/8"),
    (
        "passkey_origins",
        ["https://a.example", "android:apk-key-hash:" + "a" * 43],
        "https://a.example,android:apk-key-hash:" + "a" * 43,
    ),
    ("signup", ["@example.com", "@bücher.example"], "@example.com,@bücher.example"),
    ("cors_origins", ("https://a.example",), "https://a.example"),
    ("mail_templates", Path("/"), "/"),
    ("password_blocklist", False, "off"),
    ("session_idle", False, "off"),
    ("password_blocklist", Path(__file__), __file__),
    ("database_url", Path("/srv/a.db"), "sqlite:////srv/a.db"),
    *((AS_ARGUMENTS[f"LEADNATOR_{name}"], text, text) for name, text, _ in GOOD),
]
VARIABLES = {field.name: field.metadata["name"] for field in attrs.fields(Settings)}


def made(**arguments: object) -> Settings:
    return Settings(**arguments)  # type: ignore[arg-type]  # whatever somebody hands over


@pytest.mark.parametrize(("name", "argument", "text"), SPOKEN, ids=ascii)
def test_an_argument_is_what_its_variable_would_be(name: str, argument: object, text: str) -> None:
    assert made(**{name: argument}) == Settings.read({VARIABLES[name]: text})


@pytest.mark.parametrize("name", list(VARIABLES))
def test_a_setting_may_be_handed_over_as_it_is_by_default_or_was_read(name: str) -> None:
    assert made(**{name: getattr(Settings(), name)}) == Settings()
    read = Settings.read({f"LEADNATOR_{variable}": text for variable, text, _ in reversed(GOOD)})
    assert attrs.evolve(Settings(), **{name: getattr(read, name)}) == made(**{name: getattr(read, name)})
    assert getattr(attrs.evolve(read), name) == getattr(read, name)


WRONG: list[tuple[str, object]] = [
    ("rate_limit", 0),
    ("rate_limit", None),
    ("rate_limit", "no"),
    ("limit_login", 10),
    ("limit_login", None),
    ("limit_login", False),
    ("limit_login", (10, 60)),
    ("limit_login", "10"),
    ("limit_login", RateLimit("login", 0, MINUTE)),
    ("limit_login", RateLimit("login", 10, timedelta(0))),
    ("limit_login", RateLimit("login", 1_000_001, MINUTE)),
    ("limit_login", RateLimit("login", "10", MINUTE)),  # type: ignore[arg-type]  # as above
    ("limit_login", RateLimit("login", 10, 60)),  # type: ignore[arg-type]
    ("bcrypt_cost", 99),
    ("bcrypt_cost", 12.0),
    ("bcrypt_cost", True),
    ("bcrypt_cost", None),
    ("bcrypt_cost", b"12"),
    ("token_ttl", timedelta(days=7)),
    ("token_ttl", -1),
    ("session_idle", 59),
    ("session_idle", True),
    ("session_idle", timedelta(hours=1)),
    ("hash_workers", 0),
    ("log_level", 10),
    ("password_blocklist", True),
    ("password_blocklist", None),
    ("password_blocklist", Path("/nowhere/at/all")),
    ("password_blocklist", ["secret"]),
    ("signup", True),
    ("signup", None),
    ("signup", ["example.com"]),
    ("signup", {"@example.com"}),
    ("log_level", RateLimit("login", 10, MINUTE)),
    ("public_url", 5),
    ("smtp_ehlo", True),
    ("mail_templates", True),
    ("mail_templates", Path("/nowhere/at/all")),
    ("passkey_origins", ["https://a.example/"]),
    ("passkey_origins", ["android:apk-key-hash:short"]),
    ("cors_origins", {"https://a.example"}),
    ("cors_origins", [5]),
    ("cors_origins", [""]),
    ("cors_origins", ["https://a.example,https://b.example"]),
    ("cors_origins", ["https://a.example/"]),
    ("trusted_proxies", ("*",)),
    ("jwt_secrets", ["geheim"]),
    ("jwt_secrets", LONG_SECRET.encode()),
    ("jwt_secrets", [LONG_SECRET.encode()]),
    ("jwt_secrets", [f"geheim,{LONG_SECRET}"]),
    ("jwt_secrets", 4711),
    ("master_keys", ["geheim"]),
    ("master_keys", LONG_SECRET.encode()),
    ("webhook_private_targets", None),
    ("database_url", None),
    ("database_url", 4711),
    ("database_url", Path(":memory:")),
    ("smtp_url", {"password": "geheim"}),
    ("smtp_url", 4711),
]


@pytest.mark.parametrize(("name", "argument"), WRONG, ids=ascii)
def test_an_argument_that_is_wrong_is_named_with_what_it_takes(name: str, argument: object) -> None:
    with pytest.raises(ValueError, match="takes") as refusal:  # as for any argument
        made(**{name: argument})
    message = str(refusal.value)
    assert message.startswith(VARIABLES[name])
    assert isinstance(argument, str | int | list | tuple | Path) or f"argument `{name}`" in message
    assert ", takes " in message
    assert message.isprintable()
    assert not any(secret in message for secret in ("geheim", LONG_SECRET, "4711"))


def test_rate_limits_that_are_off_are_off() -> None:
    for off in (False, "off", "OFF"):
        assert policy_of(made(rate_limit=off)).limits == Limits.none()
    assert policy_of(made(limit_login="5/min")).limits.log_in == RateLimit("login", 5, MINUTE)


def test_sign_up_is_for_those_that_are_named() -> None:
    assert policy_of(Settings()).sign_up == SignUpPolicy()
    assert policy_of(made(signup="@a.example,@b.example")).sign_up == SignUpPolicy(
        frozenset({"a.example", "b.example"})
    )
    nobodies: tuple[object, ...] = ("closed", [])
    for nobody in nobodies:
        assert policy_of(made(signup=nobody)).sign_up == SignUpPolicy(frozenset())


def test_an_argument_that_is_none_of_ours_is_named() -> None:
    with pytest.raises(TypeError, match="ratelimit"):
        made(ratelimit=False)
