"""What an admin wants to be another way about an account."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import attrs

from leadnator_auth.domain.entities.user import (
    Role,
    Status,
    User,
    parse_name,
    parse_plan,
    parse_role,
    parse_status,
    with_verified_email,
    without_secrets,
)
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.json_object import JsonObject

Parsed = TypeVar("Parsed")


@attrs.frozen
class UserPatch:
    """The new values of the fields that an admin sets; None for those that stay."""

    name: str | None
    email: EmailAddress | None
    role: Role | None
    plan: str | None
    status: Status | None
    email_verified: bool | None
    app_metadata: JsonObject | None

    @classmethod
    def checked(cls, changes: Mapping[str, RawField], ports: Ports) -> "UserPatch":
        """Returns what is asked for.

        Raises: MissingFieldsError, also for a null, which differs from an absent field; InvalidFieldsError."""
        with FieldChecks() as check:
            check.only(changes, [field.name for field in attrs.fields(cls)])

            def given(field: str, parse: Callable[[str], Parsed]) -> Parsed | None:
                return check(field, changes[field], parse) if field in changes else None

            metadata = check.of_any_type("app_metadata", changes.get("app_metadata", {}), JsonObject.of)
            return cls(
                given("name", parse_name),
                given("email", ports.emails.parse),
                given("role", parse_role),
                given("plan", parse_plan),
                given("status", parse_status),
                check.flag("email_verified", changes["email_verified"]) if "email_verified" in changes else None,
                metadata if "app_metadata" in changes else None,
            )

    def applied_to(self, user: User, now: datetime) -> User:
        """Returns the account with them; another address is not proved, and voids what was mailed."""
        if self.email is not None and self.email != user.email:
            is_other = self.email.canonical != user.email.canonical
            user = attrs.evolve(without_secrets(user), email_verified_at=None) if is_other else user
            user = attrs.evolve(user, email=self.email)
        if self.email_verified is not None:
            user = with_verified_email(user, now) if self.email_verified else attrs.evolve(user, email_verified_at=None)
        return attrs.evolve(
            user,
            name=self.name or user.name,
            role=self.role or user.role,
            plan=self.plan or user.plan,
            status=self.status or user.status,
            app_metadata=user.app_metadata if self.app_metadata is None else self.app_metadata,
        )
