"""Taking a second factor, a code of an app or a recovery code, each once; and taking it away."""

from datetime import datetime
from enum import Enum, auto

import attrs

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.mail import MailKind
from leadnator_auth.domain.entities.proof import Proof
from leadnator_auth.domain.entities.recovery_code import FEW_CODES, digest_of_code
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidCodeError
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.values.text import without_white_space
from leadnator_auth.domain.values.totp import matching_step


class UsedFactor(Enum):
    """What it was that was given."""

    TOTP = auto()
    RECOVERY_CODE = auto()


def parse_code(text: str) -> str:
    """Returns a code without the white space that people put into it, or bring along with it."""
    return without_white_space(text)


async def confirmed_totp(user: User, repositories: Repositories) -> TotpFactor | None:
    """Returns the app of an account that counts, if there is one."""
    factors = await repositories.totp_factors.of_user(user.id)
    return next((factor for factor in factors if factor.is_confirmed), None)


async def take_second_factor(user: User, code: str, transaction: Transaction, ports: Ports) -> UsedFactor | None:
    """Returns which factor of an account this is the code of, used from now on; None if it is of none.

    Both are looked at, in this order, by one conditional statement each: of many at once, one gets it. An account
    without an app that counts has no second factor, whatever codes are left.
    """
    factor = await confirmed_totp(user, transaction)
    if factor is None:
        return None
    now = ports.clock.now()
    # Without its key nobody can tell what the app shows; a recovery code will still do.
    has_key = ports.master_keys.has(factor.key_id)
    step = matching_step(factor.seed(ports.master_keys), code, now, after=factor.last_step) if has_key else None
    if step is not None and await transaction.totp_factors.take_step(factor.id, step, now):
        return UsedFactor.TOTP
    used = await transaction.recovery_codes.take(user.id, digest_of_code(code))
    return UsedFactor.RECOVERY_CODE if used else None


async def proven_by_code(user: User, proof: Proof, code: str, transaction: Transaction, ports: Ports) -> Proof:
    """Returns a proof with a second factor on top, which is used by that; of a recovery code the owner is told by mail.

    Raises: InvalidCodeError.
    """
    used = await take_second_factor(user, code, transaction, ports)
    if used is None:
        raise InvalidCodeError(user.id)
    if used is UsedFactor.RECOVERY_CODE:
        await queue_mail(MailKind.RECOVERY_CODE_USED, user.email.canonical, transaction, ports)
        if len(await transaction.recovery_codes.of_user(user.id)) == FEW_CODES:
            await queue_mail(MailKind.RECOVERY_CODES_LOW, user.email.canonical, transaction, ports)
    return proof.with_code(ports.clock.now())


async def drop_second_factors(
    user: User,
    added_since: datetime | None,
    transaction: Transaction,
    ports: Ports,
    *,
    spares_codes: bool = False,
    actor: str | None = None,
) -> User:
    """Returns the account without the apps and recovery codes that were added since an instant, with None without any.

    Storing the account is up to the caller, who read it in the same transaction, and first of all. The older recovery
    codes stay while there is an app that counts, with `spares_codes` the others, too. Without an `actor`, the owner
    removed them.
    """
    for factor in await transaction.totp_factors.of_user(user.id):
        if added_since is None or (factor.confirmed_at or factor.created_at) >= added_since:
            await remove_factor(factor, transaction, ports, actor=actor)
    left = await confirmed_totp(user, transaction)
    codes = await transaction.recovery_codes.of_user(user.id)
    kept = [code for code in codes if left and added_since and (spares_codes or code.created_at < added_since)]
    if len(kept) < len(codes):
        await transaction.recovery_codes.replace(user.id, kept)
    return attrs.evolve(user, second_factor_at=left.confirmed_at if left else None)


async def remove_factor(
    factor: TotpFactor, transaction: Transaction, ports: Ports, *, actor: str | None = None
) -> None:
    """Removes an app; that is an event if it counted."""
    if await transaction.totp_factors.remove(factor.id) and factor.is_confirmed:
        await record(EventType.FACTOR_REMOVED, factor.user_id, transaction, ports, actor=actor, type="totp")
