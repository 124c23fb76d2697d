"""Gives events their places and their deliveries while the server runs."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import structlog

from leadnator_auth.domain import Commit, DeliveryReport, Ports, UnavailableError, dispatch_events, subscribe_functions
from leadnator_auth.entrypoints.background.beside import beside, wait_for
from leadnator_auth.entrypoints.background.delivery_worker import POLL_SECONDS

PAUSE_SECONDS = 0.1
"""How long it leaves the database to others after each round: what happens meanwhile goes together."""

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Dispatches events again and again; while nobody has subscribed, only now and then."""

    def __init__(
        self, first_look_after: float = 0.0, on_delivery: Callable[[DeliveryReport], None] = lambda report: None
    ) -> None:
        """Looks for events for the first time after so many seconds; what is given up is told to `on_delivery`."""
        self._first_look_after = first_look_after
        self._on_delivery = on_delivery
        self._awake = asyncio.Event()
        self._is_wanted = False
        self._has_subscribed = False

    def notice(self, commit: Commit) -> None:
        """Makes it look for events soon, if there are new ones that somebody may want."""
        if commit.events and self._is_wanted:
            self.wake()

    def wake(self) -> None:
        """Makes it look soon: there may be events, or room for deliveries."""
        self._awake.set()

    async def subscribe(self, ports: Ports) -> None:
        """Subscribes the functions of this process; while the database is away, that is tried again with each round."""
        with suppress(UnavailableError):
            await self._subscribe(ports)

    async def run(self, ports: Ports) -> None:
        """Dispatches until it is cancelled; what is cut short never happened."""
        await asyncio.sleep(self._first_look_after)
        while True:
            self._awake.clear()
            has_more = await self._dispatch(ports)
            await asyncio.sleep(PAUSE_SECONDS)
            if not has_more:
                await wait_for(self._awake, POLL_SECONDS)

    async def _dispatch(self, ports: Ports) -> bool:
        """Returns whether there is more to do at once; no failure ends the work."""
        try:
            await self._subscribe(ports)
            report = await dispatch_events(ports=ports)
        except UnavailableError as error:
            _log.warning("dispatch_unavailable", error=str(error))
            return False
        except Exception:  # noqa: BLE001 (as it says)
            _log.exception("dispatch_failed")
            return False
        self._is_wanted = report.is_wanted
        if report.given_up:
            _log.warning("events_given_up", deliveries=report.given_up)
            self._on_delivery(DeliveryReport(dead=report.given_up))
        return report.has_more

    async def _subscribe(self, ports: Ports) -> None:
        if ports.subscribers and not self._has_subscribed:
            await subscribe_functions(ports=ports)
        self._has_subscribed = True


def dispatching(dispatcher: Dispatcher, ports: Ports) -> AbstractAsyncContextManager[None]:
    """Dispatches beside the block."""
    return beside(dispatcher.run(ports))
