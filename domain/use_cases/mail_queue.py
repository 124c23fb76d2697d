"""Looking after the mail queue: see what is in it, try again what was given up."""

from datetime import datetime

from leadnator_auth.domain.entities.mail import MailFigures, MailState, QueuedMail
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.text import is_storable

MAX_RETRIED_AT_ONCE = 500


async def list_mails(state: MailState | None = None, most: int = 100, *, ports: Ports) -> list[QueuedMail]:
    """Returns up to `most` mails, of one state or of all, newest first."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.latest(state, most)


async def retry_mails(mail_id: str | None = None, *, ports: Ports) -> int:
    """Makes a mail due at once, or all that are dead or wait; returns how many.

    All of them are not one transaction: however many there are, each step is short and keeps what it did.

    Raises: NotFoundError when there is no such mail, or it was sent.
    """
    now = ports.clock.now()
    if mail_id is not None:
        await _retry_one(mail_id, now, ports)
        return 1
    count, last = 0, ""
    while ids := await _retry_some(last, now, ports):
        count, last = count + len(ids), ids[-1]
    return count


async def _retry_one(mail_id: str, now: datetime, ports: Ports) -> None:
    async def retry(transaction: Transaction) -> bool:
        return await transaction.mail_queue.retry(now, mail_id)

    if not (is_storable(mail_id) and await run_in_transaction(ports.unit_of_work, retry)):
        raise NotFoundError


async def _retry_some(after: str, now: datetime, ports: Ports) -> list[str]:
    async def retry(transaction: Transaction) -> list[str]:
        return await transaction.mail_queue.retry_some(now, MAX_RETRIED_AT_ONCE, after)

    return await run_in_transaction(ports.unit_of_work, retry)


async def mail_figures(*, ports: Ports) -> MailFigures:
    """Returns how many mails are in which state, and since when the oldest waits."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.figures()
