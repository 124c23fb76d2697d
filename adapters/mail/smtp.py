"""The Mailer over SMTP, by aiosmtplib."""

import asyncio
from email.message import EmailMessage

import aiosmtplib

from leadnator_auth.adapters.mail.server import Security, SmtpServer
from leadnator_auth.adapters.mail.writing import MailWriter
from leadnator_auth.domain.entities.mail import OutgoingMail
from leadnator_auth.domain.errors import MailRefusedError, UnavailableError

__all__ = ["SmtpMailer"]

COMMAND_TIMEOUT_SECONDS = 10.0
MAIL_TIMEOUT_SECONDS = 45.0
"""For one whole mail; the next one waits for it."""
IDLE_SECONDS = 5.0
"""How long a connection is kept for the next mail."""


_ABOUT_AUTHENTICATION = {530, 534, 535, 538}
"""RFC 4954 section 6: not about this mail but about our settings, and mended there."""


class SmtpMailer:
    """Hands each mail to an SMTP server, which then is responsible for it (RFC 5321 section 6.1).

    Mails that follow each other share a connection. `close` it when done.
    """

    def __init__(self, server: SmtpServer, writer: MailWriter) -> None:
        self._server = server
        self._writer = writer
        self._client: aiosmtplib.SMTP | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()

    async def send(self, mail: OutgoingMail) -> None:
        await self.hand_over(self._writer.write(mail), mail.to.mailbox)

    async def hand_over(self, message: EmailMessage, recipient: str) -> None:
        """Returns once the server has taken the message for this one recipient.

        Raises: MailRefusedError when it never will, UnavailableError when it may later.
        """
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
                    client = await self._connected()
                    await client.send_message(message, sender=self._writer.sender, recipients=[recipient])
            except aiosmtplib.SMTPRecipientsRefused as error:
                self.close()
                raise _refusal(error.recipients[0]) from error
            except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
                self.close()
                raise _refusal(error) from error
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                self.close()
                raise UnavailableError(f"{type(error).__name__}: {error}") from error
            except BaseException:
                self.close()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.close)

    def close(self) -> None:
        """Ends the connection, if there is one."""
        self._stay()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        """Returns a client whose connection is alive."""
        self._stay()
        if self._client is not None:
            try:
                await self._client.noop()
            except (aiosmtplib.SMTPException, OSError):
                self.close()
            else:
                return self._client
        self._client = self._new_client()
        await self._client.connect()
        return self._client

    def _new_client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            use_tls=self._server.security is Security.TLS,
            # Not given, aiosmtplib would go on in clear where a server, or somebody between, offers no TLS.
            start_tls=self._server.security is Security.STARTTLS,
            timeout=COMMAND_TIMEOUT_SECONDS,
        )

    def _stay(self) -> None:
        """Keeps the connection from being closed as idle."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def _refusal(error: aiosmtplib.SMTPResponseException) -> Exception:
    """Returns what a refusal of this one mail means: 5xx is for good, 4xx may pass (RFC 5321 section 4.2.1)."""
    is_for_good = error.code >= 500 and error.code not in _ABOUT_AUTHENTICATION
    kind = MailRefusedError if is_for_good else UnavailableError
    return kind(f"{error.code} {error.message}")
