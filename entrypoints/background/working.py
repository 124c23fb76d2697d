"""The work beside requests, all of it together: mails, events, and housekeeping."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from leadnator_auth.domain import Commit, DeliveryReport, Ports
from leadnator_auth.entrypoints.background.delivery_worker import DeliveryWorker, running
from leadnator_auth.entrypoints.background.dispatcher import Dispatcher, dispatching
from leadnator_auth.entrypoints.background.events import event_deliveries
from leadnator_auth.entrypoints.background.housekeeper import keeping_house
from leadnator_auth.entrypoints.background.mails import MAILS


class BackgroundWork:
    """Sends mails, hands events over to those who subscribed, and purges what is over."""

    def __init__(
        self,
        first_look_after: float = 0.0,
        on_mail_delivery: Callable[[DeliveryReport], None] = lambda report: None,
        on_event_delivery: Callable[[DeliveryReport], None] = lambda report: None,
    ) -> None:
        """Begins after so many seconds; the others are told what became of mails, and of deliveries of events."""
        self._first_look_after = first_look_after
        self._mails = DeliveryWorker(MAILS, first_look_after, on_mail_delivery)
        self._dispatcher = Dispatcher(first_look_after, on_event_delivery)
        self._on_event_delivery = on_event_delivery
        self._events = DeliveryWorker(event_deliveries(), first_look_after, self._events_delivered)

    def notice(self, commit: Commit) -> None:
        """Wakes whoever has something to do since this commit."""
        self._mails.notice(commit)
        self._dispatcher.notice(commit)
        self._events.notice(commit)

    @asynccontextmanager
    async def running(self, ports: Ports) -> AsyncIterator[None]:
        """Works beside the block, and stops gracefully after it."""
        await self._dispatcher.subscribe(ports)  # before the block: what happens in it is for them
        async with (
            running(self._mails, ports),
            running(self._events, ports),
            dispatching(self._dispatcher, ports),
            keeping_house(ports, self._first_look_after),
        ):
            yield

    def _events_delivered(self, report: DeliveryReport) -> None:
        self._on_event_delivery(report)
        self._dispatcher.wake()  # what was delivered makes room for more
