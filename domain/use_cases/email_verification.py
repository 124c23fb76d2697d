"""Proving that an address is its owner's: ask for a link by mail, look at it, use the secret in it."""

from leadnator_auth.domain.entities.mailed_link import LinkState, MailedLink
from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidEmailTokenError, InvalidTokenError, NotFoundError
from leadnator_auth.domain.policy import EmailVerification
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.one_time_tokens import find, find_usable
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.verified_email import ask_to_verify, proved
from leadnator_auth.domain.values.fields import FieldChecks, RawField


def require_verification(ports: Ports) -> None:
    """Raises: NotFoundError where verification is off."""
    if ports.policy.email_verification is EmailVerification.OFF:
        raise NotFoundError


async def resend_verification(identity: Identity, *, ports: Ports) -> None:
    """Queues another mail with a link that proves the address; none where it is proved, or the owner had their fill.

    Raises: NotFoundError where verification is off, InvalidTokenError when the session ended meanwhile.
    """
    require_verification(ports)

    async def queue(transaction: Transaction) -> None:
        user = await transaction.users.by_id(identity.user.id)
        if user is None or not identity.session.belongs_to(user):
            raise InvalidTokenError("session ended")
        await ask_to_verify(user, transaction, ports)

    await run_in_transaction(ports.unit_of_work, queue)


async def verify_email(secret: RawField, *, ports: Ports) -> User:
    """Keeps that the address is its owner's; returns whose it is. No session is opened.

    The secret is good for the address that it was mailed to alone, and works once; those mailed besides it to the same
    address are worth nothing then.

    Raises: MissingFieldsError, InvalidFieldsError, InvalidEmailTokenError.
    """
    with FieldChecks() as check:
        typed = check("token", secret, str)
    # Spares the lock of a writer; that a secret works once is `use`'s to decide.
    token = await find_usable(Purpose.VERIFY, typed, ports)
    if token is None or token.user_id is None:
        raise InvalidEmailTokenError
    user_id = token.user_id

    async def redeem(transaction: Transaction) -> User:
        user = await transaction.users.by_id(user_id)
        if user is None or user.is_email_verified or not token.belongs_to(user):
            raise InvalidEmailTokenError
        if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:
            raise InvalidEmailTokenError
        verified = await proved(user, transaction, ports)
        await transaction.users.save(verified)
        return verified

    return await run_in_transaction(ports.unit_of_work, redeem)


async def look_at_verification_link(secret: RawField, *, ports: Ports) -> MailedLink:
    """Returns what the link with this secret is good for now, and uses nothing up.

    It is called used as soon as its address is proved, in whatever way: nothing is left for its reader to do.
    """
    if not isinstance(secret, str):
        return MailedLink(LinkState.VOID)
    async with ports.unit_of_work.snapshot() as repositories:
        found = await find(Purpose.VERIFY, secret, repositories)
    if found is None:
        return MailedLink(LinkState.VOID)
    token, user = found
    if user.is_email_verified and token.is_for_address_of(user):
        return MailedLink(LinkState.USED)
    is_usable = token.is_usable(user, ports.clock.now())
    return MailedLink(LinkState.USABLE, user.email) if is_usable else MailedLink(LinkState.VOID)
