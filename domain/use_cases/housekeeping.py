"""Purging what is over, a little at a time, so that nothing grows for ever."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from leadnator_auth.domain.entities.known_client import KNOWN_FOR
from leadnator_auth.domain.entities.mail import MailState
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MOST_AT_ONCE = 500
SENT_MAILS_KEPT = timedelta(days=7)
DEAD_MAILS_KEPT = timedelta(days=30)
"""Longer than sent ones: somebody should find out why they could not be sent."""


async def purge(*, ports: Ports) -> int:
    """Removes what is over, at most 500 rows of each kind; returns how many.

    That means expired sessions and reset tokens, old mails and events, known clients not seen for long, rows left by
    deleted accounts, and empty counters. A reset token stays until it no longer counts towards the hourly limit of
    links. Call again while this returns anything but 0: each kind is a short transaction of its own, so that progress
    is kept, and log-ins never wait long.
    """
    removed = 0
    for clear in _clearings(ports.clock.now(), ports):
        removed += await run_in_transaction(ports.unit_of_work, clear)
    return removed + await ports.rate_limits.purge(ports.clock.now(), MOST_AT_ONCE)


def _clearings(now: datetime, ports: Ports) -> list[Callable[[Transaction], Awaitable[int]]]:
    return [
        lambda kept: kept.sessions.purge(now - CLOCK_LEEWAY, MOST_AT_ONCE),
        lambda kept: kept.reset_tokens.purge(now - ports.policy.reset_mails_window, MOST_AT_ONCE),
        lambda kept: kept.mail_queue.purge(MailState.SENT, now - SENT_MAILS_KEPT, MOST_AT_ONCE),
        lambda kept: kept.mail_queue.purge(MailState.DEAD, now - DEAD_MAILS_KEPT, MOST_AT_ONCE),
        lambda kept: kept.known_clients.purge(now - KNOWN_FOR, MOST_AT_ONCE),
        lambda kept: kept.users.purge(MOST_AT_ONCE),
        lambda kept: kept.events.purge(now - ports.policy.event_retention, MOST_AT_ONCE),
    ]
