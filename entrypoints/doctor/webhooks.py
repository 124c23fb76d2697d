"""Checks of the webhooks: whether anything can be sent, and whether their receivers take it."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from leadnator_auth.domain.entities.event_delivery import EventBacklog
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX

NAME = "webhooks"
COMMAND = "leadnator-auth webhooks"
FAILURES_TOLD = 3
"""In a row: fewer may be a receiver that was just started again."""
_INSTALL = "pip install 'leadnator-auth[webhooks]'"


class Database(Protocol):
    """What a database tells of webhooks; each raises UnavailableError."""

    async def schema(self) -> str: ...
    async def webhooks(self) -> Sequence[tuple[Webhook, Subscription]]: ...
    async def event_backlog(self) -> EventBacklog: ...


async def check_webhooks(
    opened: Callable[[], AbstractAsyncContextManager[Database]], has_key: Callable[[str], bool], missing: Sequence[str]
) -> AsyncIterator[Finding]:
    """Yields what keeps events from the receivers; nothing where the database has no answer, or is not the present one.

    `has_key` returns whether the master key with an id is there, and `missing` has the libraries that are not.
    """
    try:
        async with opened() as database:
            if await database.schema() != "current":
                return
            webhooks, backlog = await database.webhooks(), await database.event_backlog()
    except UnavailableError:
        return  # the check of the database tells
    if not webhooks:
        yield ok(NAME, f"none; to have some, {_INSTALL}" if missing else "none")
        return
    if missing:
        yield fail(NAME, f"off, and there are {len(webhooks)}: {', '.join(missing)} is not installed", _INSTALL)
    problems = [finding for webhook, subscription in webhooks for finding in _ailing(webhook, subscription, has_key)]
    for finding in problems:
        yield finding
    if backlog.dead:
        found = f"{backlog.dead} deliveries of the last days were given up"
        yield warn(NAME, found, f"see `{COMMAND} deliveries ID`, and `{COMMAND} retry ID DELIVERY` for what matters")
    if not (missing or problems or backlog.dead):
        yield ok(NAME, f"{len(webhooks)}, and {backlog.queued} deliveries wait")


def _ailing(webhook: Webhook, subscription: Subscription, has_key: Callable[[str], bool]) -> Iterator[Finding]:
    if not has_key(webhook.key_id):
        cure = f"put it back into {PREFIX}MASTER_KEY, or have a new secret: `{COMMAND} rotate {webhook.id}`"
        yield fail(NAME, f"the master key that the secret of {webhook.id} was made with is gone", cure)
    if not subscription.enabled:
        cure = f"where its receiver is there again: `{COMMAND} set {webhook.id} --enable`; else delete it"
        yield warn(NAME, f"{webhook.id} is disabled: its receiver answered 410 Gone, or somebody said so", cure)
    elif subscription.failures >= FAILURES_TOLD:
        found = f"the receiver of {webhook.id} failed {subscription.failures} times in a row"
        yield warn(NAME, found, f"`{COMMAND} deliveries {webhook.id}` says how")
