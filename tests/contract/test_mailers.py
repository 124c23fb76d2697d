"""The published suite of mailers, over the mailbox, files and SMTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from pathlib import Path

import pytest

from leadnator_auth.adapters.mail import MailFiles, MailWriter, Security, SmtpServer
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.memory import FakeClock, Mailbox
from leadnator_auth.domain import MailRefusedError, Purpose, UnavailableError
from leadnator_auth.domain.ports import Mailer
from leadnator_auth.testing.contract import MailerContract
from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.e2e.server import HOST, free_port

Arrived = Callable[[], list[str]]


@pytest.fixture
def writer() -> MailWriter:
    """Writes the mails of files and SMTP."""
    return MailWriter(sender="no-reply@localhost", links={Purpose.RESET: "http://127.0.0.1/{token}"}, clock=FakeClock())


class TestMailbox(MailerContract):
    """The mailbox in memory."""

    @pytest.fixture
    def mailer(self) -> Mailbox:
        return Mailbox()

    @pytest.fixture
    def arrived(self, mailer: Mailbox) -> Arrived:
        return lambda: [mail.to.mailbox for mail in mailer.mails]

    @pytest.fixture
    def refusing(self) -> Mailer:
        return Mailbox(failure=MailRefusedError("550 no"))

    @pytest.fixture
    def unreachable(self) -> Mailer:
        return Mailbox(failure=UnavailableError("away"))


class TestMailFiles(MailerContract):
    """A folder of files, which takes every mail."""

    @pytest.fixture
    def mailer(self, tmp_path: Path, writer: MailWriter) -> Mailer:
        return MailFiles(tmp_path / "mail", writer)

    @pytest.fixture
    def arrived(self, tmp_path: Path) -> Arrived:
        return lambda: [message_from_bytes(file.read_bytes())["To"] for file in (tmp_path / "mail").glob("*.eml")]

    @pytest.fixture
    def unreachable(self, tmp_path: Path, writer: MailWriter) -> Mailer:
        (tmp_path / "file").touch()
        return MailFiles(tmp_path / "file" / "mail", writer)


class TestSmtpMailer(MailerContract):
    """A real SMTP server."""

    @pytest.fixture
    def inbox(self) -> Inbox:
        return Inbox()

    @pytest.fixture
    async def mailer(self, inbox: Inbox, writer: MailWriter) -> AsyncIterator[Mailer]:
        with receiving(inbox) as port:
            mailer = SmtpMailer(SmtpServer(HOST, port, Security.NONE), writer)
            yield mailer
            mailer.close()
            await asyncio.sleep(0)  # the transport closes in the next turn of the loop

    @pytest.fixture
    def arrived(self, inbox: Inbox) -> Arrived:
        return lambda: [recipient for mail in inbox.mails for recipient in mail.recipients]

    @pytest.fixture
    def refusing(self, inbox: Inbox, mailer: Mailer) -> Mailer:
        inbox.on_rcpt = "550 5.1.1 no such mailbox"
        return mailer

    @pytest.fixture
    def unreachable(self, writer: MailWriter) -> Mailer:
        return SmtpMailer(SmtpServer(HOST, free_port(), Security.NONE), writer)
