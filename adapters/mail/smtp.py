"""The Mailer over SMTP, with aiosmtplib."""

import asyncio
from email.message import EmailMessage

import aiosmtplib

from leadnator_auth.adapters.mail.conversation import FAILURES, Conversation, Step
from leadnator_auth.adapters.mail.own_name import OwnName
from leadnator_auth.adapters.mail.server import SmtpServer
from leadnator_auth.adapters.mail.troubles import OURS, Trouble, trouble_in
from leadnator_auth.adapters.mail.writing import MailWriter
from leadnator_auth.domain.entities.mail import OutgoingMail
from leadnator_auth.domain.errors import MailDelayedError, MailRefusedError

__all__ = ["SmtpMailer"]

IDLE_SECONDS = 5.0
"""How long a connection is kept for the next mail."""
_ABOUT_THE_MAIL = {Step.RECIPIENT, Step.DATA, Step.CONTENT}
_BAD_SEQUENCE = 503


class SmtpMailer:
    """Hands mails to an SMTP server, which is then responsible for them (RFC 5321 section 6.1).

    Mails sent at the same time have a connection each; mails that follow each other share one. `close` it when done.
    """

    def __init__(self, server: SmtpServer, writer: MailWriter) -> None:
        self._server = server
        self._writer = writer
        self._own_name = OwnName(server.ehlo)
        self._idle: dict[Conversation, asyncio.TimerHandle] = {}

    async def send(self, mail: OutgoingMail) -> None:
        await self.hand_over(await self._writer.written(mail), mail.to.mailbox)

    async def hand_over(self, message: EmailMessage, recipient: str) -> None:
        """Returns once the server has taken the message for this one recipient.

        Raises: MailRefusedError when it never will, MailDelayedError when it may later.
        """
        conversation = await self._taken_up() or Conversation(self._server, self._own_name)
        try:
            if not conversation.client.is_connected:
                await conversation.open()
            await conversation.hand_over(message.as_bytes(), self._writer.sender, recipient)
        except FAILURES as error:
            conversation.close()
            raise _meaning(error, conversation.step) from error
        except BaseException:
            conversation.close()
            raise
        loop = asyncio.get_running_loop()
        self._idle[conversation] = loop.call_later(IDLE_SECONDS, self._end, conversation)

    def close(self) -> None:
        """Ends the connections kept for another mail."""
        for conversation in list(self._idle):
            self._end(conversation)

    async def _taken_up(self) -> Conversation | None:
        """Returns a conversation kept for another mail, if the server is still listening."""
        while self._idle:
            conversation, end = self._idle.popitem()
            end.cancel()
            if await conversation.is_alive():
                return conversation
        return None

    def _end(self, conversation: Conversation) -> None:
        self._idle.pop(conversation).cancel()
        conversation.close()


def _meaning(error: Exception, step: Step) -> Exception:
    """Returns what a failure at a step means for the mail.

    A mail is refused for good only by a 5xx answer (RFC 5321 section 4.2.1) about that mail: a server's objection to us
    concerns every mail, and is cured in our settings. Before DATA, nothing of a mail has left.
    """
    may_have_arrived = step in (Step.DATA, Step.CONTENT)
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return MailDelayedError(f"{type(error).__name__}: {error}", may_have_arrived=may_have_arrived)
    answer = f"{error.code} {error.message}"
    if step not in _ABOUT_THE_MAIL:
        return MailDelayedError(f"{step} was refused: {answer}", may_have_arrived=False)
    if error.code < 500 or error.code == _BAD_SEQUENCE or _is_about_us(error):
        return MailDelayedError(answer, may_have_arrived=may_have_arrived)
    return MailRefusedError(answer, may_have_arrived=may_have_arrived)


def _is_about_us(error: aiosmtplib.SMTPResponseException) -> bool:
    return trouble_in(error.code, error.message, Trouble.RECIPIENT_REFUSED) in OURS
