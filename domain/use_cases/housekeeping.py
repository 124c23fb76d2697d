"""Purging what is over, a little at a time, so that nothing grows for ever."""

from collections.abc import Mapping
from datetime import timedelta

from leadnator_auth.domain.entities.known_client import KNOWN_FOR
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY, use_noted_every
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import Expired, Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MAX_AT_ONCE = 500
SENT_KEPT = timedelta(days=7)
DEAD_KEPT = timedelta(days=30)
"""Longer than sent ones: somebody should find out why they could not be sent."""


async def purge(*, ports: Ports) -> int:
    """Removes what is over, at most 500 rows of each kind; returns how many.

    That is sessions that expired or were not used for long, expired one-time tokens, changes of address that cannot be
    undone any more, old mails and deliveries of events, known clients not seen for long, what deleted accounts and
    subscriptions left, old events, and empty counters. A token stays until it no longer counts towards the limit of
    links an hour. Call again while this returns anything: each kind is a short transaction of its own, so that what was
    cleared stays cleared, and log-ins never wait long.
    """
    now = ports.clock.now()
    removed = 0
    for what, kept in kept_for(ports.policy).items():

        async def clear(transaction: Transaction, what: Expired = what, kept: timedelta = kept) -> int:
            return await transaction.purge(what, now - kept, MAX_AT_ONCE)

        removed += await run_in_transaction(ports.unit_of_work, clear)
    return removed + await ports.rate_limits.purge(now, MAX_AT_ONCE)


def kept_for(policy: Policy) -> Mapping[Expired, timedelta]:
    """Returns for how long what is over is kept."""
    idle = policy.session_idle
    return {
        Expired.SESSIONS: CLOCK_LEEWAY,
        **({} if idle is None else {Expired.IDLE_SESSIONS: idle + use_noted_every(idle)}),
        Expired.ONE_TIME_TOKENS: max(
            policy.reset_mails_window, policy.address_mails_window, policy.login_code_mails_window
        ),
        Expired.EMAIL_CHANGES: timedelta(0),
        Expired.SENT_MAILS: SENT_KEPT,
        Expired.DEAD_MAILS: DEAD_KEPT,
        Expired.SENT_EVENTS: SENT_KEPT,
        Expired.DEAD_EVENTS: DEAD_KEPT,
        Expired.OF_REMOVED_SUBSCRIPTIONS: timedelta(0),
        Expired.KNOWN_CLIENTS: KNOWN_FOR,
        Expired.OF_REMOVED_USERS: timedelta(0),
        Expired.EVENTS: policy.event_retention,
    }
