"""A mail server on a real socket that follows a script: well-behaved, but where a test says otherwise."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

import attrs

from tests.e2e.server import DEADLINE_SECONDS, HOST


class Act(Enum):
    """What a server may do instead of answering."""

    HANG_UP = auto()
    FALL_SILENT = auto()
    SHAKE_HANDS = auto()
    """Answers 220 and goes on over TLS."""


Reaction = bytes | Act
"""Bytes are sent as they are; they bring their own line ends."""
Script = Mapping[str, "Reaction | Callable[[Talk], Awaitable[Reaction]]"]
"""What to do at "banner", at the name of a command, or at "dot", the end of a mail's content."""

HEALTHY: Script = {}
_USUAL: Mapping[str, Reaction] = {
    "banner": b"220 scripted.example ESMTP\r\n",
    "EHLO": b"250-scripted.example\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
    "HELO": b"250 scripted.example\r\n",
    "STARTTLS": Act.SHAKE_HANDS,
    "AUTH": b"235 2.7.0 welcome\r\n",
    "MAIL": b"250 2.1.0 sender ok\r\n",
    "RCPT": b"250 2.1.5 recipient ok\r\n",
    "DATA": b"354 go ahead\r\n",
    "dot": b"250 2.0.0 taken\r\n",
    "NOOP": b"250 2.0.0 ok\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}


@attrs.define
class Talk:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_encrypted: bool = False
    in_clear: list[bytes] = attrs.Factory(list)
    """The lines that came without encryption."""
    steps: Counter[str] = attrs.Factory(Counter)
    """How often each step was reached."""
    is_over: bool = False

    async def say(self, words: bytes) -> None:
        """Sends bytes."""
        self.writer.write(words)
        await self.writer.drain()

    async def encrypt(self, certificate: ssl.SSLContext) -> None:
        """Goes on over TLS."""
        await self.writer.start_tls(certificate)
        self.is_encrypted = True

    async def line(self) -> bytes:
        """Returns the next line, or nothing at the end."""
        line = await self.reader.readline()
        if line and not self.is_encrypted:
            self.in_clear.append(line)
        return line


@attrs.define
class ScriptedServer:
    """Follows its `script`, which a test may change at any time."""

    script: Script = attrs.Factory(dict)
    certificate: ssl.SSLContext | None = None
    is_encrypted_at_once: bool = False
    """Whether it is an smtps:// server."""
    port: int = 0
    talks: list[Talk] = attrs.Factory(list)
    taken: list[bytes] = attrs.Factory(list)
    """The contents of the mails that it acknowledged."""
    seen: list[bytes] = attrs.Factory(list)
    """The contents of all mails that came whole, acknowledged or not."""

    @property
    def steps(self) -> Counter[str]:
        """How often each step was reached over all connections."""
        return sum((talk.steps for talk in self.talks), Counter())

    @property
    def open_connections(self) -> int:
        """How many clients are still there."""
        return sum(not talk.is_over for talk in self.talks)

    @property
    def in_clear(self) -> list[bytes]:
        """All that was said without encryption."""
        return [line for talk in self.talks for line in talk.in_clear]

    async def serve(self, talk: Talk) -> None:
        """Holds a conversation to its end."""
        if self.is_encrypted_at_once:
            await self._shake_hands(talk)
        step = "banner"
        while await self._goes_on_after(talk, step):
            line = await talk.line()
            if not line:
                return
            step = line.decode("latin-1").partition(" ")[0].strip().upper()

    async def _goes_on_after(self, talk: Talk, step: str) -> bool:
        reaction = await self._react(talk, step)
        if step == "DATA" and isinstance(reaction, bytes) and reaction.startswith(b"354"):
            content = await self._content(talk)
            if content is None:
                return False
            self.seen.append(content)
            reaction = await self._react(talk, "dot")
            if isinstance(reaction, bytes) and reaction.startswith(b"250"):
                self.taken.append(content)
        return step != "QUIT" and (isinstance(reaction, bytes) or reaction is Act.SHAKE_HANDS)

    async def _react(self, talk: Talk, step: str) -> Reaction:
        talk.steps[step] += 1
        reaction = self.script.get(step, _USUAL.get(step, b"500 5.5.1 what?\r\n"))
        if callable(reaction):
            reaction = await reaction(talk)
        if isinstance(reaction, bytes):
            await talk.say(reaction)
        elif reaction is Act.SHAKE_HANDS:
            await talk.say(b"220 2.0.0 go ahead\r\n")
            await self._shake_hands(talk)
        elif reaction is Act.FALL_SILENT:
            while await talk.line():
                pass
        return reaction

    async def _content(self, talk: Talk) -> bytes | None:
        """Returns all up to the final dot, or nothing when it never comes."""
        content = b""
        while (line := await talk.line()) != b".\r\n":
            if not line:
                return None
            content += line
        return content

    async def _shake_hands(self, talk: Talk) -> None:
        assert self.certificate is not None
        await talk.encrypt(self.certificate)


@asynccontextmanager
async def following(server: ScriptedServer) -> AsyncIterator[ScriptedServer]:
    """Runs the server on a free port beside the block."""
    tasks: list[asyncio.Task[None]] = []

    async def hold(talk: Talk) -> None:
        try:
            # A client may leave at any time, and what it says may be no line at all.
            with suppress(OSError, ValueError, EOFError):
                await server.serve(talk)
        finally:
            talk.is_over = True
            talk.writer.close()
            with suppress(OSError):
                await talk.writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(reader, writer)
        server.talks.append(talk)
        tasks.append(asyncio.create_task(hold(talk)))

    listener = await asyncio.start_server(begin, HOST, 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def soon(look: Callable[[], object], what: str, within: float = DEADLINE_SECONDS) -> None:
    """Returns when `look` is true, or fails at the deadline."""
    end = time.monotonic() + within
    while not look():
        assert time.monotonic() < end, f"still waiting for {what}"
        await asyncio.sleep(0.005)
