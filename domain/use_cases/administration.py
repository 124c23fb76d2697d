"""Administering the accounts of others: create, change, delete. Each change is an event."""

from collections.abc import Mapping

import attrs

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.change import Change, changes_between, event_data_of
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.user import (
    DEFAULT_PLAN,
    Role,
    User,
    parse_name,
    parse_plan,
    without_secrets,
)
from leadnator_auth.domain.errors import EmailTakenError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, check_right, get_user, lock_active_admins
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.remove_user import keep_an_admin, remove_user
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.user_patch import UserPatch
from leadnator_auth.domain.use_cases.steps.verified_email import ask_to_verify
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import USER_ID_PREFIX, UserId
from leadnator_auth.domain.values.password import Password


@attrs.frozen
class ChangedUser:
    """An account as it is now, and what was changed: nothing, if it was like that already."""

    user: User
    changes: tuple[Change, ...]


async def create_user(
    actor: Actor,
    name: RawField,
    email: RawField,
    password: RawField,
    *,
    is_admin: bool = False,
    email_verified: bool = False,
    plan: RawField = None,
    ports: Ports,
) -> User:
    """Returns a new account, on the plan "Starter" if none is given.

    The rules of sign-up apply, but whether sign-up is closed, or for some domains only, does not matter here. Unless
    the address is said to be verified, its owner is mailed the link that follows a sign-up.

    Raises: ForbiddenError, InvalidTokenError, MissingFieldsError, InvalidFieldsError, EmailTakenError, OverloadedError.
    """
    given = await _checked(actor, name, email, password, plan, ports)
    password_hash = await ports.hasher.hash(given.password)
    now = ports.clock.now()
    user = User(
        UserId(new_id(USER_ID_PREFIX, ports)),
        given.name,
        given.email,
        now,
        Role.ADMIN if is_admin else Role.USER,
        given.plan,
        email_verified_at=now if email_verified else None,
    )

    async def keep(transaction: Transaction) -> None:
        await lock_active_admins(actor, transaction)
        await transaction.users.add([user])
        await transaction.credentials.add([Credentials(user.id, password_hash, changed_at=now)])
        await record(EventType.USER_CREATED, user.id, transaction, ports, actor=actor.id)
        await ask_to_verify(user, transaction, ports)

    await run_in_transaction(ports.unit_of_work, keep)
    return user


@attrs.frozen
class _NewUser:
    name: str
    email: EmailAddress
    password: Password
    plan: str


async def _checked(
    actor: Actor, name: RawField, email: RawField, password: RawField, plan: RawField, ports: Ports
) -> _NewUser:
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        with FieldChecks() as check:
            given = _NewUser(
                check("name", name, parse_name),
                check("email", email, ports.emails.parse),
                check("password", password, ports.policy.password.choose),
                check.optional("plan", plan, parse_plan, default=DEFAULT_PLAN),
            )
        is_taken = await repositories.users.by_email(given.email.canonical) is not None
    if is_taken:  # spares the hash; that no two get through is `Users.add`'s to decide
        raise EmailTakenError
    return given


async def change_user(actor: Actor, user_ref: UserRef, changes: Mapping[str, RawField], *, ports: Ports) -> ChangedUser:
    """Sets those of name, email, role, plan, status, email_verified and `app_metadata` that `changes` has.

    Nothing else may be in it. All are text but email_verified, which is True or False, and `app_metadata`, an object.

    Another address voids every mailed secret but those that undo a change, and is not verified unless `changes` says
    so: its owner is mailed the link that follows a sign-up. The old address is told, but cannot undo what an admin did.
    An address that is kept for somebody who had it may be given away here.

    They are in force at once. A suspended account loses its sessions, reset tokens and known clients for good:
    activating it does not bring them back.

    Raises: ForbiddenError, InvalidTokenError, MissingFieldsError, InvalidFieldsError, NotFoundError, LastAdminError,
    EmailTakenError.
    """

    async def change(transaction: Transaction) -> ChangedUser:
        admins = await lock_active_admins(actor, transaction)
        patch = UserPatch.checked(changes, ports)
        before = await get_user(user_ref, transaction)
        after = patch.applied_to(before, ports.clock.now())
        made = changes_between(before, after)
        if not made:
            return ChangedUser(before, ())
        keep_an_admin(before, after, admins)
        if after.is_suspended and not before.is_suspended:
            after = await end_sessions(without_secrets(after), transaction, ports, reason="suspended", actor=actor.id)
        else:
            await transaction.users.save(after)
        if after.email.canonical != before.email.canonical:
            await queue_mail(MailKind.EMAIL_CHANGED_BY_ADMIN, before.email.canonical, transaction, ports, account=after)
            await ask_to_verify(after, transaction, ports)
        await _record_changes(actor, after, made, transaction, ports)
        return ChangedUser(after, made)

    return await run_in_transaction(ports.unit_of_work, change)


async def delete_user(actor: Actor, user_ref: UserRef, *, ports: Ports) -> User:
    """Removes an account with all that belongs to it but its events, at once in force; returns what it was.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError, LastAdminError.
    """

    async def delete(transaction: Transaction) -> User:
        admins = await lock_active_admins(actor, transaction)
        user = await get_user(user_ref, transaction)
        await remove_user(user, actor.id, admins, transaction, ports)
        return user

    return await run_in_transaction(ports.unit_of_work, delete)


async def _record_changes(
    actor: Actor, user: User, changes: tuple[Change, ...], transaction: Transaction, ports: Ports
) -> None:
    """Records a change of status or address, and that one is verified, as events of their own; all others as one."""
    own = _own_events(user)
    others = tuple(change for change in changes if change.field not in own)
    if others:
        data = event_data_of(others)
        await record(EventType.USER_UPDATED, user.id, transaction, ports, actor=actor.id, **data)
    for change in changes:
        if change.field in own:
            await record(own[change.field], user.id, transaction, ports, actor=actor.id)


def _own_events(user: User) -> dict[str, EventType]:
    """Returns the fields whose change, to what they are now, is a type of event."""
    status = EventType.USER_SUSPENDED if user.is_suspended else EventType.USER_ACTIVATED
    verified = {"email_verified": EventType.USER_EMAIL_VERIFIED} if user.is_email_verified else {}
    return {"status": status, "email": EventType.USER_EMAIL_CHANGED, **verified}
