"""uvicorn's protocol over httptools, behind the guard."""

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leadnator_auth.entrypoints.http.middleware.envelope import CUT_OFF, ENDING
from leadnator_auth.entrypoints.server.wire.answering import answering
from leadnator_auth.entrypoints.server.wire.gathering import GatheringTransport
from leadnator_auth.entrypoints.server.wire.guard import ConnectionGuard
from leadnator_auth.entrypoints.server.wire.refusing import Reason


class GuardedHttpToolsProtocol(HttpToolsProtocol):
    """One connection."""

    guard: ConnectionGuard

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(GatheringTransport(transport, self.loop, lambda: self.guard.linger()))
        self.guard = ConnectionGuard(self)
        self.app = answering(self.app, self.guard)
        self.app_state = self.app_state | {CUT_OFF: self.guard.cut_off, ENDING: self.guard.ending}

    def connection_lost(self, exc: Exception | None) -> None:
        self.guard.lose()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self.guard.ending.set()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        self.guard.take(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # as in asyncio: whether to keep the other half open
        return self.guard.hear_end()

    def feed(self, part: bytes) -> None:
        try:
            self.parser.feed_data(part)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.guard.refuse(Reason.UNPARSABLE)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.guard.go_on()

    def stop_idling(self) -> None:
        self._unset_keepalive_if_required()
