"""Looking after the mail queue: see what is in it, try again what was given up."""

from datetime import datetime

from leadnator_auth.domain.entities.mail import QueuedMail
from leadnator_auth.domain.entities.outbox import SCHEDULE, DeliveryState, OutboxStats
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.text import is_storable

MAX_RETRIED_AT_ONCE = 500


async def list_mails(state: DeliveryState | None = None, limit: int = 100, *, ports: Ports) -> list[QueuedMail]:
    """Returns up to `limit` mails, of one state or of all, newest first; none of accounts that are gone."""
    async with ports.unit_of_work.snapshot() as repositories:
        mails = await repositories.mail_queue.latest(state, limit)
    return [mail for mail in mails if not mail.payload.is_forgotten]


async def retry_mails(mail_id: str | None = None, *, ports: Ports) -> int:
    """Makes a mail due at once, or all that are dead or wait; returns how many.

    All of them are not one transaction: however many there are, each step is short and keeps what it did.

    Raises: NotFoundError when there is no such mail, or it was sent.
    """
    now = ports.clock.now()
    if mail_id is not None:
        if not (is_storable(mail_id) and await _retry(now, ports, only=mail_id)):
            raise NotFoundError
        return 1
    count, last = 0, ""
    while ids := await _retry(now, ports, after=last):
        count, last = count + len(ids), ids[-1]
    return count


async def _retry(now: datetime, ports: Ports, *, after: str = "", only: str | None = None) -> list[str]:
    async def retry(transaction: Transaction) -> list[str]:
        give_up_at = now + SCHEDULE.give_up_after
        return await transaction.mail_queue.retry(now, give_up_at, MAX_RETRIED_AT_ONCE, after=after, only=only)

    return await run_in_transaction(ports.unit_of_work, retry)


async def mail_stats(*, ports: Ports) -> OutboxStats:
    """Returns how many mails are in which state, and since when the oldest waits."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.stats()
