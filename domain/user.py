"""The account: who somebody is to the product."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import attrs

from leadnator_auth.domain.email_address import EmailAddress
from leadnator_auth.domain.fields import BadFieldError, missing
from leadnator_auth.domain.text import is_control

UserId = NewType("UserId", str)

USER_ID_PREFIX = "u_"
DEFAULT_PLAN = "Starter"
MAX_NAME_LENGTH = 200


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

    @property
    def is_suspended(self) -> bool:
        """Whether the account exists but may not be used."""
        return self.status is Status.SUSPENDED


def parse_name(text: str) -> str:
    """Returns a person's name without surrounding white space.

    Raises: BadFieldError when it is blank, over 200 characters, or holds a control character.
    """
    name = text.strip()
    if not name:
        raise missing()
    if len(name) > MAX_NAME_LENGTH:
        raise BadFieldError("too_long", f"Use at most {MAX_NAME_LENGTH} characters.")
    if any(is_control(character) for character in name):
        raise BadFieldError("invalid_characters", "Control characters are not allowed.")
    return name
