"""Deciding who may administer, and finding the account that is meant, within the unit of work that needs to know."""

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.user import Role, User
from leadnator_auth.domain.errors import ForbiddenError, InvalidTokenError, NotFoundError
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.text import is_storable

UserRef = UserId | EmailAddress
"""The account that is meant, by its id or its address."""


def parse_user_ref(text: str, *, ports: Ports) -> UserRef:
    """Returns what somebody typed as an e-mail address or, without an "@", as an id.

    Raises: NotFoundError when it can be neither.
    """
    if "@" not in text:
        return UserId(text)
    try:
        return ports.emails.parse(text)
    except BadFieldError:
        raise NotFoundError from None


async def check_right(actor: Actor, repositories: Repositories) -> None:
    """Makes sure that the actor may administer right now, whatever was true a moment ago (ASVS 8.3.2).

    Raises: ForbiddenError; InvalidTokenError when their session ended or they were suspended.
    """
    if actor.session_id is None:
        return
    user = await repositories.users.by_id(UserId(actor.id))
    session = await repositories.sessions.by_id(actor.session_id)
    if user is None or session is None or not session.belongs_to(user):
        raise InvalidTokenError("session ended")
    if user.is_suspended:
        raise InvalidTokenError("account suspended")
    if user.role is not Role.ADMIN:
        raise ForbiddenError(user.id)


async def lock_active_admins(actor: Actor, transaction: Transaction) -> list[User]:
    """Returns the active admins, once the actor may change accounts; none of the admins changes meanwhile.

    Changes by administrators take turns here, before anything else: so no two of them see each other as the admin who
    stays, and they never wait in a circle.

    Raises: what `check_right` raises.
    """
    admins = await transaction.users.active_admins()
    await check_right(actor, transaction)
    return admins


async def get_user(user_ref: UserRef, repositories: Repositories) -> User:
    """Returns the account that is meant.

    Raises: NotFoundError.
    """
    if isinstance(user_ref, EmailAddress):
        user = await repositories.users.by_email(user_ref.canonical)
    else:
        user = await repositories.users.by_id(user_ref) if is_storable(user_ref) else None
    if user is None:
        raise NotFoundError
    return user
