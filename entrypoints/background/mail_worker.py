"""The mail worker, which sends the queued mails while the server runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from leadnator_auth.domain import Commit, Delivery, MailState, Ports, QueuedMail, UnavailableError, renew_lease
from leadnator_auth.domain.entities.outbox import LEASE, Lanes
from leadnator_auth.domain.use_cases.mail_delivery import TakenMail, send_mail, take_mail

POLL_SECONDS = 1.5
"""How soon a mail queued by another process, or due again, is seen; one queued in this process is seen at once."""
RENEW_SECONDS = LEASE.total_seconds() / 4
STOP_SECONDS = 15.0
"""How long stopping waits for mails under way; a mail that is cut short is sent again later."""
MAX_CONVERSATIONS = 16
MAX_CONVERSATIONS_OF_A_DOMAIN = 8
HEAD_START_SECONDS = 0.1
"""How long a mail has the server to itself before the next one starts beside it: a quick server sees one connection."""

_FATES = {MailState.QUEUED: "delayed", MailState.DEAD: "given_up"}
_log = structlog.get_logger(__name__)


class MailWorker:
    """Delivers mails until it is stopped; `wake` tells it that one was queued.

    Several are sent at once, but never all to one domain: a slow server delays nobody else's mail.
    """

    def __init__(
        self, startup_delay: float = 0.0, on_delivery: Callable[[Delivery], None] = lambda delivery: None
    ) -> None:
        """Looks at the queue for the first time after so many seconds, or when woken.

        `on_delivery` is told the fate of mails.
        """
        self._startup_delay = startup_delay
        self._on_delivery = on_delivery
        self._lanes = Lanes(MAX_CONVERSATIONS, MAX_CONVERSATIONS_OF_A_DOMAIN)
        self._awake = asyncio.Event()
        self._stopping = False

    def notice(self, commit: Commit) -> None:
        """Makes the worker look at the queue at once, if there is a new mail in it."""
        if commit.has_new_mail:
            self.wake()

    def wake(self) -> None:
        """Makes the worker look at the queue at once."""
        self._awake.set()

    async def run(self, ports: Ports) -> None:
        """Delivers due mails, again and again, until `stop`; returns once no mail is under way."""
        await self._pause(self._startup_delay)
        async with asyncio.TaskGroup() as conversations:
            while not self._stopping:
                self._awake.clear()
                has_more = self._lanes.has_room and await self._begin_next(conversations, ports)
                if not has_more and not self._stopping:
                    await self._pause(POLL_SECONDS)

    def stop(self) -> None:
        """Makes `run` return after the mails that are under way."""
        self._stopping = True
        self.wake()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()

    async def _begin_next(self, conversations: asyncio.TaskGroup, ports: Ports) -> bool:
        """Returns whether there was anything to deliver; no failure ends the worker."""
        try:
            taken, delivery = await take_mail(self._lanes.full, ports=ports)
        except Exception as error:  # noqa: BLE001 (as it says)
            _log_failure(error)
            return False
        self._report(delivery)
        if taken is not None:
            self._lanes.enter(taken.mail.lane)
            conversation = conversations.create_task(self._send(taken, ports))
            await asyncio.wait([conversation], timeout=HEAD_START_SECONDS)
        return taken is not None or delivery.total > 0

    async def _send(self, taken: TakenMail, ports: Ports) -> None:
        try:
            delivery = await send_mail(taken, keeping_lease=lambda mail: _keeping_lease(mail, ports), ports=ports)
        except Exception as error:  # noqa: BLE001 (a bug in one mail must not stop all mail for good)
            _log_failure(error)
        else:
            self._report(delivery)
        finally:
            self._lanes.leave(taken.mail.lane)
            self.wake()

    def _report(self, delivery: Delivery) -> None:
        if not delivery.total:
            return
        self._on_delivery(delivery)
        for mail in delivery.failures:
            _log.warning(f"mail_{_FATES[mail.state]}", mail=mail.id, attempts=mail.attempts, error=mail.last_error)
        _log.info(
            "mail_delivered",
            sent=delivery.sent,
            delayed=delivery.delayed,
            dead=delivery.dead,
            dropped=delivery.dropped,
        )


def _log_failure(error: Exception) -> None:
    if isinstance(error, UnavailableError):
        _log.warning("mail_queue_unavailable", error=str(error))
    else:
        _log.error("mail_delivery_failed", exc_info=error)


@asynccontextmanager
async def _keeping_lease(mail: QueuedMail, ports: Ports) -> AsyncIterator[None]:
    """Renews the lease of a mail while the block runs, so that no other process takes the mail being sent."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(UnavailableError):
                await renew_lease(mail, ports=ports)

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def running(worker: MailWorker, ports: Ports) -> AsyncIterator[None]:
    """Runs the worker while the block runs, and then stops it gracefully."""
    task = asyncio.create_task(worker.run(ports))
    try:
        yield
    finally:
        worker.stop()
        _, unfinished = await asyncio.wait([task], timeout=STOP_SECONDS)
        for late in unfinished:
            late.cancel()
        await asyncio.gather(task, return_exceptions=True)
