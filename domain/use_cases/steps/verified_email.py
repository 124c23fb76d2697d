"""Whose address is proved, who has to have proved it, and proving it."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.user import User, with_verified_email
from leadnator_auth.domain.errors import EmailNotVerifiedError
from leadnator_auth.domain.policy import EmailVerification
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.record import record


def check_verified(user: User, ports: Ports, *, verified: bool | None = None) -> None:
    """Makes sure that the address is proved where it has to be: it is the only place that decides.

    `verified` is whether it has to be; None leaves it to the policy.

    Raises: EmailNotVerifiedError.
    """
    if user.is_email_verified:
        return
    is_needed = ports.policy.email_verification is EmailVerification.REQUIRED if verified is None else verified
    if is_needed:
        raise EmailNotVerifiedError(user.id)


async def ask_to_verify(user: User, transaction: Transaction, ports: Ports) -> None:
    """Queues a mail with a link that proves the address, unless it is proved, or nobody is to be asked."""
    if user.is_email_verified or ports.policy.email_verification is EmailVerification.OFF:
        return
    await queue_mail(MailKind.VERIFY_EMAIL, user.email.canonical, transaction, ports)


async def prove(user: User, transaction: Transaction, ports: Ports) -> User:
    """Stores the account with its address proved by its owner, and returns it; `proved` says what has to be."""
    owner = await proved(user, transaction, ports)
    if owner != user:
        await transaction.users.save(owner)
    return owner


async def proved(user: User, transaction: Transaction, ports: Ports) -> User:
    """Returns the account with its address proved by its owner; storing it is up to the caller.

    The user was read in the same transaction, and first of all.
    """
    if not user.is_email_verified:
        await record(EventType.USER_EMAIL_VERIFIED, user.id, transaction, ports)
    return with_verified_email(user, ports.clock.now())
