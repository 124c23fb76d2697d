"""Mails over a real SMTP server: what arrives there, and what its refusals mean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime

import attrs
import pytest

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail import MailWriter, Security, SmtpServer
from leadnator_auth.adapters.mail.server import TIMEOUT_SECONDS
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.adapters.sql import Connections
from leadnator_auth.domain import (
    EmailAddress,
    InvalidFieldsError,
    MailDelayedError,
    MailKind,
    MailRefusedError,
    NoticeMail,
    OutgoingMail,
    Ports,
    Purpose,
    SecretMail,
    UnavailableError,
    deliver_due_mails,
    is_reset_secret_usable,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)
from tests.adapters.mail.scripted_smtp import HEALTHY, Act, ScriptedServer, following
from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.conftest import sql_ports
from tests.e2e.mails import reset_link, reset_secret, text_of
from tests.e2e.server import HOST, free_port, parsed_mail

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "reset_" + "s" * 43
ALICE = EmailAddress(typed="Alice.B@Example.com", canonical="alice.b@example.com")
RESET_URL = "https://auth.example.com/a/long/path/to/the/page/that/sets/a/new/password?lang=en&token={token}"
RESET_MAIL = SecretMail("m_1", MailKind.RESET_LINK, ALICE, SECRET, NOW + timedelta(hours=1), timedelta(hours=1))
without_tls = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
NOTICE = NoticeMail("m_2", MailKind.PASSWORD_CHANGED, ALICE, at=NOW)


@pytest.fixture
def inbox() -> Inbox:
    """What the SMTP server took."""
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    """The port of an SMTP server without TLS that wants no log-in."""
    with receiving(inbox) as port:
        yield port


OPENED: list[SmtpMailer] = []


def mailer(
    port: int,
    *,
    security: Security = Security.NONE,
    username: str | None = None,
    password: str | None = None,
    reset_url: str = RESET_URL,
    seconds: float = TIMEOUT_SECONDS,
) -> SmtpMailer:
    writer = MailWriter(sender="no-reply@example.com", links={Purpose.RESET: reset_url}, clock=FakeClock())
    return opened(SmtpMailer(SmtpServer(HOST, port, security, username, password, seconds), writer))


def opened(mailer: SmtpMailer) -> SmtpMailer:
    """Sees to it that a mailer is closed after the test."""
    OPENED.append(mailer)
    return mailer


@pytest.fixture(autouse=True)
async def close_mailers() -> AsyncIterator[None]:
    """Closes the connections that wait for another mail."""
    yield
    while OPENED:
        OPENED.pop().close()
    await asyncio.sleep(0)


def the_one_mail(inbox: Inbox) -> EmailMessage:
    assert len(inbox.mails) == 1
    return parsed_mail(inbox.mails[0].content)


async def test_a_mail_arrives_once_at_its_one_recipient(inbox: Inbox, port: int) -> None:
    await mailer(port).send(RESET_MAIL)

    (received,) = inbox.mails
    assert received.sender == "no-reply@example.com"
    assert received.recipients == ["Alice.B@example.com"]


async def test_a_reset_mail_has_its_link_whole_in_text_and_html(inbox: Inbox, port: int) -> None:
    await mailer(port).send(RESET_MAIL)

    mail = the_one_mail(inbox)
    link = RESET_URL.replace("{token}", SECRET)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert link in text_of(mail).splitlines()
    html = mail.get_body(("html",))
    assert html is not None
    assert f'href="{link.replace("&", "&amp;")}"' in html.get_content()
    assert "60 minutes" in text_of(mail)
    # Also for whoever reads the raw message.
    assert link.encode() in inbox.mails[0].content.splitlines()


@pytest.mark.parametrize("mail", [RESET_MAIL, NOTICE], ids=["reset link", "notice"])
async def test_a_mail_has_the_headers_of_an_automatic_mail(inbox: Inbox, port: int, mail: OutgoingMail) -> None:
    await mailer(port).send(mail)

    message = the_one_mail(inbox)
    assert message["Message-ID"] == f"<{mail.id}@example.com>"
    assert parsedate_to_datetime(message["Date"]) == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "no-reply@example.com"
    assert message["To"] == "Alice.B@example.com"
    assert message["Subject"]
    assert message.defects == []


async def test_a_link_to_an_international_domain_arrives_whole(inbox: Inbox, port: int) -> None:
    url = "https://bücher.example/zurücksetzen?token={token}"
    await mailer(port, reset_url=url).send(RESET_MAIL)
    assert url.replace("{token}", SECRET) in text_of(the_one_mail(inbox)).splitlines()


async def test_a_mail_to_an_international_domain_goes_to_its_ascii_form(inbox: Inbox, port: int) -> None:
    address = ValidatedEmailSyntax().parse("Leser@bücher.example")
    await mailer(port).send(attrs.evolve(NOTICE, to=address))
    assert inbox.mails[0].recipients == ["Leser@xn--bcher-kva.example"]
    assert the_one_mail(inbox)["To"] == "Leser@xn--bcher-kva.example"


async def test_a_mail_without_a_secret_in_it_tells_of_a_change(inbox: Inbox, port: int) -> None:
    await mailer(port).send(NOTICE)
    content = inbox.mails[0].content.decode()
    assert "2026-01-01 00:00 UTC" in text_of(the_one_mail(inbox))
    assert "reset_" not in content
    assert "http" not in content


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "450 4.2.0 greylisted", "452 4.3.1 disk full"])
async def test_a_recipient_who_is_refused_for_now_may_be_tried_again(inbox: Inbox, port: int, answer: str) -> None:
    inbox.on_rcpt = answer
    with pytest.raises(UnavailableError, match=answer[:3]):
        await mailer(port).send(RESET_MAIL)
    assert inbox.mails == []


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 try again", "452 4.3.1 disk full"])
async def test_a_content_that_is_refused_for_now_may_be_tried_again(inbox: Inbox, port: int, answer: str) -> None:
    inbox.on_data = answer
    with pytest.raises(UnavailableError, match=answer[:3]):
        await mailer(port).send(RESET_MAIL)


@pytest.mark.parametrize(
    "answer", ["500 5.5.2 what?", "501 5.1.3 bad syntax", "550 5.1.1 no such user", "552 5.2.2 full", "553 5.1.3 bad"]
)
async def test_a_recipient_who_is_refused_for_good_is_not_tried_again(inbox: Inbox, port: int, answer: str) -> None:
    inbox.on_rcpt = answer
    with pytest.raises(MailRefusedError, match=answer[:3]):
        await mailer(port).send(RESET_MAIL)


@pytest.mark.parametrize("answer", ["500 5.5.2 what?", "550 5.7.1 spam", "554 5.6.0 no thanks"])
async def test_a_content_that_is_refused_for_good_is_not_tried_again(inbox: Inbox, port: int, answer: str) -> None:
    inbox.on_data = answer
    with pytest.raises(MailRefusedError, match=answer[:3]):
        await mailer(port).send(RESET_MAIL)


@pytest.mark.parametrize("answer", [b"550 5.7.1 not from you\r\n", b"451 4.7.1 not from you yet\r\n"])
async def test_a_sender_who_is_refused_is_the_operators_to_mend_and_loses_no_mail(answer: bytes) -> None:
    async with saying(b"220 hello\r\n", b"250 hello\r\n", answer) as port:
        with pytest.raises(MailDelayedError, match=r"MAIL FROM was refused: .*not from you") as caught:
            await mailer(port).send(RESET_MAIL)
    assert not caught.value.may_have_arrived


async def test_a_server_that_is_away_may_be_back_later() -> None:
    with pytest.raises(UnavailableError):
        await mailer(free_port()).send(RESET_MAIL)


async def test_a_host_that_does_not_exist_may_exist_later() -> None:
    writer = MailWriter(sender="no-reply@example.com", links={Purpose.RESET: RESET_URL}, clock=FakeClock())
    nowhere = SmtpMailer(SmtpServer("mail.invalid", 25), writer)
    with pytest.raises(UnavailableError):
        await nowhere.send(RESET_MAIL)


@asynccontextmanager
async def saying(*answers: bytes) -> AsyncIterator[int]:
    """Runs a server that says the first of these, the next after each line it gets, and after the last nothing."""
    are_done = asyncio.Event()
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            await reader.readline()
        await are_done.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(begin, HOST, 0)
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            are_done.set()
            await asyncio.gather(*talks)


async def test_a_server_that_never_greets_is_given_up_for_now() -> None:
    async with saying() as port:
        with pytest.raises(UnavailableError, match="no answer to the connection"):
            await mailer(port, seconds=0.1).send(RESET_MAIL)


async def test_a_server_that_falls_silent_is_given_up_for_now() -> None:
    async with saying(b"220 hello\r\n", b"250 hello\r\n") as port:
        with pytest.raises(UnavailableError, match="no answer to MAIL FROM"):
            await mailer(port, seconds=0.1).send(RESET_MAIL)


async def test_lines_that_begin_with_a_period_arrive_as_they_are(inbox: Inbox, port: int) -> None:
    message = EmailMessage(policy=SMTP)
    message["To"] = "alice@example.com"
    message.set_content(".\n..\nan end: .\n.\n", cte="7bit")
    await mailer(port).hand_over(message, "alice@example.com")
    assert the_one_mail(inbox).get_content().splitlines() == [".", "..", "an end: .", "."]


async def test_a_mail_that_is_tried_again_keeps_its_message_id(ports: Ports, memory: MemoryPorts) -> None:
    """A mailbox that got it twice can tell, and many show it once."""
    async with following(ScriptedServer({"dot": Act.HANG_UP})) as server:
        failing = attrs.evolve(ports, mailer=mailer(server.port))
        await sign_up("Alice", "alice@example.com", "old-password", ports=ports)
        await request_password_reset("alice@example.com", ports=ports)
        for script in (server.script, server.script, HEALTHY):
            server.script = script
            await deliver_due_mails(ports=failing)
            memory.clock.advance(minutes=1)
    mails = [parsed_mail(content) for content in server.seen]
    assert len(mails) == 3
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len({reset_secret(mail) for mail in mails}) == 3
    for mail in mails:
        assert await is_reset_secret_usable(reset_secret(mail), ports=ports)


async def test_what_is_no_mail_server_is_given_up_for_now() -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        with pytest.raises(UnavailableError):
            await mailer(port).send(RESET_MAIL)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_nothing_is_sent_in_clear_where_encryption_is_wanted(inbox: Inbox, port: int, security: Security) -> None:
    with pytest.raises(UnavailableError):
        await mailer(port, security=security).send(RESET_MAIL)
    assert (inbox.mails, inbox.senders_seen) == ([], 0)


@without_tls
async def test_a_log_in_that_is_asked_for_is_made(inbox: Inbox) -> None:
    with receiving(inbox, login=("user", "p@ss:word")) as port:
        await mailer(port, username="user", password="p@ss:word").send(RESET_MAIL)
    assert len(inbox.mails) == 1


@without_tls
async def test_a_log_in_that_fails_is_the_operators_to_mend_and_loses_no_mail(inbox: Inbox) -> None:
    with receiving(inbox, login=("user", "right")) as port:
        with pytest.raises(UnavailableError) as caught:
            await mailer(port, username="user", password="wr0ng-secret").send(RESET_MAIL)
        with pytest.raises((UnavailableError, MailRefusedError)):
            await mailer(port).send(RESET_MAIL)
    assert inbox.mails == []
    assert "wr0ng-secret" not in str(caught.value)


def test_the_password_of_the_mail_server_is_not_in_a_repr() -> None:
    assert "s3cret" not in repr(mailer(25, username="user", password="s3cret"))
    assert "s3cret" not in repr(SmtpServer(HOST, 25, Security.TLS, "user", "s3cret"))


@pytest.fixture
def ports(memory: MemoryPorts, connections: Connections, port: int) -> Ports:
    """A world on SQLite whose mails leave over SMTP."""
    return attrs.evolve(sql_ports(memory, connections), mailer=mailer(port), emails=ValidatedEmailSyntax())


async def test_a_forgotten_password_is_reset_by_mail(ports: Ports, inbox: Inbox) -> None:
    await sign_up("Alice", "Alice.B@Example.com", "old-password", ports=ports)
    await request_password_reset("aLICE.b@EXAMPLE.com", ports=ports)
    assert inbox.mails == []  # never inside a request

    assert (await deliver_due_mails(ports=ports)).sent == 1

    assert inbox.mails[0].recipients == ["Alice.B@example.com"]  # as stored, not as asked for
    secret = reset_secret(the_one_mail(inbox))
    await reset_password(secret, "new-password", ports=ports)
    assert (await deliver_due_mails(ports=ports)).sent == 1
    assert (await deliver_due_mails(ports=ports)).total == 0
    assert [mail.recipients for mail in inbox.mails] == [["Alice.B@example.com"]] * 2
    assert secret.encode() not in inbox.mails[1].content
    await log_in("alice.b@example.com", "new-password", ports=ports)


async def test_no_account_gets_more_than_five_links_an_hour_however_often_the_server_forgets_to_say_so(
    ports: Ports, memory: MemoryPorts
) -> None:
    async with following(ScriptedServer({"dot": Act.HANG_UP})) as server:
        failing = attrs.evolve(ports, mailer=mailer(server.port))
        await sign_up("Alice", "alice@example.com", "old-password", ports=ports)
        for _ in range(3):
            await request_password_reset("alice@example.com", ports=ports)
        for _ in range(59):
            await deliver_due_mails(ports=failing)
            memory.clock.advance(minutes=1)
        secrets = [reset_secret(parsed_mail(content)) for content in server.seen]
        assert len(set(secrets)) == len(secrets) == 5
        server.script = HEALTHY
        memory.clock.advance(hours=1)
        assert (await deliver_due_mails(ports=failing)).sent == 3


async def test_a_server_that_takes_nothing_uses_up_no_links(ports: Ports, memory: MemoryPorts) -> None:
    async with following(ScriptedServer({"RCPT": b"450 4.2.0 later\r\n"})) as server:
        failing = attrs.evolve(ports, mailer=mailer(server.port))
        await sign_up("Alice", "alice@example.com", "old-password", ports=ports)
        for _ in range(5):
            await request_password_reset("alice@example.com", ports=ports)
        for _ in range(10):
            assert (await deliver_due_mails(ports=failing)).delayed == 5
            memory.clock.advance(hours=1)
        server.script = HEALTHY
        assert (await deliver_due_mails(ports=failing)).sent == 5


async def test_a_mail_is_sent_again_until_the_server_takes_it(ports: Ports, memory: MemoryPorts, inbox: Inbox) -> None:
    await sign_up("Alice", "alice@example.com", "old-password", ports=ports)
    await request_password_reset("alice@example.com", ports=ports)
    inbox.on_data = "451 4.3.0 try again later"
    for _ in range(4):
        assert (await deliver_due_mails(ports=ports)).delayed == 1
        memory.clock.advance(hours=1)
    inbox.on_data = "250 OK"

    assert (await deliver_due_mails(ports=ports)).sent == 1

    await reset_password(reset_secret(the_one_mail(inbox)), "new-password", ports=ports)


async def test_a_mail_that_is_refused_for_good_does_not_hold_up_the_next(ports: Ports, inbox: Inbox) -> None:
    for name in ("alice", "bob"):
        await sign_up(name, f"{name}@example.com", "old-password", ports=ports)
    await request_password_reset("alice@example.com", ports=ports)
    inbox.on_rcpt = "550 5.1.1 no such user"
    assert (await deliver_due_mails(ports=ports)).dead == 1
    inbox.on_rcpt = "250 OK"
    await request_password_reset("bob@example.com", ports=ports)

    assert (await deliver_due_mails(ports=ports)).sent == 1

    assert [mail.recipients for mail in inbox.mails] == [["bob@example.com"]]


async def test_nobody_gets_a_mail_for_an_address_without_account(ports: Ports, inbox: Inbox) -> None:
    await request_password_reset("nobody@example.com", ports=ports)
    assert (await deliver_due_mails(ports=ports)).dropped == 1
    assert (inbox.mails, inbox.senders_seen) == ([], 0)


@pytest.mark.parametrize(
    "email",
    [
        "alice@example.com\r\nBcc: evil@example.com",
        "alice@example.com\nRCPT TO:<evil@example.com>",
        "alice@example.com,evil@example.com",
        "alice@example.com>\r\nDATA",
        "Alice <alice@example.com>",
        "=?utf-8?q?alice=40example.com=2C?=@evil.example",
        "alice\x0b@example.com",
        "alice@example.com\u2028Bcc: evil@example.com",
        "alice@example.com\x00",
        "@evil.example:alice@example.com",
    ],
    ids=ascii,
)
async def test_no_address_brings_a_second_recipient_or_a_header_along(ports: Ports, inbox: Inbox, email: str) -> None:
    await sign_up("Alice", "alice@example.com", "old-password", ports=ports)

    with pytest.raises(InvalidFieldsError):
        await sign_up("Eve", email, "old-password", ports=ports)
    with pytest.raises(InvalidFieldsError):
        await request_password_reset(email, ports=ports)

    assert (await deliver_due_mails(ports=ports)).total == 0
    assert inbox.mails == []


@pytest.mark.parametrize(
    "name",
    [
        "Visit http://evil.example NOW",
        '<img src="http://evil.example/x.png">',
        "{{ link }} {% raw %}",
        '"Alice" <evil@example.com>,',
        "=?utf-8?q?Bcc=3A_evil=40example.com?=",
    ],
)
async def test_nothing_of_a_name_is_in_a_mail(ports: Ports, inbox: Inbox, name: str) -> None:
    await sign_up(name, "victim@example.com", "old-password", ports=ports)
    await request_password_reset("victim@example.com", ports=ports)

    assert (await deliver_due_mails(ports=ports)).sent == 1

    assert inbox.mails[0].recipients == ["victim@example.com"]
    content = inbox.mails[0].content.decode()
    assert "evil" not in content
    assert "<img" not in content
    assert name not in content
    assert reset_link(the_one_mail(inbox)).startswith("https://auth.example.com/")
