"""Letting somebody in again who lost what they get in with, by decision of an operator."""

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, get_user, lock_active_admins
from leadnator_auth.domain.use_cases.steps.complete_recovery import complete_recovery
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction


async def recover_user(actor: Actor, user_ref: UserRef, *, ports: Ports) -> User:
    """Ends all sessions of an account, drops all that it is entered by but the password, and mails a reset link.

    Returns the account. Whoever asks for that has to be known as the owner: the password alone opens it from then on,
    and so does the mailbox. The mail leaves however many links were asked for before.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """

    async def recover(transaction: Transaction) -> User:
        await lock_active_admins(actor, transaction)
        user = await get_user(user_ref, transaction)
        recovered = await complete_recovery(
            user, transaction, ports, added_since=None, reason="recovered", actor=actor.id
        )
        await record(EventType.USER_RECOVERED, user.id, transaction, ports, actor=actor.id)
        await queue_mail(MailKind.USER_RECOVERED, user.email.canonical, transaction, ports)
        return recovered

    return await run_in_transaction(ports.unit_of_work, recover)
