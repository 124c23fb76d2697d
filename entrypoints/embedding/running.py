"""A complete set of ports, with the work beside requests."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import attrs

from leadnator_auth.domain import Commit, Ports, Subscriber
from leadnator_auth.domain.entities.subscription import subscribers_by_id
from leadnator_auth.entrypoints.background.working import BackgroundWork
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.telemetry.event_log import log_events, log_keys


@asynccontextmanager
async def running_ports(settings: Settings, subscribers: Iterable[Subscriber] = ()) -> AsyncIterator[Ports]:
    """Opens a complete set of ports while the block runs; missing tables or a missing signing secret are made first.

    Meanwhile it delivers mails, tells `subscribers` what happens, and purges what is over. `prepare` and `open_ports`
    do the same without that, for a script, or for a process that leaves all of it to others.

    A subscriber is a coroutine function that is called with each event since it was first given, at least once and
    never within a request; one that raises is called again later, for three days. It is known by its module and name:
    of several processes that have it, one calls it, and under another name it begins anew.

    Raises: StartError, also when two subscribers have one name; TypeError when one is no coroutine function.
    """
    try:
        functions = subscribers_by_id(subscribers)
    except ValueError as error:
        raise StartError(str(error)) from error
    await asyncio.to_thread(prepare, settings)
    work = BackgroundWork()

    def on_commit(commit: Commit) -> None:
        log_events(commit)
        work.notice(commit)

    async with open_ports(settings, on_commit) as opened:
        ports = attrs.evolve(opened, subscribers=functions)
        ports.key_ring.on_change = log_keys
        async with work.running(ports):
            yield ports
