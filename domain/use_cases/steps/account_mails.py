"""Where a mail goes that names an account: to an address that it wants, or had, if it still makes sense then."""

from datetime import datetime

import attrs

from leadnator_auth.domain.entities.mail import MailKind, MailRequest
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.values.email_address import EmailAddress


@attrs.frozen
class Destination:
    """Whose mail it is, and the address that it goes to."""

    user: User
    to: EmailAddress
    expires_at: datetime | None = None
    """When what it offers is over; None leaves that to the rule of its kind."""


async def destination_of(request: MailRequest, transaction: Transaction, now: datetime) -> Destination | None:
    """Returns where a mail goes that names an account; None if it is worth nothing any more."""
    user = await transaction.users.by_id(request.user_id) if request.user_id else None
    if user is None:
        return None
    if request.kind is MailKind.CONFIRM_EMAIL:
        return await _to_wanted(user, request, transaction, now)
    if request.kind is MailKind.EMAIL_CHANGED:
        change = await transaction.email_changes.get(user.id, request.epoch)
        is_undoable = change is not None and change.is_undoable(now)
        return Destination(user, change.email, change.undoable_until) if change and is_undoable else None
    return Destination(user, EmailAddress(request.recipient, request.recipient))


async def _to_wanted(user: User, request: MailRequest, transaction: Transaction, now: datetime) -> Destination | None:
    """Returns the address that the owner asked for, unless they could not have it or took the wish back.

    Where they asked for another one meanwhile it is told all the same: how many mails leave must not depend on how
    soon each is taken from the queue, and the limit counts it. Its link proves nothing then.
    """
    pending, wanted = user.pending_email, request.recipient
    if pending is None or user.is_suspended or user.secret_epoch != request.epoch:
        return None
    if await transaction.users.by_email(wanted) is not None:
        return None
    if await transaction.email_changes.is_reserved(wanted, now, but=user.id):
        return None
    return Destination(user, pending if pending.canonical == wanted else EmailAddress(wanted, wanted))
