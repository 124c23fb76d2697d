"""Clearing away what is over, a little at a time, so that nothing grows for ever."""

from datetime import timedelta

from leadnator_auth.domain.mail import MailState
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.session import CLOCK_LEEWAY
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MOST_AT_ONCE = 500
SENT_MAILS_KEPT = timedelta(days=7)
DEAD_MAILS_KEPT = timedelta(days=30)
"""Longer than sent ones: somebody should look into why they could not be sent."""


async def purge(*, ports: Ports) -> int:
    """Removes expired sessions and reset tokens, old mails and empty counters, at most 500 of each; returns how many.

    A reset token stays until it no longer counts towards the limit of links an hour. Call again while this returns
    anything: each call is a short transaction of its own, so that log-ins never wait long.
    """
    now = ports.clock.now()

    async def clear(transaction: Transaction) -> int:
        removed = await transaction.sessions.purge(now - CLOCK_LEEWAY, MOST_AT_ONCE)
        removed += await transaction.reset_tokens.purge(now - ports.policy.reset_mails_window, MOST_AT_ONCE)
        for state, kept in ((MailState.SENT, SENT_MAILS_KEPT), (MailState.DEAD, DEAD_MAILS_KEPT)):
            removed += await transaction.mail_queue.purge(state, now - kept, MOST_AT_ONCE)
        return removed

    return await run_in_transaction(ports.unit_of_work, clear) + await ports.rate_limits.purge(now, MOST_AT_ONCE)
