"""The origins that may be named: each that a browser sends, and none that it never would."""

import pytest

from leadnator_auth.entrypoints.settings.errors import SettingError
from leadnator_auth.entrypoints.settings.origins import read_origins
from leadnator_auth.entrypoints.settings.settings import Settings
from leadnator_auth.entrypoints.settings.url_parts import UrlError

SENT = [
    "https://app.example.com",
    "https://app.example.com:8443",
    "https://example.com:80",
    "https://example.com.",
    "http://my_host:3000",
    "http://localhost",
    "http://localhost:5173",
    "http://127.0.0.1:8080",
    "http://[::1]:3000",
    "http://[2001:db8::1]",
    "http://[::ffff:102:304]",
    "http://[1:0:0:2::1]",
    "https://xn--bcher-kva.example",
    "https://tauri.localhost",
    "capacitor://localhost",
    "capacitor-electron://-",
    "ionic://localhost",
    "tauri://localhost",
    "tauri://localhost:1420",
    "app://.",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://3a7e8d60-93a4-4f0a-8b1e-2f1f2c6d7e80",
    "vscode-webview://1a2b",
    "web+notes://x",
]
SPELLED_OTHERWISE = {
    "https://app.example.com/": "https://app.example.com",
    "https://app.example.com/app/": "https://app.example.com",
    "https://app.example.com?a=b": "https://app.example.com",
    "https://app.example.com#a": "https://app.example.com",
    "https://app.example.com:443": "https://app.example.com",
    "http://app.example.com:80": "http://app.example.com",
    "http://app.example.com:08080": "http://app.example.com:8080",
    "HTTPS://app.example.com": "https://app.example.com",
    "https://App.Example.Com:8443/": "https://app.example.com:8443",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "https://%61pp.example.com": "https://app.example.com",
    "http://[::1]/": "http://[::1]",
    "http://[0:0:0:0:0:0:0:1]:3000": "http://[::1]:3000",
    "http://[2001:DB8:0:0:1:0:0:0]": "http://[2001:db8:0:0:1::]",
    "http://[::ffff:1.2.3.4]": "http://[::ffff:102:304]",
    "Capacitor://localhost": "capacitor://localhost",
    "tauri://localhost/": "tauri://localhost",
    "chrome-extension://ABCD": "chrome-extension://abcd",
}
NEVER_SENT = {
    "https://*.example.com": "name each origin in full",
    "*": "name each origin in full",
    "https://app.example.com:*": "name each origin in full",
    "null": "sandboxed frame",
    "Null": "sandboxed frame",
    "file://": "every local file",
    "file:///srv/app/index.html": "every local file",
    "data://x": "no page has an origin of data:",
    "ws://app.example.com": "no page has an origin of ws:",
    "wss://app.example.com": "no page has an origin of wss:",
    "ftp://app.example.com": "no page has an origin of ftp:",
    "javascript:alert(1)": "begins with its scheme",
    "app.example.com": "begins with its scheme",
    "localhost:3000": "begins with its scheme",
    "//app.example.com": "begins with its scheme",
    "capacitor:localhost": "begins with its scheme",
    "": "begins with its scheme",
    "'https://app.example.com'": "quotation marks",
    "capacitor://": "one host",
    "https://": "one host",
    "https:///var/run": "one host",
    "https://me@app.example.com": "user name",
    "https://me:secret@app.example.com": "user name",
    "tauri://me@localhost": "user name",
    "https://straße.example": "in ASCII",
    "http://127.1": "IPv4",
    "http://0x7f.0.0.1": "IPv4",
    "http://2130706433": "IPv4",
    "http://192.168.001.1": "IPv4",
    "http://app.0": "IPv4",
    "http://[::1": "%5B",
    "http://a..b": "host",
    "http://a b": "",
    "http://a:0": "port",
    "http://a:99999": "port",
    "https://a.example;https://b.example": "",
}


@pytest.mark.parametrize("origin", SENT)
def test_what_a_browser_sends_is_taken(origin: str) -> None:
    assert read_origins(origin) == (origin,)


@pytest.mark.parametrize(("text", "sent"), SPELLED_OTHERWISE.items())
def test_what_is_spelled_otherwise_is_refused_with_the_form_to_write(text: str, sent: str) -> None:
    with pytest.raises(UrlError, match="write") as refusal:
        read_origins(text)
    assert str(refusal.value).endswith(f"write {sent}")
    assert read_origins(sent) == (sent,)


@pytest.mark.parametrize(("text", "reason"), NEVER_SENT.items())
def test_what_no_browser_sends_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(UrlError) as refusal:
        read_origins(text)
    assert reason in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["https://a.example,", ",https://a.example", "https://a.example,,https://b.example"])
def test_each_of_several_is_looked_at(text: str) -> None:
    with pytest.raises(UrlError):
        read_origins(text)
    assert read_origins("https://a.example , capacitor://localhost") == ("https://a.example", "capacitor://localhost")


def test_the_line_names_the_variable_the_value_and_the_form_to_write() -> None:
    with pytest.raises(SettingError) as refusal:
        Settings.read({"LEADNATOR_CORS_ORIGINS": "https://app.example.com/"})
    line = str(refusal.value)
    assert line.startswith("LEADNATOR_CORS_ORIGINS: got 'https://app.example.com/', takes ")
    assert line.endswith("write https://app.example.com")
    with pytest.raises(SettingError) as refusal:
        Settings.read({"LEADNATOR_CORS_ORIGINS": "https://me:hunter2@app.example.com"})
    assert "hunter2" not in str(refusal.value)
