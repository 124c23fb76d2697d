"""The address of an SMTP server; apart from the Mailer, which is loaded only where there is one."""

from enum import StrEnum

import attrs


class Security(StrEnum):
    """How the connection is protected; never weaker than asked for."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


TIMEOUT_SECONDS = 60.0
DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@attrs.frozen
class SmtpServer:
    """The place and the manner in which mails are handed over."""

    host: str
    port: int
    security: Security = Security.NONE
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    timeout: float = TIMEOUT_SECONDS
    """Seconds for each step of a conversation."""
    ehlo: str | None = None
    """The name we give there."""
