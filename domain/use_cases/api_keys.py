"""One's own API keys: make one, list them, revoke one; and what the operator may do to those of others."""

from leadnator_auth.domain.entities.actor import OPERATOR
from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.entities.session import Client, Identity
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.api_keys import ApiKeyWithSecret, KeyRequest, drop_api_key, keep_api_key
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, get_user
from leadnator_auth.domain.use_cases.steps.require_step_up import current_user, require_step_up
from leadnator_auth.domain.use_cases.steps.throttle import throttle_account
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.domain.values.ids import ApiKeyId
from leadnator_auth.domain.values.text import is_storable


async def create_api_key(
    identity: Identity,
    name: RawField,
    scopes: RawField = None,
    expires_at: RawField = None,
    client: Client = Client(),
    *,
    ports: Ports,
) -> ApiKeyWithSecret:
    """Returns a new key of the account behind a session, with its secret; the owner is told by mail.

    `scopes` is a list of what it may do besides saying whose it is, `expires_at` a time of RFC 3339; without one, it
    never expires.

    Raises: MissingFieldsError, InvalidFieldsError, TooManyRequestsError, StepUpRequiredError, ForbiddenError when a
    scope is for the keys of admins alone, TooManyApiKeysError, InvalidTokenError when the session ended meanwhile.
    """
    request = KeyRequest.checked(name, scopes, expires_at, ports)
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)

    async def make(transaction: Transaction) -> ApiKeyWithSecret:
        user = await require_step_up(identity, transaction, ports)
        return await keep_api_key(user, request, client, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, make)


async def list_api_keys(identity: Identity, *, ports: Ports) -> list[ApiKey]:
    """Returns the keys of the account behind a session, newest first; expired ones too.

    Raises: InvalidTokenError when the session ended meanwhile.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        user = await current_user(identity, repositories)
        return await repositories.api_keys.of_user(user.id)


async def revoke_api_key(identity: Identity, key_id: str, *, ports: Ports) -> None:
    """Removes a key of the account behind a session, at once in force.

    Raises: NotFoundError when there is none, or it is another account's; InvalidTokenError when the session ended
    meanwhile.
    """

    async def revoke(transaction: Transaction) -> None:
        user = await current_user(identity, transaction)
        key = await _get_key(key_id, transaction)
        if key.user_id != user.id:
            raise NotFoundError
        await drop_api_key(key, transaction, ports)

    await run_in_transaction(ports.unit_of_work, revoke)


async def create_api_key_for(
    user_ref: UserRef, name: RawField, scopes: RawField = None, expires_at: RawField = None, *, ports: Ports
) -> ApiKeyWithSecret:
    """Returns a new key of an account, as the operator makes it, with its secret; the owner is told by mail.

    Raises: MissingFieldsError, InvalidFieldsError, NotFoundError, ForbiddenError when a scope is for the keys of admins
    alone, TooManyApiKeysError.
    """
    request = KeyRequest.checked(name, scopes, expires_at, ports)

    async def make(transaction: Transaction) -> ApiKeyWithSecret:
        user = await get_user(user_ref, transaction)
        return await keep_api_key(user, request, Client(), transaction, ports, actor=OPERATOR)

    return await run_in_transaction(ports.unit_of_work, make)


async def list_api_keys_of(user_ref: UserRef, *, ports: Ports) -> list[ApiKey]:
    """Returns the keys of an account for the operator, newest first; expired ones too.

    Raises: NotFoundError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        user = await get_user(user_ref, repositories)
        return await repositories.api_keys.of_user(user.id)


async def revoke_any_api_key(key_id: str, *, ports: Ports) -> ApiKey:
    """Removes a key of whatever account for the operator, at once in force; returns what it was.

    Raises: NotFoundError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        key = await _get_key(key_id, repositories)

    async def revoke(transaction: Transaction) -> None:
        await transaction.users.by_id(key.user_id)  # first of all: what changes one account takes turns
        await drop_api_key(await _get_key(key_id, transaction), transaction, ports, actor=OPERATOR)

    await run_in_transaction(ports.unit_of_work, revoke)
    return key


async def _get_key(key_id: str, repositories: Repositories) -> ApiKey:
    key = await repositories.api_keys.by_id(ApiKeyId(key_id)) if is_storable(key_id) else None
    if key is None:
        raise NotFoundError
    return key
