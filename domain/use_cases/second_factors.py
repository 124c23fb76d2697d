"""One's own second factors: setting up an app that shows codes, and the recovery codes that stand in for it."""

import base64

import attrs

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.recovery_code import CODES, RANDOM_BYTES, RecoveryCode, digest_of_code, written
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidCodeError, NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.require_step_up import require_step_up, stepped_up
from leadnator_auth.domain.use_cases.steps.second_factor import (
    confirmed_totp,
    drop_second_factors,
    parse_code,
    remove_factor,
)
from leadnator_auth.domain.use_cases.steps.throttle import throttle_account
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import FACTOR_ID_PREFIX, FactorId
from leadnator_auth.domain.values.totp import key_uri, matching_step, shown


@attrs.frozen
class TotpSetUp:
    """What an app is given, by hand or as a QR code; it is shown once."""

    secret: str = attrs.field(repr=False)
    uri: str = attrs.field(repr=False)


@attrs.frozen
class FactorList:
    """The second factors of an account."""

    totp: TotpFactor | None
    """The app that counts."""
    recovery_codes_left: int


def is_second_factor_on(*, ports: Ports) -> bool:
    """Returns whether accounts can get a second factor here: that takes a master key."""
    return bool(ports.master_keys)


def require_second_factors(ports: Ports) -> None:
    """Makes sure that there are second factors here.

    Raises: NotFoundError.
    """
    if not is_second_factor_on(ports=ports):
        raise NotFoundError


async def set_up_totp(identity: Identity, issuer: str, *, ports: Ports) -> TotpSetUp:
    """Returns what to give to an app; nothing counts before the app has shown a right code.

    An earlier one that was never confirmed is forgotten; one that counts goes on until this takes its place.
    `issuer` is the name that the app shows.

    Raises: NotFoundError where there is no master key, TooManyRequestsError, StepUpRequiredError, InvalidTokenError
    when the session ended meanwhile.
    """
    require_second_factors(ports)
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)
    key_id = ports.master_keys.newest_id

    async def keep(transaction: Transaction) -> tuple[User, TotpFactor]:
        user = await require_step_up(identity, transaction, ports)
        for earlier in await transaction.totp_factors.of_user(user.id):
            if not earlier.is_confirmed:
                await transaction.totp_factors.remove(earlier.id)
        factor = TotpFactor(FactorId(new_id(FACTOR_ID_PREFIX, ports)), user.id, key_id, ports.clock.now())
        await transaction.totp_factors.add(factor)
        return user, factor

    user, factor = await run_in_transaction(ports.unit_of_work, keep)
    seed = factor.seed(ports.master_keys)
    return TotpSetUp(shown(seed), key_uri(seed, issuer=issuer, account=user.email.typed))


async def confirm_totp(identity: Identity, code: RawField, *, ports: Ports) -> tuple[str, ...]:
    """Makes the app count that was set up last, and returns ten recovery codes, which are shown once.

    The code is used by that: it logs nobody in. It steps the session up, too. An app that counted before is removed,
    and its recovery codes are. The owner is told by mail.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidCodeError, NotFoundError where nothing was set up or there is
    no master key, StepUpRequiredError, InvalidTokenError when the session ended meanwhile, MasterKeyMissingError.
    """
    require_second_factors(ports)
    with FieldChecks() as check:
        typed = check("code", code, parse_code)

    async def keep(transaction: Transaction) -> tuple[str, ...]:
        user, session = await stepped_up(identity, transaction, ports)
        factors = await transaction.totp_factors.of_user(user.id)
        waiting = next((factor for factor in factors if not factor.is_confirmed), None)
        if waiting is None:
            raise NotFoundError
        now = ports.clock.now()
        step = matching_step(waiting.seed(ports.master_keys), typed, now, after=waiting.last_step)
        if step is None or not await transaction.totp_factors.confirm(waiting.id, step, now):
            raise InvalidCodeError(user.id)
        for before in factors:
            if before.is_confirmed:
                await remove_factor(before, transaction, ports)
        await transaction.users.save(attrs.evolve(user, second_factor_at=now))
        await transaction.sessions.save(session.proven_by(session.proof.with_code(now)))
        await record(EventType.FACTOR_ADDED, user.id, transaction, ports, type="totp")
        await queue_mail(MailKind.FACTOR_ADDED, user.email.canonical, transaction, ports)
        return await _new_codes(user, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, keep)


async def remove_totp(identity: Identity, *, ports: Ports) -> None:
    """Removes the app of an account, and its recovery codes; one that is being set up is forgotten, too.

    The owner is told by mail if it counted.

    Raises: NotFoundError when there is none, StepUpRequiredError, InvalidTokenError when the session ended meanwhile.
    """

    async def drop(transaction: Transaction) -> None:
        user = await require_step_up(identity, transaction, ports)
        if not await transaction.totp_factors.of_user(user.id):
            raise NotFoundError
        await transaction.users.save(await drop_second_factors(user, None, transaction, ports))
        if user.has_second_factor:
            await queue_mail(MailKind.FACTOR_REMOVED, user.email.canonical, transaction, ports)

    await run_in_transaction(ports.unit_of_work, drop)


async def make_recovery_codes(identity: Identity, *, ports: Ports) -> tuple[str, ...]:
    """Returns ten new recovery codes, which are shown once; all that were left are void.

    The owner is told by mail: whoever has them gets in.

    Raises: NotFoundError where no app counts, TooManyRequestsError, StepUpRequiredError, InvalidTokenError when the
    session ended meanwhile.
    """
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)

    async def make(transaction: Transaction) -> tuple[str, ...]:
        user = await require_step_up(identity, transaction, ports)
        if await confirmed_totp(user, transaction) is None:
            raise NotFoundError
        await record(EventType.FACTOR_ADDED, user.id, transaction, ports, type="recovery_code")
        await queue_mail(MailKind.FACTOR_ADDED, user.email.canonical, transaction, ports)
        return await _new_codes(user, transaction, ports)

    return await run_in_transaction(ports.unit_of_work, make)


async def list_factors(identity: Identity, *, ports: Ports) -> FactorList:
    """Returns the second factors of an account, and how many recovery codes are left."""
    async with ports.unit_of_work.snapshot() as repositories:
        totp = await confirmed_totp(identity.user, repositories)
        codes = await repositories.recovery_codes.of_user(identity.user.id)
    return FactorList(totp, len(codes))


async def _new_codes(user: User, transaction: Transaction, ports: Ports) -> tuple[str, ...]:
    # The port hands out text; what people copy has no letters that differ by case alone.
    codes = tuple(written(base64.urlsafe_b64decode(ports.randomness.urlsafe(RANDOM_BYTES))) for _ in range(CODES))
    now = ports.clock.now()
    kept = [RecoveryCode(user.id, digest_of_code(code), now) for code in codes]
    await transaction.recovery_codes.replace(user.id, kept)
    return codes
