"""Keeping, using and dropping passkeys: the rules on one answer of an authenticator, and on what is kept already."""

from datetime import datetime

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS, Passkey, PasskeyAssertion, PasskeyRegistration
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidPasskeyError, PasskeyClonedError, TooManyPasskeysError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.ids import PASSKEY_ID_PREFIX, PasskeyId, UserId


async def keep_passkey(
    registration: PasskeyRegistration, user: User, name: str, transaction: Transaction, ports: Ports
) -> Passkey:
    """Keeps a new passkey of a user, who was looked up in this transaction, tells them by mail, and returns it.

    Raises: InvalidPasskeyError when its flags forbid it, TooManyPasskeysError, PasskeyExistsError.
    """
    if len(await transaction.passkeys.of_user(user.id)) >= MAX_PASSKEYS:
        raise TooManyPasskeysError
    passkey_id = PasskeyId(new_id(PASSKEY_ID_PREFIX, ports))
    passkey = Passkey.made_of(registration, passkey_id, user, name, ports.clock.now())
    await transaction.passkeys.add(passkey)
    await record(EventType.PASSKEY_ADDED, user.id, transaction, ports, passkey_id=passkey.id)
    await queue_mail(MailKind.PASSKEY_ADDED, user.email.canonical, transaction, ports)
    return passkey


async def use_passkey(
    passkey: Passkey, assertion: PasskeyAssertion, transaction: Transaction, ports: Ports, *, is_user_known: bool
) -> Passkey:
    """Keeps that a passkey was used, and returns it as it is then.

    Of two uses with one counter, whatever they read before, one counts.

    Raises: InvalidPasskeyError, PasskeyClonedError; nothing is kept then.
    """
    used = passkey.used_by(assertion, ports.clock.now(), is_user_known=is_user_known)
    if await transaction.passkeys.record_use(used):
        return used
    if await transaction.passkeys.by_id(passkey.id) is None:
        raise InvalidPasskeyError("it was removed meanwhile")
    raise PasskeyClonedError(passkey.id, passkey.user_id)


async def tell_of_clone(refusal: PasskeyClonedError, ports: Ports) -> None:
    """Keeps as an event that somebody else may have the key of a passkey, and tells the owner by mail.

    It has a transaction of its own: that in which the passkey was refused is not kept.
    """

    async def tell(transaction: Transaction) -> None:
        user = await transaction.users.by_id(UserId(refusal.user_id))
        if user is not None:
            await record(EventType.PASSKEY_CLONED, user.id, transaction, ports, passkey_id=refusal.passkey_id)
            await queue_mail(MailKind.PASSKEY_CLONED, user.email.canonical, transaction, ports)

    await run_in_transaction(ports.unit_of_work, tell)


async def drop_added_passkeys(user: User, added_since: datetime | None, transaction: Transaction, ports: Ports) -> None:
    """Removes the passkeys that were added since an instant, with None all; each is an event.

    The user was read in the same transaction, and first of all.
    """
    for passkey in await transaction.passkeys.remove_of_user(user.id, added_since):
        await record(EventType.PASSKEY_REMOVED, user.id, transaction, ports, passkey_id=passkey.id)
