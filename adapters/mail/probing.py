"""A probe that goes the way of a mail to an SMTP server step by step, and turns back before it would send one."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from enum import StrEnum

import aiosmtplib
import attrs

from leadnator_auth.adapters.mail.conversation import FAILURES, Conversation
from leadnator_auth.adapters.mail.own_name import OwnName
from leadnator_auth.adapters.mail.server import Security, SmtpServer

STEP_SECONDS = 20.0
"""Some servers greet late on purpose; but somebody who looks into a problem does not wait as long as a mail may."""


class Step(StrEnum):
    """The steps that a mail needs, in this order."""

    CONNECTION = "connection"
    ENCRYPTION = "encryption"
    LOG_IN = "log-in"
    SENDER = "sender"


class Trouble(StrEnum):
    """The reasons why a mail would get no further; each has a cure of its own."""

    UNKNOWN_NAME = "unknown name"
    OUT_OF_REACH = "out of reach"
    NOT_WELCOME = "not welcome"
    NAME_REFUSED = "name refused"
    NOT_ENCRYPTED = "not encrypted"
    BAD_HANDSHAKE = "bad handshake"
    BAD_CERTIFICATE = "bad certificate"
    NO_LOG_IN = "no log-in"
    LOG_IN_REFUSED = "log-in refused"
    SENDER_REFUSED = "sender refused"


@attrs.frozen
class Probed:
    """The finding at a step; it may quote the server, which may repeat what it was told."""

    step: Step
    found: str
    trouble: Trouble | None = None


class _StoppedError(Exception):
    """A mail would get no further."""

    def __init__(self, step: Step, trouble: Trouble, found: str) -> None:
        super().__init__(found)
        self.probed = Probed(step, found, trouble)


async def probe(server: SmtpServer, sender: str) -> AsyncIterator[Probed]:
    """Yields the finding at each step, up to the first that fails."""
    conversation = Conversation(attrs.evolve(server, timeout=min(server.timeout, STEP_SECONDS)), OwnName(server.ehlo))
    try:
        yield await _connect(conversation, server)
        yield await _encrypt(conversation, server)
        if server.username is not None:
            yield await _log_in(conversation, server.username, server.password or "")
        with _failures(Step.SENDER, Trouble.SENDER_REFUSED):
            await conversation.name_sender(sender)
        yield Probed(Step.SENDER, f"mails may come from {sender}")
    except _StoppedError as stopped:
        yield stopped.probed
    finally:
        conversation.close()


async def _connect(conversation: Conversation, server: SmtpServer) -> Probed:
    try:
        await asyncio.get_running_loop().getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise _StoppedError(
            Step.CONNECTION, Trouble.UNKNOWN_NAME, f"the name {server.host} does not resolve"
        ) from error
    with _failures(Step.CONNECTION, Trouble.OUT_OF_REACH):
        await conversation.connect()
    with _failures(Step.CONNECTION, Trouble.NOT_WELCOME):
        await conversation.greet()
    name = conversation.client.local_hostname
    return Probed(Step.CONNECTION, f"{server.host}:{server.port} answers, and knows us as {name}")


async def _encrypt(conversation: Conversation, server: SmtpServer) -> Probed:
    client = conversation.client
    if server.security is Security.NONE:
        offer = ", though the server offers STARTTLS" if client.supports_extension("starttls") else ""
        return Probed(Step.ENCRYPTION, f"none{offer}")
    if server.security is Security.STARTTLS:
        if not client.supports_extension("starttls"):
            raise _StoppedError(Step.ENCRYPTION, Trouble.NOT_ENCRYPTED, "the server does not offer STARTTLS")
        with _failures(Step.ENCRYPTION, Trouble.BAD_HANDSHAKE):
            await conversation.encrypt()
    encrypted: ssl.SSLObject = client.get_transport_info("ssl_object")
    until = (encrypted.getpeercert() or {}).get("notAfter")
    return Probed(Step.ENCRYPTION, f"{encrypted.version()}, the certificate is trusted and valid until {until}")


async def _log_in(conversation: Conversation, username: str, password: str) -> Probed:
    client = conversation.client
    if not (client.supports_extension("auth") and client.supported_auth_methods):
        raise _StoppedError(Step.LOG_IN, Trouble.NO_LOG_IN, "the server offers no way to log in that we know")
    with _failures(Step.LOG_IN, Trouble.LOG_IN_REFUSED):
        await conversation.log_in(username, password)
    return Probed(Step.LOG_IN, "the user and the password are taken")


@contextmanager
def _failures(step: Step, otherwise: Trouble) -> Iterator[None]:
    """Turns the errors that aiosmtplib raises in the block into their meaning."""
    try:
        yield
    except FAILURES as error:
        raise _meaning(error, step, otherwise) from error


def _meaning(error: Exception, step: Step, otherwise: Trouble) -> _StoppedError:
    reason = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        found = f"the certificate is not trusted: {reason.verify_message}"
        return _StoppedError(Step.ENCRYPTION, Trouble.BAD_CERTIFICATE, found)
    if isinstance(reason, ssl.SSLError):
        found = f"the TLS handshake failed: {reason.reason or reason}"
        return _StoppedError(Step.ENCRYPTION, Trouble.BAD_HANDSHAKE, found)
    if isinstance(error, aiosmtplib.SMTPHeloError) and error.code >= 500:
        return _StoppedError(step, Trouble.NAME_REFUSED, f"the server says {error.code} {error.message}")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        trouble = Trouble.NOT_WELCOME if otherwise is Trouble.OUT_OF_REACH else otherwise
        return _StoppedError(step, trouble, f"the server says {error.code} {error.message}")
    if isinstance(error.__cause__, aiosmtplib.SMTPServerDisconnected):
        return _StoppedError(step, Trouble.NOT_WELCOME, "the server hangs up at once")
    return _StoppedError(step, otherwise, str(error) or type(error).__name__)
