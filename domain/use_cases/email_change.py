"""Changing the address of an account: ask for a link to the new one, confirm it there, undo it from the old one."""

import attrs

from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.mailed_link import LinkState, MailedLink
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import User, without_secrets
from leadnator_auth.domain.errors import EmailTakenError, InvalidEmailTokenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.complete_recovery import complete_recovery
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.one_time_tokens import find, find_usable
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.require_step_up import require_step_up
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import proved
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import UserId


async def change_email(identity: Identity, email: RawField, *, ports: Ports) -> None:
    """Queues a mail to another address with the link that confirms it; nothing else changes before that.

    Only the address that was asked for last can be confirmed, and asking for the present one takes it back. Whether an
    address is taken is not looked at here: a link to it is never sent, and nobody who asks can tell.

    Raises: MissingFieldsError, InvalidFieldsError, SignUpClosedError where the domain is none of those that may sign
    up, StepUpRequiredError, InvalidTokenError when the session ended meanwhile.
    """
    with FieldChecks() as check:
        address = check("email", email, ports.emails.parse)
    if address.canonical != identity.user.email.canonical:  # whoever has an address may always stay
        ports.policy.sign_up.check_move(address)

    async def ask(transaction: Transaction) -> None:
        user = await require_step_up(identity, transaction, ports)
        is_present = address.canonical == user.email.canonical
        asked = attrs.evolve(user, pending_email=None if is_present else address)
        await transaction.users.save(asked)
        if not is_present:
            await queue_mail(MailKind.CONFIRM_EMAIL, address.canonical, transaction, ports, account=asked)

    await run_in_transaction(ports.unit_of_work, ask)


async def confirm_email(secret: RawField, *, ports: Ports) -> User:
    """Gives an account the address that the secret was mailed to, which is proved by that; returns the account.

    Every other mailed secret is void then, but those that undo a change. The old address is told, with a link that
    undoes this one, and is kept for its owner so long. Sessions go on, and none is opened.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidEmailTokenError, EmailTakenError.
    """
    token, user_id = await _usable(Purpose.EMAIL, secret, ports)

    async def confirm(transaction: Transaction) -> User:
        user = await transaction.users.by_id(user_id)
        if user is None or user.pending_email is None or not token.belongs_to(user):
            raise InvalidEmailTokenError
        if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
            raise InvalidEmailTokenError
        return await _move(user, user.pending_email, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, confirm)


async def undo_email_change(secret: RawField, *, ports: Ports) -> User:
    """Gives an account the address back that it had before a change, and makes it its owner's again; returns it.

    All sessions end, all other mailed secrets are void, and so is what undoes later changes; whatever was added to get
    in since the change is gone. No password works any more: a link to set one is mailed to the old address, and drops
    the rest where that was never proved: perhaps its owner signed nothing up.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidEmailTokenError; EmailTakenError when an admin gave the
    address to somebody else.
    """
    token, user_id = await _usable(Purpose.UNDO, secret, ports)

    async def undo(transaction: Transaction) -> User:
        user = await transaction.users.by_id(user_id)
        change = await transaction.email_changes.get(user_id, token.epoch)
        if user is None or change is None:
            raise InvalidEmailTokenError
        if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
            raise InvalidEmailTokenError
        return await _move_back(user, change, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, undo)


async def look_at_confirmation_link(secret: RawField, *, ports: Ports) -> MailedLink:
    """Returns what the link with this secret is good for now, and uses nothing up; its address is the new one."""
    if not isinstance(secret, str):
        return MailedLink(LinkState.VOID)
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.EMAIL, secret, repositories)
    if found is None:
        return MailedLink(LinkState.VOID)
    token, user = found
    if token.used_at is not None and token.is_for_address_of(user):
        return MailedLink(LinkState.USED)
    is_usable = token.is_usable(user, ports.clock.now())
    return MailedLink(LinkState.USABLE, user.pending_email) if is_usable else MailedLink(LinkState.VOID)


async def look_at_undo_link(secret: RawField, *, ports: Ports) -> MailedLink:
    """Returns what the link with this secret is good for now, and uses nothing up; its address is the old one."""
    if not isinstance(secret, str):
        return MailedLink(LinkState.VOID)
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.UNDO, secret, repositories)
        change = await repositories.email_changes.get(found[1].id, found[0].epoch) if found else None
    if found is not None and found[0].used_at is not None:
        return MailedLink(LinkState.USED)
    if found is None or change is None or not found[0].is_usable(found[1], ports.clock.now()):
        return MailedLink(LinkState.VOID)
    return MailedLink(LinkState.USABLE, change.email)


async def _usable(purpose: Purpose, secret: RawField, ports: Ports) -> tuple[OneTimeToken, UserId]:
    """Returns the token of a secret that would work now, and whose it is.

    It spares the lock of a writer; that a secret works once is `use`'s to decide.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidEmailTokenError.
    """
    with FieldChecks() as check:
        typed = check("token", secret, str)
    token = await find_usable(purpose, typed, ports)
    if token is None or token.user_id is None:
        raise InvalidEmailTokenError
    return token, token.user_id


async def _move(user: User, address: EmailAddress, transaction: Transaction, ports: Ports) -> User:
    now = ports.clock.now()
    proven = await proved(user, transaction, ports)
    moved = without_secrets(attrs.evolve(proven, email=address, email_verified_at=now))
    await transaction.users.save(moved)
    # Not before: whoever had the address and moved away at the same time has reserved it by now.
    if await transaction.email_changes.is_reserved(address.canonical, now, but=user.id):
        raise EmailTakenError
    undoable_until = now + ports.policy.undo_lifetime
    change = EmailChange(user.id, moved.secret_epoch, user.email, user.email_verified_at, now, undoable_until)
    await transaction.email_changes.add(change)
    await record(EventType.USER_EMAIL_CHANGED, user.id, transaction, ports)
    await queue_mail(MailKind.EMAIL_CHANGED, user.email.canonical, transaction, ports, account=moved)
    return moved


async def _move_back(user: User, change: EmailChange, transaction: Transaction, ports: Ports) -> User:
    now = ports.clock.now()
    await transaction.email_changes.drop_since(user.id, change.epoch)
    credentials = await transaction.credentials.of(user.id)
    if credentials is not None:
        await transaction.credentials.replace(credentials, credentials.without_password(now))
    # This link proves nothing: the one to set a password has to find an account that nobody had verified as such.
    restored = attrs.evolve(user, email=change.email, email_verified_at=change.email_verified_at)
    recovered = await complete_recovery(
        restored, transaction, ports, added_since=change.changed_at, reason="email_change_undone"
    )
    await record(EventType.USER_EMAIL_CHANGE_UNDONE, user.id, transaction, ports)
    await queue_mail(MailKind.EMAIL_CHANGE_UNDONE, change.email.canonical, transaction, ports)
    return recovered
