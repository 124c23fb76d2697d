"""The account."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import attrs

from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError, parse_line
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.json_object import EMPTY, UNREAD, JsonObject
from leadnator_auth.domain.values.search import folded

DEFAULT_PLAN = "Starter"
MAX_NAME_LENGTH = 200
MAX_PLAN_LENGTH = 50

Choice = TypeVar("Choice", bound=StrEnum)


class Role(StrEnum):
    """What an account may do."""

    USER = "user"
    ADMIN = "admin"


class Status(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@attrs.frozen
class User:
    """An account. Nothing in it is secret: the password's hash lives in `Credentials`."""

    id: UserId
    name: str
    email: EmailAddress
    created_at: datetime
    role: Role = Role.USER
    plan: str = DEFAULT_PLAN
    status: Status = Status.ACTIVE
    session_epoch: int = 0
    """How often all its sessions were ended at once; a session of an earlier epoch is over."""
    secret_epoch: int = 0
    """How often its mailed secrets and known clients were voided; those of an earlier epoch do not count."""
    email_verified_at: datetime | None = None
    """When it was proved that the owner reads mails to the address of today; None if it never was."""
    second_factor_at: datetime | None = None
    """When the app was confirmed without which nobody gets in any more; None where a password will do."""
    passkey_count: int = 0
    """How many passkeys it has, so that nobody who has none waits for a look."""
    pending_email: EmailAddress | None = None
    """The address that its owner asked for, taken or not, until it is confirmed, replaced or void."""
    user_metadata: JsonObject = attrs.field(default=EMPTY, eq=False)
    """What its owner set, through the application; neither of the two is looked at when accounts are compared."""
    app_metadata: JsonObject = attrs.field(default=EMPTY, eq=False)
    """What admins set."""

    @property
    def is_email_verified(self) -> bool:
        """Whether the address is proved to be the owner's."""
        return self.email_verified_at is not None

    @property
    def has_second_factor(self) -> bool:
        """Whether getting in takes more than a password, or a code by mail."""
        return self.second_factor_at is not None

    @property
    def is_suspended(self) -> bool:
        """Whether the account exists but may not be used."""
        return self.status is Status.SUSPENDED

    @property
    def is_active_admin(self) -> bool:
        """Whether it may administer the accounts of others."""
        return self.role is Role.ADMIN and not self.is_suspended


def without_sessions(user: User) -> User:
    """Returns the account with all its sessions over; storing it is up to the caller."""
    return attrs.evolve(user, session_epoch=user.session_epoch + 1)


def without_secrets(user: User) -> User:
    """Returns the account with its mailed secrets and known clients void; storing it is up to the caller.

    A change of address that waits to be confirmed is over with that: its link is void, too.
    """
    return attrs.evolve(user, secret_epoch=user.secret_epoch + 1, pending_email=None)


def without_metadata(user: User) -> User:
    """Returns the account as it is in an `Identity`: every request looks that up, and hardly any needs more."""
    return attrs.evolve(
        user, second_factor_at=None, passkey_count=0, pending_email=None, user_metadata=UNREAD, app_metadata=UNREAD
    )


def with_verified_email(user: User, now: datetime) -> User:
    """Returns the account with its address proved, since now unless it was before; storing it is up to the caller."""
    return user if user.is_email_verified else attrs.evolve(user, email_verified_at=now)


def is_found(user: User, search: str) -> bool:
    """Returns whether the name or the canonical address contains `search` in any letter case, or it is the id."""
    text = folded(search)
    return text in folded(user.name) or text in user.email.canonical or search == user.id


def parse_name(text: str) -> str:
    """Returns a person's name without surrounding white space.

    Raises: BadFieldError when nothing of it is visible, or it has over 200 characters or a control character.
    """
    return parse_line(text, MAX_NAME_LENGTH)


def parse_plan(text: str) -> str:
    """Returns the name of a plan without surrounding white space.

    Raises: BadFieldError when nothing of it is visible, or it has over 50 characters or a control character.
    """
    return parse_line(text, MAX_PLAN_LENGTH)


def parse_role(text: str) -> Role:
    """Returns the role of this name.

    Raises: BadFieldError when there is none.
    """
    return _member(Role, text)


def parse_status(text: str) -> Status:
    """Returns the status of this name.

    Raises: BadFieldError when there is none.
    """
    return _member(Status, text)


def _member(choices: type[Choice], text: str) -> Choice:
    try:
        return choices(text)
    except ValueError:
        raise BadFieldError("unknown_value", f"Use one of: {', '.join(choices)}.") from None
