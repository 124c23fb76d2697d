"""The Mailer over SMTP, by aiosmtplib."""

import asyncio
from enum import StrEnum

import aiosmtplib
import attrs

from leadnator_auth.adapters.mail.writing import MailWriter
from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from leadnator_auth.domain.mail import OutgoingMail

COMMAND_TIMEOUT_SECONDS = 10.0
MAIL_TIMEOUT_SECONDS = 45.0
"""For one whole mail; the next one waits for it."""


class Security(StrEnum):
    """How the connection is protected; never weaker than asked for."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@attrs.frozen
class SmtpServer:
    """Where mails are handed over, and how."""

    host: str
    port: int
    security: Security = Security.NONE
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class SmtpMailer:
    """Hands each mail to an SMTP server, which then is responsible for it (RFC 5321 section 6.1)."""

    server: SmtpServer
    writer: MailWriter

    async def send(self, mail: OutgoingMail) -> None:
        message = self.writer.write(mail)
        try:
            async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
                await aiosmtplib.send(
                    message,
                    sender=self.writer.sender,
                    recipients=[mail.to.mailbox],
                    hostname=self.server.host,
                    port=self.server.port,
                    username=self.server.username,
                    password=self.server.password,
                    use_tls=self.server.security is Security.TLS,
                    # Not given, aiosmtplib would go on in clear where a server, or somebody between, offers no TLS.
                    start_tls=self.server.security is Security.STARTTLS,
                    timeout=COMMAND_TIMEOUT_SECONDS,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _translated(error.recipients[0]) from error
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            raise _translated(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise UnavailableError(_in_short(error)) from error


def _translated(error: aiosmtplib.SMTPResponseException) -> Exception:
    """Returns what a refusal of this one mail means: 5xx is for good, 4xx may pass (RFC 5321 section 4.2.1)."""
    kind = MailRefusedError if error.code >= 500 else UnavailableError
    return kind(f"{error.code} {error.message}")


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
