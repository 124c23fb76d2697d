"""Keeping and using passkeys: the rules on one answer of an authenticator, and on what is kept already."""

from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS, Passkey, PasskeyAssertion, PasskeyRegistration
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import PasskeyClonedError, TooManyPasskeysError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.ids import PASSKEY_ID_PREFIX, PasskeyId


async def keep_passkey(
    registration: PasskeyRegistration, user: User, name: str, transaction: Transaction, ports: Ports
) -> Passkey:
    """Keeps a new passkey of a user, who was looked up in this transaction, and returns it.

    Raises: InvalidPasskeyError when its flags forbid it, TooManyPasskeysError, PasskeyExistsError.
    """
    if len(await transaction.passkeys.of_user(user.id)) >= MAX_PASSKEYS:
        raise TooManyPasskeysError
    passkey_id = PasskeyId(new_id(PASSKEY_ID_PREFIX, ports))
    passkey = Passkey.made_of(registration, passkey_id, user, name, ports.clock.now())
    await transaction.passkeys.add(passkey)
    return passkey


async def use_passkey(
    passkey: Passkey, assertion: PasskeyAssertion, transaction: Transaction, ports: Ports, *, is_user_known: bool
) -> Passkey:
    """Keeps that a passkey was used, and returns it as it is then.

    Of two uses with one counter, whatever they read before, one counts.

    Raises: InvalidPasskeyError, PasskeyClonedError; nothing is kept then.
    """
    used = passkey.used_by(assertion, ports.clock.now(), is_user_known=is_user_known)
    if not await transaction.passkeys.record_use(used):
        raise PasskeyClonedError(passkey.id, passkey.user_id)
    return used
