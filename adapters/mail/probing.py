"""Goes the way of a mail to an SMTP server step by step, as far as it is asked to, and says what stops it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from enum import StrEnum

import aiosmtplib
import attrs

from leadnator_auth.adapters.mail.conversation import FAILURES, Conversation
from leadnator_auth.adapters.mail.conversation import Step as Begun
from leadnator_auth.adapters.mail.own_name import OwnName
from leadnator_auth.adapters.mail.server import Security, SmtpServer
from leadnator_auth.adapters.mail.troubles import Trouble, trouble_in

__all__ = ["Probed", "Step", "Trouble", "probe", "send_test"]

STEP_SECONDS = 20.0
"""Some servers greet late on purpose; but somebody who looks into a problem does not wait as long as a mail may."""


class Step(StrEnum):
    """The steps that a mail needs, in this order."""

    CONNECTION = "connection"
    ENCRYPTION = "encryption"
    LOG_IN = "log-in"
    SENDER = "sender"
    TEST_MAIL = "test mail"


_OTHERWISE: Mapping[Begun, Trouble] = {
    Begun.GREETING: Trouble.NOT_WELCOME,
    Begun.ENCRYPTION: Trouble.BAD_HANDSHAKE,
    Begun.LOG_IN: Trouble.LOG_IN_REFUSED,
    Begun.SENDER: Trouble.SENDER_REFUSED,
    Begun.RECIPIENT: Trouble.RECIPIENT_REFUSED,
    Begun.DATA: Trouble.CONTENT_REFUSED,
    Begun.CONTENT: Trouble.CONTENT_REFUSED,
}
"""What stops a mail at a step where nothing tells it more exactly."""
_LATE = (Trouble.RECIPIENT_REFUSED, Trouble.CONTENT_REFUSED)


@attrs.frozen
class Probed:
    """What was found at a step."""

    step: Step
    found: str
    trouble: Trouble | None = None
    answer: str = ""
    """The words of the server, which may repeat what it was told."""


class _StoppedError(Exception):
    """A mail would get no further."""

    def __init__(self, step: Step, trouble: Trouble, found: str, answer: str = "") -> None:
        super().__init__(found)
        self.probed = Probed(step, found, trouble, answer)


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


async def send_test(server: SmtpServer, message: EmailMessage, sender: str, recipient: str) -> Probed:
    """Sends a message, and returns whether the server took it, or what it has against it."""
    conversation = Conversation(server, OwnName(server.ehlo))
    try:
        with _failures(Step.TEST_MAIL, Trouble.OUT_OF_REACH, conversation):
            await conversation.open()
            await conversation.hand_over(message.as_bytes(), sender, recipient)
    except _StoppedError as stopped:
        return stopped.probed
    finally:
        conversation.close()
    return Probed(Step.TEST_MAIL, f"the server took it for {recipient}")


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
def _failures(step: Step, otherwise: Trouble, conversation: Conversation | None = None) -> Iterator[None]:
    """Turns what aiosmtplib raises in the block into what it means, at the step where the conversation is then."""
    try:
        yield
    except FAILURES as error:
        begun = conversation.step if conversation else None
        raise _meaning(error, step, _OTHERWISE.get(begun, otherwise) if begun else otherwise) from error


def _meaning(error: Exception, step: Step, otherwise: Trouble) -> _StoppedError:
    reason = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        found = f"the certificate is not trusted: {reason.verify_message}"
        return _StoppedError(_encryption(step), Trouble.BAD_CERTIFICATE, found)
    if isinstance(reason, ssl.SSLError):
        found = f"the TLS handshake failed: {reason.reason or reason}"
        return _StoppedError(_encryption(step), Trouble.BAD_HANDSHAKE, found)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        answer = f"{error.code} {error.message}"
        return _StoppedError(step, _trouble_of(error, step, otherwise), "the server says", answer)
    if isinstance(error.__cause__, aiosmtplib.SMTPServerDisconnected):
        return _StoppedError(step, Trouble.NOT_WELCOME, "the server hangs up at once")
    if isinstance(error, TimeoutError) and otherwise in _LATE:
        return _StoppedError(step, Trouble.TOO_SLOW, str(error))
    return _StoppedError(step, otherwise, str(error) or type(error).__name__)


def _encryption(step: Step) -> Step:
    return step if step is Step.TEST_MAIL else Step.ENCRYPTION


def _trouble_of(error: aiosmtplib.SMTPResponseException, step: Step, otherwise: Trouble) -> Trouble:
    if isinstance(error, aiosmtplib.SMTPHeloError) and error.code >= 500:
        return Trouble.NAME_REFUSED
    if step in (Step.SENDER, Step.TEST_MAIL) or otherwise is Trouble.OUT_OF_REACH:
        refused = Trouble.NOT_WELCOME if otherwise is Trouble.OUT_OF_REACH else otherwise
        is_for_now = error.code < 500 and otherwise in _LATE
        return trouble_in(error.code, error.message, Trouble.POSTPONED if is_for_now else refused)
    return otherwise
