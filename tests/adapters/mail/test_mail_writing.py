"""Templates: ours, and those that an operator puts in their place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadnator_auth.adapters.mail import MailWriter
from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.domain import EmailAddress, MailKind, NoticeMail, Purpose, SecretMail, UnavailableError
from tests.e2e.mails import text_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = EmailAddress("alice@example.com", "alice@example.com")
NOTICE = NoticeMail("m_1", MailKind.PASSWORD_CHANGED, ALICE, at=NOW)


def writer(own_templates: Path | None = None, language: str = "en") -> MailWriter:
    links = {Purpose.RESET: "https://example.com/?token={token}"}
    return MailWriter("no-reply@example.com", links, FakeClock(), language, own_templates)


def put(folder: Path, content: str, name: str = "password_changed.txt") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)


def test_words_for_a_language_go_before_words_for_all_and_those_before_ours(tmp_path: Path) -> None:
    ours = text_of(writer(tmp_path, "de").write(NOTICE))
    assert "Passwort" in ours
    put(tmp_path, "For all.")
    assert text_of(writer(tmp_path, "de").write(NOTICE)).strip() == "For all."
    put(tmp_path / "de", "Auf Deutsch.")
    assert text_of(writer(tmp_path, "de").write(NOTICE)).strip() == "Auf Deutsch."
    assert text_of(writer(tmp_path, "en").write(NOTICE)).strip() == "For all."


@pytest.mark.parametrize("broken", ["{{ chnaged_at }}", "{% if %}", "{{ changed_at.nothing.at_all }}"])
def test_a_mail_waits_while_a_template_is_broken(tmp_path: Path, broken: str) -> None:
    put(tmp_path, broken)
    with pytest.raises(UnavailableError, match="template"):
        writer(tmp_path).write(NOTICE)
    put(tmp_path, "Mended.")
    assert text_of(writer(tmp_path).write(NOTICE)).strip() == "Mended."


def test_a_subject_on_several_lines_is_one_line(tmp_path: Path) -> None:
    put(tmp_path, "Your password\n  was changed\n", "password_changed.subject.txt")
    assert writer(tmp_path).write(NOTICE)["Subject"] == "Your password was changed"


@pytest.mark.parametrize(("lifetime", "minutes"), [(timedelta(hours=1), 60), (timedelta(seconds=119), 1)])
def test_the_time_a_link_has_is_told_in_whole_minutes(lifetime: timedelta, minutes: int) -> None:
    mail = SecretMail("m_1", MailKind.RESET_LINK, ALICE, "reset_" + "s" * 43, NOW + lifetime, lifetime)
    assert f"{minutes} minutes" in text_of(writer().write(mail))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("seconds", "minutes"), [(600, 10), (599, 10), (61, 2), (1, 1)])
def test_a_code_stands_alone_on_its_line_with_the_minutes_that_it_works_at_most(
    language: str, seconds: int, minutes: int
) -> None:
    lifetime = timedelta(seconds=seconds)
    mail = SecretMail("m_1", MailKind.LOGIN_CODE, ALICE, "012345", NOW + lifetime, lifetime)
    message = writer(language=language).write(mail)
    text, html = text_of(message), message.get_body(("html",))
    assert "012345" in text.splitlines()
    assert f" {minutes} " in text
    assert html is not None
    assert ">012345</p>" in html.get_content()
    assert "012345" not in message["Subject"], "which is shown on locked screens"


def test_an_operator_has_words_of_their_own_for_a_code(tmp_path: Path) -> None:
    put(tmp_path, "Type {{ code }} within {{ minutes }} minutes.", "login_code.txt")
    mail = SecretMail("m_1", MailKind.LOGIN_CODE, ALICE, "012345", NOW, timedelta(minutes=10))
    assert text_of(writer(tmp_path).write(mail)).strip() == "Type 012345 within 10 minutes."
