"""A real SMTP server that a test can read, and tell what to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.e2e.server import DEADLINE_SECONDS, HOST, free_port

OK = "250 OK"


@attrs.frozen
class Received:
    """A mail as it came over the wire."""

    sender: str | None
    recipients: list[str]
    content: bytes


@attrs.define
class Inbox:
    """The mails that a server took; what it answers to RCPT and DATA is the test's to choose."""

    mails: list[Received] = attrs.Factory(list)
    on_rcpt: str = OK
    on_data: str = OK
    senders_seen: int = 0

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders_seen += 1
        envelope.mail_from = address
        return OK

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.on_rcpt == OK:
            envelope.rcpt_tos.append(address)
        return self.on_rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.on_data == OK:
            assert isinstance(envelope.content, bytes)
            self.mails.append(Received(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return self.on_data


@contextmanager
def receiving(inbox: Inbox, port: int | None = None, login: tuple[str, str] | None = None) -> Iterator[int]:
    """Runs a server in a thread while the block runs, and yields its port; with a `login`, mail needs it."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == login
        return AuthResult(success=is_right, handled=False)

    controller = Controller(
        inbox,
        hostname=HOST,
        port=port or free_port(),
        ready_timeout=DEADLINE_SECONDS,
        authenticator=authenticate,
        auth_required=login is not None,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
