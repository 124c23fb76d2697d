"""Signing keys: making, publishing, exchanging and ending them.

The next key is published for ten minutes before it signs, so that every verifier knows it by then; a key that signs no
more verifies until its last token has expired. Whatever algorithm is set, tokens of all keys that verify are good.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import attrs

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.errors import ConcurrencyError, NotFoundError, SigningKeysError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.access_tokens import read_keys
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction

LATE_SIGNERS = timedelta(minutes=1)
"""How long another process may sign with a key after it was retired, and then some."""

Result = TypeVar("Result")


@attrs.frozen
class KeyChange:
    """What became of the keys: all that there are now, and the one that a command was about."""

    keys: Sequence[SigningKey]
    key: SigningKey


async def list_signing_keys(*, ports: Ports) -> list[SigningKey]:
    """Returns every key, in the order in which they were published."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.signing_keys.all()


async def published_keys(*, ports: Ports) -> list[SigningKey]:
    """Returns the keys that others verify with, read anew: whoever keeps them for ten minutes misses none that signs.

    With HS256, and no key from before, there is none.
    """
    await read_keys(ports)
    return list(ports.key_ring.verifying.values())


async def published_version(*, ports: Ports) -> str:
    """Returns in short which keys are published, read anew: who has seen another version fetches them again.

    It is empty where none are; with HS256 alone nothing is read for it.
    """
    if ports.key_ring.is_used:
        await read_keys(ports)
    return ports.key_ring.version


async def keep_signing_keys(*, ports: Ports) -> list[SigningKey]:
    """Makes the keys that are missing, and returns all; of many processes at once, one makes them.

    The first key signs at once: nobody could verify anything before, so nobody has kept a set without it. After the
    algorithm was changed, the next key has the new one, and signs as soon as it was published for long enough; until
    then the old one signs. Call it from time to time: keys that are long over are forgotten, too.

    Raises: SigningKeysError when keys are needed and cannot be made; MasterKeyMissingError.
    """
    return await _run(_keep, ports)


async def rotate_signing_keys(*, ports: Ports) -> KeyChange:
    """Has the next key sign, and publishes another next one; returns the key that signs now.

    Raises: SigningKeysError when the next one was not published for long enough, or nothing is signed with such keys;
    MasterKeyMissingError.
    """

    async def rotate(transaction: Transaction, ports: Ports) -> KeyChange:
        if not ports.policy.signing_algorithm.has_public_keys:
            raise SigningKeysError(
                "tokens are signed with HS256, whose secrets are a setting: there is no key to rotate"
            )
        following = _in_state(KeyState.NEXT, await _keep(transaction, ports))
        if ports.clock.now() < following.may_sign_from:
            raise SigningKeysError(
                f"the next key, {following.kid}, is not published for ten minutes yet, so verifiers may not know it: "
                f"it can sign from {following.may_sign_from:%Y-%m-%dT%H:%M:%SZ} on"
            )
        await _promote(following, transaction, ports)
        return _change(following.kid, await transaction.signing_keys.all())

    return await _run(rotate, ports)


async def retire_signing_key(kid: str, *, ports: Ports) -> KeyChange:
    """Ends the tokens of a key at once, in every process within a second; returns that key.

    If it signs, the next one does from now on, however short it was published: a key that somebody may have stolen must
    not go on. Another next one is published.

    Raises: NotFoundError, SigningKeysError, MasterKeyMissingError.
    """

    async def retire(transaction: Transaction, ports: Ports) -> KeyChange:
        keys, now = await transaction.signing_keys.all(), ports.clock.now()
        if not any(each.kid == kid for each in keys):
            raise NotFoundError
        key = _change(kid, keys).key
        if key.verifies(now):
            await _save(key.retired(now, until=now), key.state, transaction)
        await _keep(transaction, ports)
        return _change(kid, await transaction.signing_keys.all())

    return await _run(retire, ports)


async def _run(work: Callable[[Transaction, Ports], Awaitable[Result]], ports: Ports) -> Result:
    """Returns what `work` returns, once it is kept and known in this process."""
    result = await run_in_transaction(ports.unit_of_work, lambda transaction: work(transaction, ports))
    await after_commit(read_keys(ports))
    return result


async def _keep(transaction: Transaction, ports: Ports) -> list[SigningKey]:
    """Returns all keys, once there are those that the algorithm needs."""
    now, algorithm = ports.clock.now(), ports.policy.signing_algorithm
    keys = await transaction.signing_keys.all()
    for key in keys:
        if key.is_over(now):
            await transaction.signing_keys.remove(key.kid)
    if not algorithm.has_public_keys:
        return [key for key in keys if not key.is_over(now)]
    signing, following = _found(KeyState.SIGNING, keys), _found(KeyState.NEXT, keys)
    if signing is None:
        await _begin(following, transaction, ports)
        following = None
    elif following and following.public.algorithm is not algorithm:
        await _save(following.retired(now, until=now), KeyState.NEXT, transaction)
        following = None
    if following is None:
        await transaction.signing_keys.add(_new_key(ports))
    elif signing and signing.public.algorithm is not algorithm and now >= following.may_sign_from:
        await _promote(following, transaction, ports)
    return await transaction.signing_keys.all()


async def _begin(following: SigningKey | None, transaction: Transaction, ports: Ports) -> None:
    """Has a key sign where none does: the next one, or else a new one."""
    now = ports.clock.now()
    if following and ports.key_maker and ports.key_maker.can_sign(following, ports.master_keys):
        await _save(following.signing(now), KeyState.NEXT, transaction)
        return
    if following:  # its master key is gone, or the library
        await _save(following.retired(now, until=now), KeyState.NEXT, transaction)
    await transaction.signing_keys.add(_new_key(ports).signing(now))


async def _promote(following: SigningKey, transaction: Transaction, ports: Ports) -> None:
    """Has the next key sign in place of the one that does, and publishes another next one."""
    now = ports.clock.now()
    former = _in_state(KeyState.SIGNING, await transaction.signing_keys.all())
    until = await _last_token_until(now, transaction, ports)
    await _save(former.retired(now, until), KeyState.SIGNING, transaction)
    await _save(following.signing(now), KeyState.NEXT, transaction)
    await transaction.signing_keys.add(_new_key(ports))


async def _last_token_until(now: datetime, transaction: Transaction, ports: Ports) -> datetime:
    """Returns when no token that was signed by now counts any more, whatever their lifetime was set to so far.

    No token outlives its session, and sessions that were made with another lifetime tell when theirs ends.
    """
    longest = now + ports.policy.session_lifetime
    last = await transaction.sessions.last_expiry()
    return max(longest, last or longest) + CLOCK_LEEWAY + LATE_SIGNERS


async def _save(key: SigningKey, was: KeyState, transaction: Transaction) -> None:
    """Keeps a key that nobody else changed meanwhile.

    Raises: ConcurrencyError.
    """
    if not await transaction.signing_keys.change(key, was):
        raise ConcurrencyError


def _new_key(ports: Ports) -> SigningKey:
    if ports.key_maker is None:
        raise SigningKeysError("no key can be made: the library for it is not installed")
    return ports.key_maker.new_key(ports.policy.signing_algorithm, ports.master_keys, ports.clock.now())


def _found(state: KeyState, keys: Sequence[SigningKey]) -> SigningKey | None:
    return next((key for key in keys if key.state is state), None)


def _in_state(state: KeyState, keys: Sequence[SigningKey]) -> SigningKey:
    """Returns the one key in a state that a moment ago had one.

    Raises: ConcurrencyError.
    """
    key = _found(state, keys)
    if key is None:
        raise ConcurrencyError
    return key


def _change(kid: str, keys: Sequence[SigningKey]) -> KeyChange:
    return KeyChange(keys, next(key for key in keys if key.kid == kid))
