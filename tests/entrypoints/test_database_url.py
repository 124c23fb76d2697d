"""The URL of a database: read in one way, and shown without what is secret in it."""

from pathlib import Path
from urllib.parse import quote

import pytest

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
        ("postgresql://u:p@h/db?user=v&password=q", [("h", None)], "u", "p", "db"),
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
    text = (
        "postgresql:///db?port=7&application_name=x&options=-c%20a%3Db&sslrootcert=/c%26a&sslpassword=s%25t&service=s"
    )
    way = way_to(postgresql(text))
    assert (way["host"], way["port"], way["password"]) == (None, 7, None)
    assert way["server_settings"] == {"application_name": "x", "options": "-c a=b"}
    assert way["dsn"] == "postgresql://?sslrootcert=%2Fc%26a&sslpassword=s%25t&service=s"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://auth@db/auth", "postgresql://auth@db/auth"),
        (f"postgresql://auth:{ENCODED}@db:5432/auth", "postgresql://auth:***@db:5432/auth"),
        (f"postgres://a%40b:{ENCODED}@[::1]/auth?sslmode=require", "postgresql://a%40b:***@[::1]/auth?sslmode=require"),
        (f"postgresql://:{ENCODED}@db/auth", "postgresql://:***@db/auth"),
        (f"postgresql://u:{ENCODED}@a:1,b:2/auth?host=/run", "postgresql://u:***@a:1,b:2/auth"),
        (f"postgresql:///auth?host=/run&user=u&password={ENCODED}", "postgresql://u:***@/run/auth"),
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
        ("postgresql://h/db?connect_timeout=geheim", "connect_timeout is not supported"),
        ("postgresql://h/db?geheim=geheim", "is none that PostgreSQL's URLs have"),
        ("postgresql://h/db?sslmode=geheim", "sslmode takes disable, allow"),
        ("postgresql://h/db?password=geheim&password=heim", "twice"),
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
