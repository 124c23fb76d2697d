"""Tells those who wait for it that sessions ended, or signing keys changed, whichever process did that."""

import asyncio

import structlog

from leadnator_auth.domain import Commit, EventType, OverloadedError, Ports, UnavailableError
from leadnator_auth.domain.use_cases.revocations import advance_feed
from leadnator_auth.domain.use_cases.signing_keys import published_version
from leadnator_auth.entrypoints.background.beside import wait_for

MAX_WAITING = 1000
"""Requests that wait in one process."""
POLL_SECONDS = 0.25
"""How soon it is seen what another process did."""
PAUSE_SECONDS = 0.02
"""How long it leaves the database to others after each round."""

_log = structlog.get_logger(__name__)


class RevocationWatch:
    """One loop for all requests that wait in this process; while none does, it does nothing at all."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._awake = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait in this process; as long as there is one, it looks."""
        return len(self._waiting)

    def notice(self, commit: Commit) -> None:
        """Makes it look at once, if sessions ended in this commit."""
        if self._waiting and any(event.type is EventType.SESSION_ENDED for event in commit.events):
            self._awake.set()

    def join(self, ports: Ports) -> asyncio.Event:
        """Returns what is set whenever sessions ended or the keys changed from now on; `leave` gives it back.

        Raises: OverloadedError when too many wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise OverloadedError
        news = asyncio.Event()
        self._waiting.add(news)
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(ports))
        return news

    async def leave(self, news: asyncio.Event) -> None:
        """Waits no longer; after the last one, nothing is looked for any more."""
        self._waiting.discard(news)
        if not self._waiting and self._polling is not None:
            polling, self._polling = self._polling, None
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)

    async def _poll(self, ports: Ports) -> None:
        position, version = 0, ""
        while True:
            self._awake.clear()
            has_more = False
            try:
                progress = await advance_feed(position, ports=ports)
                published = await published_version(ports=ports)
            except UnavailableError as error:
                _log.warning("feed_unavailable", error=str(error))
            except Exception:  # noqa: BLE001 (no failure ends it: others wait)
                _log.exception("feed_failed")
            else:
                position, has_more = progress.position, progress.has_more
                if progress.has_revocations or published != version:
                    self._tell()
                version = published
            await asyncio.sleep(PAUSE_SECONDS)
            if not has_more:
                await wait_for(self._awake, POLL_SECONDS - PAUSE_SECONDS)

    def _tell(self) -> None:
        for news in self._waiting:
            news.set()
