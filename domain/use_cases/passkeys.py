"""One's own passkeys: add one, list them, give one another name, remove one."""

from collections.abc import Mapping

import attrs

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS, Passkey
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import User, parse_name
from leadnator_auth.domain.errors import (
    InvalidChallengeError,
    LastCredentialError,
    NotFoundError,
    TooManyPasskeysError,
)
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.passkey_challenges import (
    PasskeyOptions,
    open_passkey_challenge,
    parse_credential,
    require_passkeys,
    signed_part,
    spend_passkey_challenge,
)
from leadnator_auth.domain.use_cases.steps.passkeys import keep_passkey
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.require_step_up import current_user, require_step_up
from leadnator_auth.domain.use_cases.steps.throttle import throttle_account
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import PasskeyId
from leadnator_auth.domain.values.text import is_storable

UNNAMED = "Passkey"
"""The name of one whose owner gave it none."""


async def request_passkey_registration(identity: Identity, *, ports: Ports) -> PasskeyOptions:
    """Returns what a browser makes a passkey with, for the account behind a session.

    Raises: NotFoundError where passkeys are off, TooManyPasskeysError, TooManyRequestsError, StepUpRequiredError,
    InvalidTokenError when the session ended meanwhile.
    """
    ceremony = require_passkeys(ports)
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)

    async def ask(transaction: Transaction) -> PasskeyOptions:
        user = await require_step_up(identity, transaction, ports)
        existing = await transaction.passkeys.of_user(user.id)
        if len(existing) >= MAX_PASSKEYS:
            raise TooManyPasskeysError
        challenge = await open_passkey_challenge(Purpose.PASSKEY_REGISTRATION, transaction, ports, user=user)
        options = ceremony.registration_options(user, signed_part(challenge.secret), existing)
        return PasskeyOptions(challenge, options)

    return await run_in_transaction(ports.unit_of_work, ask)


async def add_passkey(
    identity: Identity, challenge_id: RawField, credential: RawField, name: RawField = None, *, ports: Ports
) -> Passkey:
    """Returns the passkey that was made for the account behind a session; its owner is told by mail.

    A challenge takes one answer, right or wrong.

    Raises: NotFoundError where passkeys are off, MissingFieldsError, InvalidFieldsError, StepUpRequiredError,
    InvalidChallengeError, InvalidPasskeyError, PasskeyExistsError, TooManyPasskeysError, InvalidTokenError when the
    session ended meanwhile.
    """
    ceremony = require_passkeys(ports)
    with FieldChecks() as check:
        secret = check("challenge_id", challenge_id, str)
        answer = check.of_any_type("credential", credential, parse_credential)
        given = check.optional("name", name, parse_name, default=UNNAMED)
    async with ports.unit_of_work.snapshot() as repositories:
        await require_step_up(identity, repositories, ports)
    token = await spend_passkey_challenge(Purpose.PASSKEY_REGISTRATION, secret, ports)
    registration = ceremony.verify_registration(answer, signed_part(secret))

    async def keep(transaction: Transaction) -> Passkey:
        user = await require_step_up(identity, transaction, ports)
        # It is another account's, or a new password or address made it void, as it does a link.
        if not token.belongs_to(user):
            raise InvalidChallengeError
        return await keep_passkey(registration, user, given, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, keep)


async def list_passkeys(identity: Identity, *, ports: Ports) -> list[Passkey]:
    """Returns the passkeys of the account behind a session, the oldest first.

    Raises: NotFoundError where passkeys are off.
    """
    require_passkeys(ports)
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.passkeys.of_user(identity.user.id)


async def rename_passkey(
    identity: Identity, passkey_id: str, changes: Mapping[str, RawField], *, ports: Ports
) -> Passkey:
    """Gives a passkey the name that `changes` has, if it has one, and returns it; nothing else may be in it.

    Raises: NotFoundError when there is none, it is another account's, or passkeys are off; MissingFieldsError, also for
    a null, which differs from an absent field; InvalidFieldsError, InvalidTokenError when the session ended meanwhile.
    """
    require_passkeys(ports)
    with FieldChecks() as check:
        check.only(changes, ["name"])
        name = check("name", changes["name"], parse_name) if "name" in changes else None

    async def rename(transaction: Transaction) -> Passkey:
        user = await current_user(identity, transaction)
        passkey = await _own(passkey_id, user, transaction)
        if name is None:
            return passkey
        await transaction.passkeys.rename(passkey.id, name)
        return passkey.named(name)

    return await run_in_transaction(ports.unit_of_work, rename)


async def remove_passkey(identity: Identity, passkey_id: str, *, ports: Ports) -> None:
    """Removes a passkey; its owner is told by mail.

    Raises: NotFoundError when there is none, it is another account's, or passkeys are off; LastCredentialError when
    nothing would be left to log in with, StepUpRequiredError, InvalidTokenError when the session ended meanwhile.
    """
    require_passkeys(ports)

    async def remove(transaction: Transaction) -> None:
        user = await require_step_up(identity, transaction, ports)
        passkey = await _own(passkey_id, user, transaction)
        if not await _is_other_way_in(user, transaction):
            raise LastCredentialError
        await transaction.passkeys.remove(passkey.id)
        await transaction.users.save(attrs.evolve(user, passkey_count=user.passkey_count - 1))
        await record(EventType.PASSKEY_REMOVED, user.id, transaction, ports, passkey_id=passkey.id)
        await queue_mail(MailKind.PASSKEY_REMOVED, user.email.canonical, transaction, ports)

    await run_in_transaction(ports.unit_of_work, remove)


async def _own(passkey_id: str, user: User, transaction: Transaction) -> Passkey:
    passkey = await transaction.passkeys.by_id(PasskeyId(passkey_id)) if is_storable(passkey_id) else None
    if passkey is None or passkey.user_id != user.id:
        raise NotFoundError
    return passkey


async def _is_other_way_in(user: User, transaction: Transaction) -> bool:
    """Returns whether a password works, or there is another passkey; a mailbox can be lost, and does not count."""
    if user.passkey_count > 1:
        return True
    credentials = await transaction.credentials.of(user.id)
    return credentials is not None and bool(credentials.usable_hash)
