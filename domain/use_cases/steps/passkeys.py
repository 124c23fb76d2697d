"""Keeping, using and dropping passkeys: the rules on one answer of an authenticator, and on what is kept already."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

import attrs

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS, Passkey, PasskeyAssertion, PasskeyRegistration
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidPasskeyError, PasskeyClonedError, TooManyPasskeysError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.ports.passkeys import Json
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.passkey_challenges import require_passkeys, signed_part
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.ids import PASSKEY_ID_PREFIX, PasskeyId, UserId

Result = TypeVar("Result")


async def keep_passkey(
    registration: PasskeyRegistration, user: User, name: str, transaction: Transaction, ports: Ports
) -> Passkey:
    """Keeps a new passkey of a user, who was looked up in this transaction, tells them by mail, and returns it.

    Raises: InvalidPasskeyError when its flags forbid it, TooManyPasskeysError, PasskeyExistsError.
    """
    if user.passkey_count >= MAX_PASSKEYS:
        raise TooManyPasskeysError
    passkey_id = PasskeyId(new_id(PASSKEY_ID_PREFIX, ports))
    passkey = Passkey.made_of(registration, passkey_id, user, name, ports.clock.now())
    await transaction.passkeys.add(passkey)
    await transaction.users.save(attrs.evolve(user, passkey_count=user.passkey_count + 1))
    await record(EventType.PASSKEY_ADDED, user.id, transaction, ports, passkey_id=passkey.id)
    await queue_mail(MailKind.PASSKEY_ADDED, user.email.canonical, transaction, ports)
    return passkey


@attrs.frozen
class ProvenPasskey:
    """A passkey, and a genuine use of it that is not kept yet."""

    passkey: Passkey
    assertion: PasskeyAssertion

    async def use(self, transaction: Transaction, ports: Ports, *, is_user_known: bool) -> None:
        """Keeps the use.

        Raises: what `use_passkey` raises.
        """
        await use_passkey(self.passkey, self.assertion, transaction, ports, is_user_known=is_user_known)

    async def use_by(self, user: User, transaction: Transaction, ports: Ports) -> None:
        """Keeps the use by somebody who is known already; the passkey has to be theirs.

        Raises: what `use_passkey` raises.
        """
        if self.passkey.user_id != user.id:
            raise InvalidPasskeyError("it is the passkey of another account")
        await self.use(transaction, ports, is_user_known=True)


async def verified_passkey(answer: Json, secret: str, ports: Ports) -> ProvenPasskey:
    """Returns the passkey that answered a challenge, whosever it is; nothing is kept.

    Raises: NotFoundError where passkeys are off, InvalidPasskeyError.
    """
    ceremony = require_passkeys(ports)
    credential_id = ceremony.credential_id(answer)
    async with ports.unit_of_work.snapshot() as repositories:
        passkey = await repositories.passkeys.by_credential_id(credential_id)
    if passkey is None:
        raise InvalidPasskeyError("nobody has registered it here, or it was removed")
    return ProvenPasskey(passkey, ceremony.verify_assertion(answer, signed_part(secret), passkey))


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


async def telling_of_clones(work: Awaitable[Result], ports: Ports) -> Result:
    """Returns what the work returns; its owner is told of a passkey that it refused because it may be a copy.

    Raises: what the work raises.
    """
    try:
        return await work
    except PasskeyClonedError as refusal:
        await tell_of_clone(refusal, ports)
        raise


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


async def drop_added_passkeys(
    user: User, added_since: datetime | None, transaction: Transaction, ports: Ports, *, actor: str | None = None
) -> User:
    """Returns the account without the passkeys that were added since an instant, with None without any.

    Each that is removed is an event. Storing the account is up to the caller, who read it in the same transaction, and
    first of all. Without an `actor`, the owner removed them.
    """
    dropped = await transaction.passkeys.remove_of_user(user.id, added_since)
    for passkey in dropped:
        await record(EventType.PASSKEY_REMOVED, user.id, transaction, ports, actor=actor, passkey_id=passkey.id)
    return attrs.evolve(user, passkey_count=user.passkey_count - len(dropped))
