"""A complete set of ports, with the work beside requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leadnator_auth.domain import Commit, Ports
from leadnator_auth.entrypoints.background.delivery_worker import DeliveryWorker, running
from leadnator_auth.entrypoints.background.housekeeper import keeping_house
from leadnator_auth.entrypoints.background.mails import MAILS
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.telemetry.event_log import log_events


@asynccontextmanager
async def running_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Opens a complete set of ports while the block runs; missing tables or a missing signing secret are made first.

    Meanwhile it delivers mails and purges what is over. `prepare` and `open_ports` do the same without that, for a
    script, or for a process that leaves both to others.

    Raises: StartError.
    """
    await asyncio.to_thread(prepare, settings)
    worker = DeliveryWorker(MAILS)

    def on_commit(commit: Commit) -> None:
        log_events(commit)
        worker.notice(commit)

    async with (
        open_ports(settings, on_commit) as ports,
        running(worker, ports),
        keeping_house(ports),
    ):
        yield ports
