"""What a mail server's words mean, as servers say them, and that our own faults cost no mail whenever they are told."""

import pytest

from leadnator_auth.adapters.mail import MailWriter, SmtpServer
from leadnator_auth.adapters.mail.probing import Probed, Step, send_test
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.mail.troubles import OURS, Trouble, trouble_in
from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.domain import EmailAddress, Purpose
from leadnator_auth.domain.errors import MailDelayedError, MailRefusedError
from leadnator_auth.entrypoints.doctor.remote import CURES
from tests.adapters.mail.scripted_smtp import Act, ScriptedServer, following
from tests.e2e.server import HOST

# As Postfix, Exim, Exchange, Gmail and others say it.
SAID_TO_RCPT = [
    ("454 4.7.1 <a@example.org>: Relay access denied", Trouble.RELAY_DENIED),
    ("554 5.7.1 <a@example.org>: Relay access denied", Trouble.RELAY_DENIED),
    ("550 relay not permitted", Trouble.RELAY_DENIED),
    ("550 5.7.1 Unable to relay", Trouble.RELAY_DENIED),
    ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Trouble.RELAY_DENIED),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts; relaying denied", Trouble.RELAY_DENIED),
    ("530 5.7.0 Authentication required", Trouble.LOG_IN_WANTED),
    ("550 5.7.1 Client was not authenticated: authentication required", Trouble.LOG_IN_WANTED),
    ("530 5.7.0 Must issue a STARTTLS command first", Trouble.ENCRYPTION_WANTED),
    ("550 5.7.10 Encryption needed", Trouble.ENCRYPTION_WANTED),
    ("504 5.5.2 <25aea30808b2>: Helo command rejected: need fully-qualified hostname", Trouble.NAME_REFUSED),
    ("550 5.7.1 <localhost>: Helo command rejected: don't use that", Trouble.NAME_REFUSED),
    ("550 5.1.8 <a@example.com>: Sender address rejected: Domain not found", Trouble.SENDER_REFUSED),
    ("553 5.7.1 <a@example.com>: Sender address rejected: not owned by user auth", Trouble.SENDER_REFUSED),
    ("550-5.7.26 This mail has been blocked because the sender is unauthenticated: SPF", Trouble.SENDER_UNPROVEN),
    ("550 5.7.1 Unauthenticated email is not accepted due to the domain's DMARC policy", Trouble.SENDER_UNPROVEN),
    ("550 5.7.23 Message rejected", Trouble.SENDER_UNPROVEN),
    ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example", Trouble.BLOCKED),
    ("450 4.7.25 Client host rejected: cannot find your hostname", Trouble.BLOCKED),
    ("450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted, see http://a.example", Trouble.GREYLISTED),
    ("451 4.7.1 Graylisting in action, please come back later", Trouble.GREYLISTED),
    ("552 5.3.4 Message size exceeds fixed limit", Trouble.TOO_BIG),
    ("552 5.2.2 Mailbox full", Trouble.MAILBOX_FULL),
    ("452 4.2.2 The email account that you tried to reach is over quota", Trouble.MAILBOX_FULL),
    ("421 4.7.28 Our system has detected an unusual rate of mail", Trouble.TOO_MANY),
    ("450 4.4.5 too many messages", Trouble.TOO_MANY),
    ("550 5.1.1 <relay@spf.tls.example>: user unknown", Trouble.RECIPIENT_REFUSED),
    ("550 5.1.2 Host or domain name not found", Trouble.RECIPIENT_REFUSED),
    ("550 5.7.1 no", Trouble.RECIPIENT_REFUSED),
    ("451 4.3.0 later", Trouble.POSTPONED),
]
WRITER = MailWriter("no-reply@example.com", {Purpose.RESET: "https://a.example/{token}"}, FakeClock())
TO = EmailAddress("alice@example.org", "alice@example.org")


def spoken(said: str) -> bytes:
    return said.encode() + b"\r\n"


async def tried(server: ScriptedServer, **options: object) -> Probed:
    smtp = SmtpServer(HOST, server.port, **options)  # type: ignore[arg-type]  # a few of its fields
    return await send_test(smtp, WRITER.write_test(TO, "m_1"), WRITER.sender, TO.mailbox)


@pytest.mark.parametrize(("said", "trouble"), SAID_TO_RCPT, ids=lambda part: str(part)[:40])
async def test_a_refusal_has_a_cure_of_its_own(said: str, trouble: Trouble) -> None:
    async with following(ScriptedServer({"RCPT": spoken(said.replace("550-", "550 "))})) as server:
        probed = await tried(server)
    assert (probed.step, probed.trouble) == (Step.TEST_MAIL, trouble)
    assert probed.answer == said.replace("550-", "550 ")
    assert CURES[trouble]


@pytest.mark.parametrize(("said", "trouble"), SAID_TO_RCPT, ids=lambda part: str(part)[:40])
async def test_our_own_fault_is_not_blamed_on_the_recipient(said: str, trouble: Trouble) -> None:
    is_for_good = said.startswith("5") and trouble not in OURS
    async with following(ScriptedServer({"RCPT": spoken(said.replace("550-", "550 "))})) as server:
        mailer = SmtpMailer(SmtpServer(HOST, server.port), WRITER)
        with pytest.raises(MailRefusedError if is_for_good else MailDelayedError):
            await mailer.hand_over(WRITER.write_test(TO, "m_1"), TO.mailbox)
        mailer.close()


@pytest.mark.parametrize(
    ("step", "answer", "trouble"),
    [
        ("EHLO", b"550 5.7.1 who are you\r\n", Trouble.NAME_REFUSED),
        ("MAIL", b"530 5.7.0 Authentication required\r\n", Trouble.LOG_IN_WANTED),
        ("MAIL", b"550 5.7.1 not from you\r\n", Trouble.SENDER_REFUSED),
        ("MAIL", b"552 5.3.4 message size exceeds limit\r\n", Trouble.TOO_BIG),
        ("DATA", b"554 5.7.1 spam\r\n", Trouble.CONTENT_REFUSED),
        ("dot", b"550 5.7.1 looks like spam\r\n", Trouble.CONTENT_REFUSED),
        ("dot", b"451 4.3.0 later\r\n", Trouble.POSTPONED),
        ("dot", b"550 5.7.26 DMARC policy\r\n", Trouble.SENDER_UNPROVEN),
        ("RCPT", Act.HANG_UP, Trouble.RECIPIENT_REFUSED),
        ("RCPT", Act.FALL_SILENT, Trouble.TOO_SLOW),
    ],
)
async def test_so_it_is_at_each_step(step: str, answer: bytes | Act, trouble: Trouble) -> None:
    script = {step: answer, **({"HELO": answer} if step == "EHLO" else {})}
    async with following(ScriptedServer(script)) as server:
        assert (await tried(server, timeout=2.0 if answer is Act.FALL_SILENT else 60.0)).trouble is trouble


async def test_a_mail_that_is_taken_is_told() -> None:
    async with following(ScriptedServer()) as server:
        probed = await tried(server)
    assert (probed.trouble, len(server.taken)) == (None, 1)
    assert TO.mailbox in probed.found


def test_without_a_sign_it_means_what_the_step_means() -> None:
    assert trouble_in(550, "", Trouble.CONTENT_REFUSED) is Trouble.CONTENT_REFUSED
    assert trouble_in(550, "5.1.7 no", Trouble.CONTENT_REFUSED) is Trouble.SENDER_REFUSED
