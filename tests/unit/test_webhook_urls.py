"""Which URLs a webhook may have."""

import pytest

from leadnator_auth.domain import BadFieldError
from leadnator_auth.domain.values.webhook_url import MAX_URL_LENGTH, parse_webhook_url

GOOD = [
    "https://hooks.example.com",
    "https://hooks.example.com/",
    "https://hooks.example.com:8443/a/b;c=1/%20?x=1&y[]=é".replace("é", "%C3%A9"),
    "https://hooks.example.com?token=abc",
    "HTTPS://Hooks.Example.COM/In",
    "https://localhost/in",
    "https://under_score.example/in",
    "https://example.com./in",
    "https://192.0.2.1:1/in",
    "https://[2001:db8::1]:65535/in",
    "https://[::ffff:192.0.2.1]/in",
    "https://xn--mnchen-3ya.example/in",
    "https://hooks.example.com/@alice/?a=@b:c",
    "https://hooks.example.com/" + "a" * (MAX_URL_LENGTH - 26),
]
INSECURE = [
    "http://hooks.example.com/in",
    "HTTP://hooks.example.com/in",
    "hooks.example.com/in",
    "//hooks.example.com/in",
    "ftp://hooks.example.com/in",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "wss://hooks.example.com/in",
    "https:hooks.example.com",
    "https:/hooks.example.com",
    "ht\ttps://hooks.example.com",
    "x",
]
INVALID = [
    "https://",
    "https:///in",
    "https://?x",
    "https://:443/",
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://@hooks.example.com/",
    "https://good.example\\@evil.example/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com#",
    "https://hooks.example.com/a?b#c",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:/",
    "https://hooks.example.com:80x/",
    "https://hooks.example.com:٤٤٣/",
    "https://hooks..example.com/",
    "https://.example.com/",
    "https://-hooks.example.com/",
    "https://hooks-.example.com/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 130}example/",
    "https://*.example.com/",
    "https://hooks.example.com%2f@evil.example/",
    "https://hooks%2eexample.com/",
    "https://münchen.example/",
    "https://hooks.example.com/ü",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/a\nb",
    "https://hooks.example.com/a\tb",
    "https://hooks.example.com\r\nHost: evil.example/",
    "https://hooks.example.com/%",
    "https://hooks.example.com/%4",
    "https://hooks.example.com/%zz",
    "https://hooks.example.com/a\\b",
    'https://hooks.example.com/"',
    "https://hooks.example.com/<a>",
    "https://[::1/",
    "https://::1/",
    "https://[::1]x/",
    "https://[fe80::1%25eth0]/",
    "https://[1.2.3.4]/",
    "https://[]/",
    "https://[:::]/",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_url_is_kept_as_it_was_typed(url: str) -> None:
    assert parse_webhook_url(url) == url
    assert parse_webhook_url(f" {url}\r\n") == url


@pytest.mark.parametrize("url", INSECURE)
def test_only_https_is_taken(url: str) -> None:
    with pytest.raises(BadFieldError, match="https://") as refusal:
        parse_webhook_url(url)
    assert refusal.value.code == "insecure_url"


@pytest.mark.parametrize("url", INVALID)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused(url: str) -> None:
    for allow_http in (False, True):
        with pytest.raises(BadFieldError) as refusal:
            parse_webhook_url(url.replace("https", "http", 1) if allow_http else url, allow_http=allow_http)
        assert refusal.value.code == "invalid_url"


@pytest.mark.parametrize("url", ["", " ", "\r\n"])
def test_a_blank_url_is_missing(url: str) -> None:
    with pytest.raises(BadFieldError) as refusal:
        parse_webhook_url(url)
    assert refusal.value.code == "missing"


def test_a_url_has_an_end() -> None:
    with pytest.raises(BadFieldError, match="2,048") as refusal:
        parse_webhook_url("https://hooks.example.com/" + "a" * (MAX_URL_LENGTH - 25))
    assert refusal.value.code == "too_long"


def test_http_is_taken_where_private_targets_are_and_nothing_else_besides() -> None:
    assert parse_webhook_url("http://127.0.0.1:8000/in", allow_http=True) == "http://127.0.0.1:8000/in"
    assert parse_webhook_url("https://127.0.0.1:8000/in", allow_http=True) == "https://127.0.0.1:8000/in"
    for url in INSECURE[2:]:
        with pytest.raises(BadFieldError) as refusal:
            parse_webhook_url(url, allow_http=True)
        assert refusal.value.code == "insecure_url"
