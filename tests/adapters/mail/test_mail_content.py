"""The content of a mail as it came over the wire: our words and the operator's, and nothing a user typed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail import MailWriter, SmtpServer
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.domain import (
    EmailAddress,
    MailKind,
    NoticeMail,
    OutgoingMail,
    Ports,
    Purpose,
    SecretMail,
    UnavailableError,
    User,
    UserId,
    deliver_due_mails,
)
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail
from leadnator_auth.domain.entities.outbox import DeliveryState
from tests.adapters.mail.scripted_smtp import HEALTHY, Script, ScriptedServer, following
from tests.e2e.mails import reset_link, text_of, verification_link
from tests.e2e.server import HOST, parsed_mail

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "reset_" + "s" * 43
ALICE = EmailAddress(typed="alice@example.com", canonical="alice@example.com")
RESET_URL = "https://auth.example.com/a/long/path/to/the/page/that/sets/a/new/password?lang=de&token={token}"
LINK = RESET_URL.replace("{token}", SECRET)
VERIFY_URL = "https://auth.example.com/verify-email?token={token}"
RESET = SecretMail("m_1", MailKind.RESET_LINK, ALICE, SECRET, NOW + timedelta(hours=1), timedelta(hours=1))
NOTICE = NoticeMail("m_2", MailKind.PASSWORD_CHANGED, ALICE, at=NOW)
LONGEST_LINE = 998
"""RFC 5322 section 2.1.1, without the line end."""

SEVEN_BITS: Script = {"EHLO": b"250 old.example\r\n"}
both_mails = pytest.mark.parametrize("mail", [RESET, NOTICE], ids=["reset link", "notice"])
both_languages = pytest.mark.parametrize("language", ["en", "de"])
both_servers = pytest.mark.parametrize("script", [HEALTHY, SEVEN_BITS], ids=["8BITMIME", "7 bits"])


def a_writer(
    language: str = "en", own_templates: Path | None = None, reset_url: str = RESET_URL, clock: FakeClock | None = None
) -> MailWriter:
    links = {
        Purpose.RESET: reset_url,
        Purpose.VERIFY: VERIFY_URL,
        Purpose.EMAIL: "https://auth.example.com/confirm-email?token={token}",
        Purpose.UNDO: "https://auth.example.com/undo-email-change?token={token}",
    }
    return MailWriter("no-reply@example.com", links, clock or FakeClock(), language, own_templates)


@asynccontextmanager
async def mailing(writer: MailWriter, script: Script = HEALTHY) -> AsyncIterator[tuple[SmtpMailer, ScriptedServer]]:
    """Lends a mailer and the server it sends to."""
    async with following(ScriptedServer(script)) as server:
        mailer = SmtpMailer(SmtpServer(HOST, server.port), writer)
        try:
            yield mailer, server
        finally:
            mailer.close()


async def raw(mail: OutgoingMail, writer: MailWriter, script: Script = HEALTHY) -> bytes:
    """Returns what a mail server gets to see."""
    async with mailing(writer, script) as (mailer, server):
        await mailer.send(mail)
    (content,) = server.taken
    return content


async def sent(mail: OutgoingMail, writer: MailWriter, script: Script = HEALTHY) -> EmailMessage:
    """Returns a mail as its reader's program understands it."""
    return parsed_mail(await raw(mail, writer, script))


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content


def recipients_of(mail: EmailMessage) -> list[str]:
    """Returns the addresses in To, of which there may be but one header, and no other that names a recipient."""
    assert [name for name in mail if name.lower() in {"to", "cc", "bcc", "resent-to"}] == ["To"]
    header = mail["To"]
    assert isinstance(header, AddressHeader)
    return [address.addr_spec for address in header.addresses]


# Nothing of a user.

HOSTILE_NAMES = [
    "Eve\r\nBcc: evil@evil.example",
    "Eve\nSubject: evil",
    "Eve\rX-Evil: evil",
    "Eve\r\n\r\n<h1>evil</h1>",
    "Eve\x00evil",
    "Eve\x0bBcc: evil@evil.example",
    "Eve\u2028Bcc: evil@evil.example",
    "Eve\u0085Bcc: evil@evil.example",
    "<img src=x onerror=evil()>",
    "<script>evil()</script>",
    "Visit http://evil.example",
    "{{ link }}evil{% include 'evil' %}",
    "{{ self.__init__.__globals__ }} evil",
    "=?utf-8?b?ZXZpbA==?= evil",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>",
    "\u202eevil",
    "%s%n{0}{token}evil",
]


def with_mailer(memory: MemoryPorts, mailer: SmtpMailer) -> Ports:
    """Returns the world in memory, but mails leave it."""
    return Ports(**(attrs.asdict(memory, recurse=False) | {"mailer": mailer}))


async def mails_of_each_kind_to(name: str, email: EmailAddress, memory: MemoryPorts) -> list[bytes]:
    """Returns a mail of each kind to an account of this name, which was put into the store past all checks."""
    async with mailing(a_writer()) as (mailer, server):
        ports = with_mailer(memory, mailer)
        ports = attrs.evolve(ports, policy=attrs.evolve(ports.policy, email_code_login=True))
        async with ports.unit_of_work() as transaction:
            await transaction.users.add([User(UserId("u_1"), name, email, created_at=NOW)])
            for number, kind in enumerate(MailKind):
                request = MailRequest(kind, email.canonical)
                # A code is worth nothing minutes after it was asked for.
                await transaction.mail_queue.add(QueuedMail.new(f"m_{number}", request, memory.clock.now()))
            await transaction.commit()
        assert (await deliver_due_mails(ports=ports)).sent == len(MailKind)
    return server.taken


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
async def test_nothing_of_a_hostile_name_is_anywhere_in_a_mail(memory: MemoryPorts, name: str) -> None:
    for content in await mails_of_each_kind_to(name, ALICE, memory):
        mail = parsed_mail(content)
        assert mail.defects == []
        assert recipients_of(mail) == ["alice@example.com"]
        for text in (str(mail["Subject"]), *map(str, mail.values()), text_of(mail), unescape(html_of(mail))):
            assert "evil" not in text.lower()
            assert not re.search(r"\bEve\b", text)
            assert name not in text
        assert b"evil" not in content


@pytest.mark.parametrize(
    "typed",
    [
        "o'neil+tag@example.com",
        "Upper.Case@Example.COM",
        "a&b=c?d/e@example.com",
        "{{link}}@example.com",
        "{token}@example.com",
        "%s%n@example.com",
        "a=0D=0ABcc=3Aevil@example.com",
        "!#$%&'*+-/?=^_`{|}~@example.com",
        "-rf@example.com",
        "undisclosed-recipients@example.com",
        "l" * 64 + "@" + ".".join(["d" * 60] * 3) + ".com",
        "eve@bücher.example",
        "eve@" + "ü" * 40 + ".example",
    ],
    ids=lambda typed: ascii(typed)[:40],
)
async def test_a_hostile_looking_address_is_in_the_recipient_and_nowhere_else(memory: MemoryPorts, typed: str) -> None:
    address = ValidatedEmailSyntax().parse(typed)
    for content in await mails_of_each_kind_to("Eve", address, memory):
        mail = parsed_mail(content)
        assert mail.defects == []
        assert recipients_of(mail) == [address.mailbox]
        # Also for programs that know no encoded words, which have no place in an address (RFC 2047 section 5).
        header = re.search(rb"^To:((?:.|\r\n[ \t])*)\r\n", content, re.MULTILINE)
        assert header is not None
        assert b"".join(header[1].split()) == address.mailbox.encode()
        del mail["To"]
        for text in (*map(str, mail.values()), text_of(mail), unescape(html_of(mail))):
            assert address.mailbox not in text
            assert address.canonical not in text
            assert typed not in text


# Headers.


@both_mails
@both_languages
async def test_a_mail_has_each_header_once_and_no_other(mail: OutgoingMail, language: str) -> None:
    clock = FakeClock(datetime(2026, 7, 14, 13, 5, 9, tzinfo=UTC))
    message = await sent(mail, a_writer(language, clock=clock))
    assert sorted(message.keys()) == sorted(
        ["Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert parsedate_to_datetime(message["Date"]) == clock.now()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{mail.id}@example.com>"
    assert message["From"] == "no-reply@example.com"


@both_mails
async def test_a_second_attempt_has_the_same_message_id_and_its_own_date(mail: OutgoingMail) -> None:
    clock = FakeClock()
    writer = a_writer(clock=clock)
    first = await sent(mail, writer)
    clock.advance(minutes=5)
    second = await sent(mail, writer)
    assert first["Message-ID"] == second["Message-ID"]
    assert parsedate_to_datetime(second["Date"]) - parsedate_to_datetime(first["Date"]) == timedelta(minutes=5)


async def test_two_mails_have_two_message_ids() -> None:
    assert (await sent(RESET, a_writer()))["Message-ID"] != (await sent(NOTICE, a_writer()))["Message-ID"]


@both_mails
@both_languages
@both_servers
async def test_no_line_is_longer_than_mail_allows(mail: OutgoingMail, language: str, script: Script) -> None:
    content = await raw(mail, a_writer(language), script)
    assert max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert content.isascii()


# Words.


@both_servers
async def test_a_german_reset_mail_is_right_in_every_part(script: Script) -> None:
    mail = await sent(RESET, a_writer("de"), script)
    assert mail["Subject"] == "Neues Passwort festlegen"
    assert "möchte für das Konto" in text_of(mail)
    assert "Öffnen Sie dafür diesen Link. Er gilt einmal, für 60 Minuten:" in text_of(mail)
    assert LINK in text_of(mail).splitlines()
    assert reset_link(mail) == LINK
    assert "Öffnen Sie dafür diesen Link." in html_of(mail)
    assert unescape(html_of(mail)).count(LINK) == 2
    assert '<html lang="de">' in html_of(mail)


@pytest.mark.parametrize(
    ("language", "lifetime", "subject", "words"),
    [
        ("en", timedelta(days=1), "Verify your e-mail address", "It works once, for 24 hours:"),
        ("en", timedelta(minutes=90), "Verify your e-mail address", "It works once, for 90 minutes:"),
        ("de", timedelta(days=1), "E-Mail-Adresse bestätigen", "Er gilt einmal, für 24 Stunden:"),
        ("de", timedelta(minutes=90), "E-Mail-Adresse bestätigen", "Er gilt einmal, für 90 Minuten:"),
    ],
)
async def test_a_mail_to_verify_an_address_is_right_in_every_part(
    language: str, lifetime: timedelta, subject: str, words: str
) -> None:
    secret = "verify_" + "s" * 43
    mail = await sent(
        SecretMail("m_1", MailKind.VERIFY_EMAIL, ALICE, secret, NOW + lifetime, lifetime), a_writer(language)
    )
    assert mail["Subject"] == subject
    assert words in text_of(mail)
    assert verification_link(mail) == VERIFY_URL.replace("{token}", secret)
    assert words in html_of(mail)
    assert unescape(html_of(mail)).count(verification_link(mail)) == 2
    assert f'<html lang="{language}">' in html_of(mail)


@both_servers
async def test_a_german_notice_is_right_in_every_part(script: Script) -> None:
    mail = await sent(NOTICE, a_writer("de"), script)
    assert mail["Subject"] == "Ihr Passwort wurde geändert"
    for part in (text_of(mail), html_of(mail)):
        assert "2026-01-01 00:00 UTC" in part
        assert "E-Mail-Adresse wurde am" in part
        assert "fordern Sie dann über" in part
    assert "http" not in text_of(mail)


@both_mails
@both_languages
async def test_the_text_reads_well_without_html(mail: OutgoingMail, language: str) -> None:
    text = text_of(await sent(mail, a_writer(language)))
    paragraphs = text.strip().split("\n\n")
    assert len(paragraphs) >= 3
    assert not re.search(r"</?[a-z]+|&[a-z]+;|\{\{|\{%", text)
    assert all(paragraph.strip() == paragraph for paragraph in paragraphs)
    if isinstance(mail, SecretMail):
        assert paragraphs.count(LINK) == 1


@both_languages
async def test_a_link_with_signs_that_mean_something_in_html_is_escaped_there_and_whole_in_the_text(
    language: str,
) -> None:
    url = """https://auth.example.com/?a=1&lt=2&quot="x"&apos='y'&b=<z>&token={token}"""
    link = url.replace("{token}", SECRET)
    mail = await sent(RESET, a_writer(language, reset_url=url))

    assert link in text_of(mail).splitlines()
    html = html_of(mail)
    hrefs = re.findall(r'<a href="([^"]*)">([^<]*)</a>', html)
    assert [(unescape(target), unescape(shown)) for target, shown in hrefs] == [(link, link)]
    assert "<z>" not in html
    assert '"x"' not in html
    assert "&lt=2" not in html.replace("&amp;lt=2", "")


# The operator's templates.


def put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("place", ["", "de/"])
async def test_one_template_of_the_operator_leaves_the_others_as_they_were(tmp_path: Path, place: str) -> None:
    put(tmp_path, f"{place}reset_link.txt", "Grüße von der Firma!\n\n{{ link }}\n\nGilt {{ minutes }} Minuten.\n")
    ours, own = a_writer("de"), a_writer("de", tmp_path)

    before, after = await sent(RESET, ours), await sent(RESET, own)

    assert text_of(after).rstrip() == f"Grüße von der Firma!\n\n{LINK}\n\nGilt 60 Minuten."
    assert html_of(after) == html_of(before)
    assert after["Subject"] == before["Subject"]
    assert text_of(await sent(NOTICE, own)) == text_of(await sent(NOTICE, ours))


async def test_a_template_for_a_language_goes_before_one_for_all(tmp_path: Path) -> None:
    put(tmp_path, "reset_link.subject.txt", "For all")
    put(tmp_path, "de/reset_link.subject.txt", "Für Deutsche")
    put(tmp_path, "en/reset_link.html", "<p>{{ link }}</p>")

    german, english = await sent(RESET, a_writer("de", tmp_path)), await sent(RESET, a_writer("en", tmp_path))

    assert (german["Subject"], english["Subject"]) == ("Für Deutsche", "For all")
    assert "<html" in html_of(german)
    assert html_of(english).strip() == f"<p>{LINK.replace('&', '&amp;')}</p>"


async def test_a_subject_of_the_operator_is_one_line_however_it_is_written(tmp_path: Path) -> None:
    put(tmp_path, "reset_link.subject.txt", "  Über uns:\r\n\r\n  Bcc: evil@example.com\n" + "lang " * 40)
    mail = await sent(RESET, a_writer("de", tmp_path))
    assert mail["Subject"] == "Über uns: Bcc: evil@example.com " + " ".join(["lang"] * 40)
    assert recipients_of(mail) == ["alice@example.com"]


@pytest.mark.parametrize("place", ["", "de/"])
async def test_a_byte_order_mark_that_an_editor_put_before_a_template_is_no_part_of_it(
    tmp_path: Path, place: str
) -> None:
    for name, content in (("subject.txt", "Über"), ("txt", "Grüße\n{{ link }}\n"), ("html", "<p>{{ link }}</p>")):
        put(tmp_path, f"{place}reset_link.{name}", f"\ufeff{content}")
    put(tmp_path, f"{place}password_changed.txt", "\ufeff{% include 'reset_link.subject.txt' %}")
    for mail in (RESET, NOTICE):
        received = await sent(mail, a_writer("de", tmp_path))
        assert "\ufeff" not in str(received["Subject"])
        for part in received.iter_parts():
            assert "\ufeff" not in part.get_content()


async def test_a_dot_on_a_line_of_its_own_does_not_end_the_mail(tmp_path: Path) -> None:
    put(tmp_path, "reset_link.txt", "first\n.\nMAIL FROM:<x@example.com>\n{{ link }}\n")
    content = await raw(RESET, a_writer("en", tmp_path))
    assert b"\r\n..\r\nMAIL FROM" in content
    assert LINK.encode() in content


async def test_a_template_of_one_long_line_is_sent_in_lines_that_mail_allows(tmp_path: Path) -> None:
    put(tmp_path, "reset_link.html", "<p>" + "words " * 500 + "<a href='{{ link }}'>here</a></p>")
    put(tmp_path, "reset_link.txt", "words " * 500 + "\n{{ link }}\n")

    content = await raw(RESET, a_writer("en", tmp_path))

    assert max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE
    mail = parsed_mail(content)
    assert reset_link(mail) == LINK
    assert "words " * 499 in text_of(mail)
    assert "words " * 499 in html_of(mail)


@pytest.mark.parametrize(
    ("template", "clue"),
    [
        ("{{ link", "nexpected end"),
        ("{% if link %}never ends", "nexpected end"),
        ("{{ lnk }}", "lnk"),
        ("{{ link.nope }}", "nope"),
        ("{{ link | nope }}", "nope"),
        ("{% include 'nope.txt' %}", "nope.txt"),
        ("{{ minutes / 0 }}", "division"),
        ("{{ minutes + link }}", "unsupported operand"),
        (b"Gr\xfc\xdfe {{ link }}", "utf-8"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("part", ["reset_link.subject.txt", "reset_link.txt", "reset_link.html"])
async def test_a_broken_template_makes_the_mail_wait_until_it_is_mended(
    memory: MemoryPorts, tmp_path: Path, part: str, template: str | bytes, clue: str
) -> None:
    put(tmp_path, part, template)
    async with mailing(a_writer("en", tmp_path)) as (mailer, server):
        with pytest.raises(UnavailableError, match=r"template .*is broken") as caught:
            await mailer.send(RESET)
        assert clue in str(caught.value)
        assert part in str(caught.value), "an operator with six templates wants to know which"
        assert server.talks == [], "no mail server needs to know"

        ports = with_mailer(memory, mailer)
        async with ports.unit_of_work() as transaction:
            await transaction.users.add([User(UserId("u_1"), "Alice", ALICE, created_at=NOW)])
            await transaction.mail_queue.add(
                QueuedMail.new("m_1", MailRequest(MailKind.RESET_LINK, ALICE.canonical), NOW)
            )
            await transaction.commit()
        delivery = await deliver_due_mails(ports=ports)
        assert [(mail.state, clue in mail.last_error) for mail in delivery.failures] == [(DeliveryState.QUEUED, True)]

        put(tmp_path, part, "Mended: {{ link }}")
        memory.clock.advance(minutes=1)
        assert (await deliver_due_mails(ports=ports)).sent == 1
    assert b"Mended" in server.taken[0]


async def test_a_broken_template_holds_up_no_other_mail(tmp_path: Path) -> None:
    put(tmp_path, "reset_link.txt", "{{ lnk }}")
    mail = await sent(NOTICE, a_writer("en", tmp_path))
    assert mail["Subject"] == "Your password was changed"
