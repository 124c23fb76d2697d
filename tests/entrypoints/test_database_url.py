"""The URL of a database: read in one way, and shown without what is secret in it."""

import getpass
import re
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from leadnator_auth.adapters.sql import AddressError, SchemaError, migrate
from leadnator_auth.adapters.sql.postgresql import connect_seconds
from leadnator_auth.adapters.sql.postgresql_address import message_of, way_to
from leadnator_auth.entrypoints.settings.database_url import PostgresqlUrl, read_database_url
from leadnator_auth.entrypoints.settings.masking import shown_database_url
from leadnator_auth.entrypoints.settings.url_parts import Host, UrlError

PASSWORD = "g:h@e/i?m#1[2]3&4 %+é=\\'\""
ENCODED = quote(PASSWORD, safe="")


def postgresql(text: str) -> PostgresqlUrl:
    url = read_database_url(text)
    assert isinstance(url, PostgresqlUrl)
    return url


@pytest.mark.parametrize(
    ("text", "hosts", "user", "password", "database"),
    [
        ("postgresql://u:p@h/db", [("h", None)], "u", "p", "db"),
        ("postgres://u@h:5433/db", [("h", 5433)], "u", None, "db"),
        ("PostgreSQL://h/db", [("h", None)], None, None, "db"),
        ("postgresql:///db", [], None, None, "db"),
        ("postgresql://u@/db", [], "u", None, "db"),
        ("postgresql://:p@h/db", [("h", None)], None, "p", "db"),
        ("postgresql://u:@h/db", [("h", None)], "u", "", "db"),
        ("postgresql://u:a:b@h/db", [("h", None)], "u", "a:b", "db"),
        (f"postgresql://u%40v:{ENCODED}@h/d%2Fb%40", [("h", None)], "u@v", PASSWORD, "d/b@"),
        ("postgresql://u:p@[::1]:5433/db", [("::1", 5433)], "u", "p", "db"),
        ("postgresql://u:p@a:1,b,[fe80::1]:3/db", [("a", 1), ("b", None), ("fe80::1", 3)], "u", "p", "db"),
        ("postgresql://u@%2Frun%2Fpostgresql/db", [("/run/postgresql", None)], "u", None, "db"),
        ("postgresql:///db?host=/run/a%20b&port=5433", [("/run/a b", 5433)], None, None, "db"),
        ("postgresql:///db?host=a,b&port=1,2", [("a", 1), ("b", 2)], None, None, "db"),
        ("postgresql:///db?host=a:7,b&port=2", [("a", 7), ("b", 2)], None, None, "db"),
        ("postgresql://h/db?port=7", [("h", 7)], None, None, "db"),
        (f"postgresql://h/db?user=u&password={ENCODED}", [("h", None)], "u", PASSWORD, "db"),
        ("postgresql://u@bücher.example/db", [("bücher.example", None)], "u", None, "db"),
        ("postgresql://u@db.internal./db", [("db.internal.", None)], "u", None, "db"),
        ("postgresql://u@my_db-1/db", [("my_db-1", None)], "u", None, "db"),
    ],
)
def test_each_part_of_a_postgresql_url_is_where_libpq_has_it(
    text: str, hosts: list[tuple[str, int | None]], user: str | None, password: str | None, database: str
) -> None:
    url = postgresql(text)
    assert [(host.name, host.port) for host in url.hosts] == hosts
    assert (url.user, url.password, url.database) == (user, password, database)
    assert url.parameters == {}


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("sqlite:///auth.db", "auth.db"),
        ("sqlite:////srv/auth@prod/100%.db", "/srv/auth@prod/100%.db"),
        ("sqlite:////srv/c#/a#1.db", "/srv/c#/a#1.db"),
        ("sqlite:///a%20b%3Fc%3Ad%40e.db", "a b?c:d@e.db"),
        ("sqlite:///[a] b.db", "[a] b.db"),
        ("sqlite:///a;b=c&d.db", "a;b=c&d.db"),
        ("sqlite:///a%23b%3Bc%2525.db", "a#b;c%25.db"),
        ("sqlite:///50%.db", "50%.db"),
        ("sqlite:///a+b.db", "a+b.db"),
        (
            "sqlite:////srv/b\u00fccher/\u0434\u0430\u043d\u043d\u044b\u0435 1.db",
            "/srv/b\u00fccher/\u0434\u0430\u043d\u043d\u044b\u0435 1.db",
        ),
        ("sqlite:////srv/b%C3%BCcher.db", "/srv/b\u00fccher.db"),
        ("sqlite:///..\\x.db", "..\\x.db"),
        ("sqlite:///~/x.db", "~/x.db"),
        ("sqlite:///'x'.db", "'x'.db"),
    ],
)
def test_a_file_is_the_path_that_was_given(text: str, file: str) -> None:
    url = read_database_url(text)
    assert url == Path(file)
    assert read_database_url(shown_database_url(url)) == url


def test_the_driver_is_handed_parts_and_no_url() -> None:
    way = way_to(
        postgresql(f"postgresql://u:{ENCODED}@a:1,b/db?sslmode=require&target_session_attrs=primary&passfile=/p")
    )
    assert way["dsn"] is None
    assert (way["host"], way["port"]) == (["a", "b"], [1, 5432])
    assert (way["user"], way["password"], way["database"]) == ("u", PASSWORD, "db")
    assert (way["ssl"], way["target_session_attrs"], way["passfile"]) == ("require", "primary", "/p")
    assert way["server_settings"] == {"application_name": "leadnator-auth"}


def test_the_driver_honours_what_it_takes_in_no_other_way() -> None:
    text = "postgresql:///db?port=7&application_name=x&options=-c%20a%3Db&sslrootcert=/c%26a&sslpassword=s%25t"
    way = way_to(postgresql(text))
    assert (way["host"], way["port"], way["password"]) == (None, 7, None)
    assert way["server_settings"] == {"application_name": "x", "options": "-c a=b"}
    assert way["dsn"] == "postgresql://?sslrootcert=%2Fc%26a&sslpassword=s%25t"


def test_a_service_is_one_that_there_is(tmp_path: Path) -> None:
    file = tmp_path / "services"
    file.write_text("[ours]\nhost=db.example.com\nuser=auth\npassword=100%\n")
    text = f"postgresql:///db?servicefile={file}&service="
    way = way_to(postgresql(text + "ours"))
    assert (way["service"], way["servicefile"], way["user"], way["dsn"]) == ("ours", str(file), None, None)
    with pytest.raises(AddressError, match="its service is not in"):
        way_to(postgresql(text + "theirs"))
    file.write_text("password=geheim\n")
    with pytest.raises(AddressError, match="cannot be read") as refusal:
        way_to(postgresql(text + "ours"))
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("", 3), ("?connect_timeout=10", 10), ("?connect_timeout=1", 1), ("?connect_timeout=0", None)],
)
def test_a_connection_may_take_as_long_as_is_said(query: str, seconds: float | None) -> None:
    url = postgresql(f"postgresql://u@h/db{query}")
    assert connect_seconds(url) == seconds
    assert "connect_timeout" not in str(way_to(url))


def test_an_application_has_the_name_that_is_given_or_the_one_to_fall_back_on() -> None:
    for query, name in (
        ("fallback_application_name=a", "a"),
        ("application_name=b", "b"),
        ("fallback_application_name=a&application_name=b", "b"),
    ):
        assert way_to(postgresql(f"postgresql://u@h/db?{query}"))["server_settings"] == {"application_name": name}


def test_the_authorities_of_the_system_check_the_host(tmp_path: Path) -> None:
    authority = trustme.CA()
    ours = authority.issue_cert("auth.test")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    text = f"postgresql://u@h/db?sslrootcert=system&sslcert={tmp_path}/cert.pem&ssl_min_protocol_version=TLSv1.3"
    way = way_to(postgresql(f"{text}&sslmode=verify-full&sslnegotiation=direct"))
    context = way["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert way["dsn"] == "postgresql://?sslnegotiation=direct"
    assert way_to(postgresql("postgresql://u@h/db?sslrootcert=system"))["ssl"].check_hostname
    with pytest.raises(OSError, match="No such file"):
        way_to(postgresql("postgresql://u@h/db?sslrootcert=system&sslcert=/nowhere/cert.pem"))


@pytest.mark.parametrize(
    ("query", "unread"),
    [
        ("sslmode=verify-full&sslrootcert={0}/nowhere.pem", "sslrootcert"),
        ("sslmode=require&sslcert={0}/nowhere.pem&sslkey={0}/nowhere.key", "sslcert, sslkey"),
        ("sslmode=verify-ca&sslrootcert={0}", "sslrootcert"),
        ("sslrootcert=system&sslcrl={0}/nowhere.crl", "sslcrl"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_by_its_parameter(tmp_path: Path, query: str, unread: str) -> None:
    with pytest.raises(SchemaError) as refused:
        migrate(postgresql(f"postgresql://u@127.0.0.1:1/db?{query.format(tmp_path)}"))
    assert str(refused.value).startswith("cannot open the database 127.0.0.1:1/db: ")
    assert str(refused.value).endswith(f"(cannot be read: the file of {unread})")


def test_other_errors_blame_no_file() -> None:
    with pytest.raises(SchemaError) as refused:
        migrate(postgresql("postgresql://u@127.0.0.1:1/db?sslrootcert=system"))
    assert "cannot be read" not in str(refused.value)


ALL_OF_LIBPQ = {  # PostgreSQL 18, section 32.1.2, each with a value that its documentation names
    "host": "h",
    "hostaddr": "127.0.0.1",
    "port": "5432",
    "dbname": "db",
    "user": "u",
    "password": "p",
    "passfile": "/p",
    "require_auth": "scram-sha-256",
    "channel_binding": "require",
    "connect_timeout": "10",
    "client_encoding": "auto",
    "options": "-c%20geqo%3Doff",
    "application_name": "a",
    "fallback_application_name": "a",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "1000",
    "replication": "database",
    "gssencmode": "require",
    "sslmode": "verify-full",
    "requiressl": "1",
    "sslnegotiation": "direct",
    "sslcompression": "1",
    "sslcert": "/c",
    "sslkey": "/k",
    "sslkeylogfile": "/l",
    "sslpassword": "s",
    "sslcertmode": "require",
    "sslrootcert": "system",
    "sslcrl": "/r",
    "sslcrldir": "/r",
    "sslsni": "0",
    "requirepeer": "postgres",
    "ssl_min_protocol_version": "TLSv1.2",
    "ssl_max_protocol_version": "TLSv1.3",
    "min_protocol_version": "3.2",
    "max_protocol_version": "3.0",
    "krbsrvname": "postgres",
    "gsslib": "gssapi",
    "gssdelegation": "1",
    "scram_client_key": "a",
    "scram_server_key": "a",
    "service": "s",
    "servicefile": "/s",
    "target_session_attrs": "read-write",
    "load_balance_hosts": "random",
    "oauth_issuer": "https:",
    "oauth_client_id": "a",
    "oauth_client_secret": "a",
    "oauth_scope": "a",
}


@pytest.mark.parametrize(("name", "value"), ALL_OF_LIBPQ.items())
def test_what_libpq_has_is_honoured_or_refused_by_its_name_with_the_reason(name: str, value: str) -> None:
    refusal = ""
    before = {"host": "u@/db", "user": "h/db", "dbname": "u@h/"}.get(name, "u@h/db")
    try:
        postgresql(f"postgresql://{before}?{name}={value}")
    except UrlError as error:
        refusal = str(error)
    assert re.fullmatch(rf"(its parameter {name} is not supported( but for [\w .-]+)?: .+)?", refusal)


@pytest.mark.parametrize(
    "pair",
    [
        "channel_binding=prefer",
        "channel_binding=disable",
        "gssencmode=prefer",
        "gssencmode=disable",
        "sslsni=1",
        "sslcompression=0",
        "keepalives=0",
        "load_balance_hosts=disable",
        "replication=false",
        "client_encoding=UTF8",
        "max_protocol_version=latest",
        "requiressl=0",
    ],
)
def test_what_asks_for_what_happens_anyway_is_taken(pair: str) -> None:
    assert postgresql(f"postgresql://u@h/db?{pair}").parameters == {}


def test_ssl_is_true_as_jdbc_has_it() -> None:
    assert postgresql("postgresql://u@h/db?ssl=true").parameters == {"sslmode": "require"}


def test_the_database_may_be_a_parameter() -> None:
    for text in ("postgresql://u@h?dbname=x", "postgresql://u@h/?dbname=x", "postgresql:///?host=h&database=x"):
        assert postgresql(text).database == "x"


def test_who_has_no_name_is_told_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.delenv("PGUSER", raising=False)
    url = postgresql("postgresql://h/db")
    with pytest.raises(AddressError, match="postgresql://USER@"):
        way_to(url)
    with pytest.raises(SchemaError, match="cannot open the database h/db: it names no user"):
        migrate(url)
    monkeypatch.setenv("PGUSER", "auth")
    assert way_to(url)["user"] is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://auth@db/auth", "postgresql://auth@db/auth"),
        (f"postgresql://auth:{ENCODED}@db:5432/auth", "postgresql://auth:***@db:5432/auth"),
        (f"postgres://a%40b:{ENCODED}@[::1]/auth?sslmode=require", "postgresql://a%40b:***@[::1]/auth?sslmode=require"),
        (f"postgresql://:{ENCODED}@db/auth", "postgresql://:***@db/auth"),
        (f"postgresql:///auth?host=/run&user=u&password={ENCODED}", "postgresql://u:***@%2Frun/auth"),
        (
            f"postgresql:///auth?sslpassword={ENCODED}&options={ENCODED}",
            "postgresql:///auth?sslpassword=***&options=***",
        ),
        ("sqlite:////var/lib/auth.db", "sqlite:////var/lib/auth.db"),
    ],
)
def test_what_is_secret_is_not_shown(text: str, shown: str) -> None:
    url = read_database_url(text)
    assert shown_database_url(url) == shown
    for part in (PASSWORD, ENCODED):
        assert part not in repr(url)


def test_no_secret_is_in_what_the_server_says() -> None:
    secrets = postgresql("postgresql://u:geheim-1@h/db?options=geheim-22&sslpassword=abc").secrets
    assert secrets == {"geheim-1", "geheim-22", "abc"}
    error = OSError('invalid argument "geheim-22" of geheim-1 (abc)')
    assert message_of(error, secrets) == 'invalid argument "***" of *** (abc)'
    assert "geheim" not in message_of(ValueError("geheim"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("postgresql://h/db?connect_timeout=geheim", "connect_timeout takes a number of seconds"),
        ("postgresql://h/db?channel_binding=geheim", "channel_binding is not supported but for disable and prefer"),
        ("postgresql://h/db?conect_timeout=geheim", "did you mean connect_timeout?"),
        ("postgresql://h/db?SSLMODE=geheim", "did you mean sslmode?"),
        ("postgresql://h/db?schema=geheim", "LEADNATOR_DATABASE_SCHEMA"),
        ("postgresql://h/db?pgbouncer=geheim", "LEADNATOR_DATABASE_PREPARED_STATEMENTS"),
        ("postgresql://h/db?ssl=geheim", "sslmode=require"),
        ("postgresql://h/db?sslrootcert=system&sslmode=require", "takes sslmode=verify-full"),
        ("postgresql+asyncpg://u:geheim@h/db", "write postgresql://\u2026 in place of postgresql+asyncpg://"),
        ("postgres+psycopg2://u:geheim@h/db", "in place of postgres+psycopg2://"),
        ("postgresql+geheim://u@h/db", "in place of postgresql+DRIVER://"),
        ("jdbc:postgresql://h/db?user=u&password=geheim", "in place of jdbc:"),
        ("mysql://u:geheim@h/db", "mysql is not supported"),
        ("sqlite+aiosqlite:///geheim.db", "three slashes"),
        ("sqlite://geheim.db", "three slashes"),
        ("sqlite:geheim.db", "three slashes"),
        ("sqlite:///geheim.db?mode=ro", "%3F"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///geh%FF.db", "no UTF-8"),
        ("sqlite:///geh\udcff.db", "no UTF-8"),
        ("sqlite:///geh%00.db", "U+0000"),
        ("sqlite:///", "no file"),
        ("sqlite:////", "no file"),
        ("sqlite:///.", "no file"),
        ("postgresql://h/db?geheim=geheim", "is none that PostgreSQL's URLs have"),
        ("postgresql://h/db?sslmode=geheim", "sslmode takes disable, allow"),
        ("postgresql://h/db?password=geheim&password=heim", "twice"),
        ("postgresql://u@h/geheim?dbname=other", "parameter dbname says"),
        ("postgresql://u@h/geheim?database=other", "parameter database says"),
        ("postgresql://geheim@h/db?user=other", "parameter user says"),
        ("postgresql://u:geheim@h/db?password=other", "parameter password says"),
        ("postgresql://u:geheim@h/db?host=/run", "parameter host says"),
        ("postgresql://u:geheim@h:1/db?port=1", "parameter port says"),
        ("postgresql://u:geheim@h", "names no database"),
        ("postgresql://u:geheim@a,b/db?port=1,2,3", "as many ports as hosts"),
        ("postgresql://u:geh@eim@h/db", "@ as %40"),
        ("postgresql://u:geheim%ff@h/db", "no UTF-8"),
        ("postgresql://u:geheim%00@h/db", "U+0000"),
        ("'postgresql://u:geheim@h/db'", "quotation marks"),
        ("sqlite:///u:geheim@h/db", "no user and no password"),
    ],
)
def test_a_refusal_says_what_is_wrong_without_a_word_of_the_url(text: str, reason: str) -> None:
    with pytest.raises(UrlError) as refusal:
        read_database_url(text)
    assert reason in str(refusal.value)
    assert "geh" not in str(refusal.value)


def test_a_host_is_written_as_in_a_url() -> None:
    assert [str(host) for host in (Host("a", None), Host("a", 1), Host("::1", 1), Host("/run:1", None))] == [
        "a",
        "a:1",
        "[::1]:1",
        "/run:1",
    ]
