"""Clearing away what is over, a little at a time, so that nothing grows for ever."""

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
"""Longer than sent ones: somebody should look into why they could not be sent."""


async def purge(*, ports: Ports) -> int:
    """Removes what is over, at most 500 rows of each kind; returns how many.

    That is expired sessions and reset tokens, old mails, known clients not seen for long, what deleted accounts left,
    and empty counters. A reset token stays until it no longer counts towards the limit of links an hour. Call again
    while this returns anything: each kind is a short transaction of its own, so that what was cleared stays cleared,
    and log-ins never wait long.
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
