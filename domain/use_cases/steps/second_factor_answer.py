"""What is answered when a second factor is asked for: a code, or the use of a passkey, which stands in for one."""

from collections.abc import Awaitable, Callable

from leadnator_auth.domain.entities.proof import Proof
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.ports.passkeys import Json
from leadnator_auth.domain.use_cases.steps.passkey_challenges import parse_credential
from leadnator_auth.domain.use_cases.steps.passkeys import verified_passkey
from leadnator_auth.domain.use_cases.steps.second_factor import parse_code, proven_by_code
from leadnator_auth.domain.values.fields import FieldChecks, RawField

Prove = Callable[[User, Proof, Transaction], Awaitable[Proof]]
"""Returns a proof with the second factor on top, which is used by that."""


def checked_answer(check: FieldChecks, code: RawField, credential: RawField) -> str | Json:
    """Returns the code, or what an authenticator answered where there is none; each that is there is checked."""
    if credential is None:
        return check("code", code, parse_code)
    answer = check.of_any_type("credential", credential, parse_credential)
    return answer if code is None else check("code", code, parse_code)


async def proving(given: str | Json, secret: str, ports: Ports) -> Prove:
    """Returns what proves whose account it is, in the transaction that makes use of that.

    What takes no transaction is done here: whether an authenticator signed what this challenge stands for.

    Raises: NotFoundError where passkeys are off, InvalidPasskeyError; what is returned raises InvalidPasskeyError and
    InvalidCodeError.
    """
    if isinstance(given, str):
        return lambda user, proof, transaction: proven_by_code(user, proof, given, transaction, ports)
    proven = await verified_passkey(given, secret, ports)

    async def by_passkey(user: User, proof: Proof, transaction: Transaction) -> Proof:
        await proven.use_by(user, transaction, ports)
        return proof.with_passkey(ports.clock.now())

    return by_passkey
