"""A conversation with an SMTP server, one step after the other, none of which waits for ever."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

import aiosmtplib

from leadnator_auth.adapters.mail.own_name import OwnName
from leadnator_auth.adapters.mail.server import Security, SmtpServer

CONTENT_SECONDS = 600.0
"""How long a server may think about a whole mail, at least (RFC 5321 section 4.5.3.2.6). It may have taken the mail
long before it says so, and a client that does not wait sends the mail twice."""
ALIVE_SECONDS = 5.0
FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError)
"""Everything a step raises when the server, or the way to it, is at fault."""
_GO_AHEAD, _TAKEN = 354, 250
_FIRST_PERIOD = re.compile(rb"(?m)^\.")


class Step(StrEnum):
    """The steps of a conversation."""

    CONNECTION = "the connection"
    GREETING = "EHLO"
    ENCRYPTION = "STARTTLS"
    LOG_IN = "AUTH"
    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    DATA = "DATA"
    CONTENT = "the mail"
    SIGN_OF_LIFE = "NOOP"


class Conversation:
    """One connection; `step` is the step that was begun last.

    aiosmtplib would wait with `asyncio.wait_for`, which can lose a cancellation on Python 3.11: it gets no time-outs,
    and each step here has its own.
    """

    def __init__(self, server: SmtpServer, own_name: OwnName) -> None:
        self.step = Step.CONNECTION
        self.client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname="localhost",  # until there is a connection to know better from
            use_tls=server.security is Security.TLS,
            # Not given, aiosmtplib would go on in clear where a server, or somebody between, offers no TLS.
            start_tls=False,
            timeout=None,
        )
        self._server = server
        self._own_name = own_name

    async def open(self) -> None:
        """Goes through all steps before a mail."""
        await self.connect()
        await self.greet()
        if self._server.security is Security.STARTTLS:
            await self.encrypt()
        if self._server.username is not None:
            await self.log_in(self._server.username, self._server.password or "")

    async def connect(self) -> None:
        """Connects, encrypted from the start if that is asked for, and waits for the server's greeting."""
        async with self._at(Step.CONNECTION):
            await self.client.connect()

    async def greet(self) -> None:
        """Says who we are."""
        async with self._at(Step.GREETING):
            own_address = self.client.get_transport_info("sockname")[0]
            self.client.local_hostname = await self._own_name.on(own_address)
            try:
                await self.client.ehlo()
            except aiosmtplib.SMTPHeloError:
                if not self.client.is_connected:
                    raise
        if self.client.is_ehlo_or_helo_needed:  # a server so old knows no more than HELO (RFC 5321 section 3.2)
            async with self._at(Step.GREETING):
                await self.client.helo()

    async def encrypt(self) -> None:
        """Goes on over TLS."""
        async with self._at(Step.ENCRYPTION):
            await self.client.starttls()
        await self.greet()

    async def log_in(self, username: str, password: str) -> None:
        """Proves who we are."""
        async with self._at(Step.LOG_IN):
            await self.client.login(username, password)

    async def is_alive(self) -> bool:
        """Returns whether the server still answers; if not, the conversation is over."""
        try:
            async with self._at(Step.SIGN_OF_LIFE, min(self._server.timeout, ALIVE_SECONDS)):
                await self.client.noop()
        except FAILURES:
            self.close()
            return False
        except BaseException:
            self.close()
            raise
        return True

    async def name_sender(self, sender: str) -> None:
        """Says who a mail is from."""
        async with self._at(Step.SENDER):
            await self.client.mail(sender)

    async def hand_over(self, message: bytes, sender: str, recipient: str) -> None:
        """Returns once the server has taken a message, whose lines end with CR LF, for this one recipient."""
        await self.name_sender(sender)
        async with self._at(Step.RECIPIENT):
            await self.client.rcpt(recipient)
        async with self._at(Step.DATA):
            _expect(_GO_AHEAD, await self.client.execute_command(b"DATA"))
        async with self._at(Step.CONTENT, max(self._server.timeout, CONTENT_SECONDS)):
            protocol = self.client.protocol
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            protocol.write(_FIRST_PERIOD.sub(b"..", message) + b".\r\n")
            _expect(_TAKEN, await protocol.read_response())

    def close(self) -> None:
        """Ends the connection, if there is one."""
        self.client.close()

    @asynccontextmanager
    async def _at(self, step: Step, seconds: float | None = None) -> AsyncIterator[None]:
        self.step = step
        seconds = self._server.timeout if seconds is None else seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"no answer to {step} within {seconds:g} seconds") from error


def _expect(code: int, response: aiosmtplib.SMTPResponse) -> None:
    if response.code != code:
        raise aiosmtplib.SMTPDataError(response.code, response.message)
