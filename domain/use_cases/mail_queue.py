"""Looking after the mail queue: see what is in it, try again what was given up."""

from leadnator_auth.domain.entities.mail import MailFigures, MailState, QueuedMail
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.text import is_storable


async def list_mails(state: MailState | None = None, most: int = 100, *, ports: Ports) -> list[QueuedMail]:
    """Returns up to `most` mails, of one state or of all, newest first."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.latest(state, most)


async def retry_mails(mail_id: str | None = None, *, ports: Ports) -> int:
    """Makes a mail due at once, or all that are dead or wait; returns how many.

    Raises: NotFoundError when there is no such mail, or it was sent.
    """
    if mail_id is not None and not is_storable(mail_id):
        raise NotFoundError

    async def retry(transaction: Transaction) -> int:
        revived = await transaction.mail_queue.retry(ports.clock.now(), mail_id)
        if mail_id is not None and not revived:
            raise NotFoundError
        return revived

    return await run_in_transaction(ports.unit_of_work, retry)


async def mail_figures(*, ports: Ports) -> MailFigures:
    """Returns how many mails are in which state, and since when the oldest waits."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.mail_queue.figures()
