"""The notice of a new log-in: what it says, and that nothing in it is what a client chose to say."""

import sys
from datetime import UTC, datetime

import pytest

from leadnator_auth.adapters.mail import MailWriter
from leadnator_auth.adapters.mail.writing import described
from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.domain import Client, EmailAddress, MailKind, NoticeMail
from tests.e2e.mails import text_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
KNOWN = {
    FIREFOX: ("Firefox", "Linux"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": (
        "Chrome",
        "Windows",
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1": ("Mobile Safari", "iOS"),
    "curl/8.0": ("curl", ""),
}
HOSTILE = [
    "",
    "visit http://evil.example now",
    "evil.example/1.0",
    "Call-0800-123456Bot/1.0",
    "Bot<script>alert(1)</script>/1.0",
    "alice@example.com/2",
    "\u202eMozilla/5.0",
    "x" * 256,
]


def written(client: Client, language: str = "en") -> str:
    """Returns the mail as people read it, in text and in HTML."""
    alice = EmailAddress("alice@example.com", "alice@example.com")
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    writer = MailWriter("no-reply@example.com", {}, FakeClock(), language, app_name="Acme")
    message = writer.write(NoticeMail("m_1", MailKind.NEW_SIGN_IN, alice, at, client))
    html = message.get_body(("html",))
    assert html is not None
    return f"{message['Subject']}\n{text_of(message)}\n{html.get_content()}"


@pytest.mark.parametrize(("user_agent", "words"), KNOWN.items(), ids=[words[0] for words in KNOWN.values()])
def test_an_agent_is_told_in_words(user_agent: str, words: tuple[str, str]) -> None:
    assert described(user_agent) == words


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "en",
            [
                "New sign-in",
                "at Acme on 2026-01-02 03:04 UTC, with Firefox on Linux, from the network address 192.0.2.",
            ],
        ),
        ("de", ["Neue Anmeldung", "Am 2026-01-02 03:04 UTC", "Firefox unter Linux, von der Netzwerkadresse 192.0.2."]),
    ],
)
def test_it_says_when_with_what_and_from_where(language: str, says: list[str]) -> None:
    mail = written(Client("192.0.2.1", FIREFOX), language)
    assert all(mail.count(each) >= 2 for each in says), "in text and in HTML"
    assert "http" not in mail


@pytest.mark.parametrize("user_agent", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    ("language", "unknown"), [("en", "a program that is not known"), ("de", "ein unbekanntes Pro")]
)
def test_what_a_client_chose_to_say_is_in_no_mail(user_agent: str, language: str, unknown: str) -> None:
    mail = written(Client("visit evil.example", user_agent), language)
    assert mail.count(unknown) == 2
    assert not any(word in mail for word in ("evil", "0800", "script", "xxx"))
    assert ("network address" in mail) is ("Netzwerkadresse" in mail) is False


def test_without_the_library_it_says_that_the_program_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ua_parser", None)
    assert described(FIREFOX) == ("", "")
    assert "a program that is not known, from the network address 192.0.2.1." in written(Client("192.0.2.1", FIREFOX))


def test_the_library_is_loaded_for_no_other_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ua_parser", raising=False)
    writer = MailWriter("no-reply@example.com", {}, FakeClock())
    alice = EmailAddress("alice@example.com", "alice@example.com")
    writer.write(NoticeMail("m_1", MailKind.PASSWORD_CHANGED, alice, datetime(2026, 1, 2, tzinfo=UTC)))
    assert "ua_parser" not in sys.modules
