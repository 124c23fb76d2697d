"""Logging in with a second factor, once the first one proved right."""

from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.proof import AuthenticationMethod
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import InvalidChallengeError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.second_factors import require_second_factors
from leadnator_auth.domain.use_cases.steps.challenges import spend_try
from leadnator_auth.domain.use_cases.steps.known_clients import is_known
from leadnator_auth.domain.use_cases.steps.one_time_tokens import find
from leadnator_auth.domain.use_cases.steps.open_session import Entry, SignedIn, admitted, enter_account
from leadnator_auth.domain.use_cases.steps.passkeys import telling_of_clones
from leadnator_auth.domain.use_cases.steps.second_factor_answer import Prove, checked_answer, proving
from leadnator_auth.domain.use_cases.steps.second_factor_challenge import first_proof
from leadnator_auth.domain.use_cases.steps.throttle import LogInThrottle, give_back
from leadnator_auth.domain.use_cases.steps.transaction import after_commit, run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import prove
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import NOBODY


async def log_in_with_second_factor(
    challenge: RawField,
    code: RawField = None,
    client: Client = Client(),
    *,
    credential: RawField = None,
    ports: Ports,
) -> SignedIn:
    """Returns the account, signed in: whoever gave its password gave a code of its app, or a recovery code, too.

    A `credential` stands in for the code: the answer of an authenticator with a passkey of the account, which signed
    what the challenge stands for. A challenge takes five guesses, and each counts as a wrong log-in: what guesses of
    others cost, a client that the owner uses does not pay. A code works once.

    Raises: NotFoundError where there are no second factors, MissingFieldsError, InvalidFieldsError,
    InvalidChallengeError, TooManyRequestsError, InvalidCodeError, InvalidPasskeyError, AccountSuspendedError,
    EmailNotVerifiedError.
    """
    with FieldChecks() as check:
        secret = check("challenge", challenge, str)
        given = checked_answer(check, code, credential)
    attempts = await _attempts(secret, client, ports)
    await attempts.enter(ports.clock.now())
    token = await spend_try(Purpose.SECOND_FACTOR, secret, ports)
    if token is None or token.user_id is None:
        raise InvalidChallengeError
    proven_by = await proving(given, secret, ports)

    async def enter(transaction: Transaction) -> Entry:
        return await _enter(token, proven_by, client, transaction, ports)

    signed_in = admitted(await telling_of_clones(run_in_transaction(ports.unit_of_work, enter), ports))
    await after_commit(attempts.succeed())
    if AuthenticationMethod.PASSWORD in first_proof(token).amr:  # the log-in that this ends was counted, too
        await after_commit(give_back([ports.policy.limits.log_in_client], client, ports))
    return signed_in


async def _enter(
    token: OneTimeToken, proven_by: Prove, client: Client, transaction: Transaction, ports: Ports
) -> Entry:
    user = await transaction.users.by_id(token.user_id or NOBODY)
    if user is None or not token.belongs_to(user):
        raise InvalidChallengeError
    first = first_proof(token)
    proof = await proven_by(user, first, transaction)
    if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
        raise InvalidChallengeError
    if AuthenticationMethod.ONE_TIME_CODE in first.amr:  # it was mailed
        user = await prove(user, transaction, ports)
    return await enter_account(user, proof, client, transaction, ports)


async def _attempts(secret: str, client: Client, ports: Ports) -> LogInThrottle:
    """Returns what counts the guesses at a challenge that is genuine, whether or not it may still be answered.

    Raises: NotFoundError where there are no second factors, else InvalidChallengeError.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.SECOND_FACTOR, secret, repositories)
        if found is None:
            require_second_factors(ports)
            raise InvalidChallengeError
        is_owners = await is_known(found[1], client, repositories, ports)
    return LogInThrottle(found[1].email.canonical, client, is_owners, ports)
