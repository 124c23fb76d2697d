"""One's own account: see it, change it, delete it."""

from collections.abc import Mapping

import attrs

from leadnator_auth.domain.entities.change import changes_between, event_data_of
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import User, parse_name
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.record import record
from leadnator_auth.domain.use_cases.steps.remove_user import remove_user
from leadnator_auth.domain.use_cases.steps.require_step_up import current_user, require_step_up
from leadnator_auth.domain.use_cases.steps.throttle import throttle_account
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.fields import BadFieldError, FieldChecks, RawField
from leadnator_auth.domain.values.json_object import JsonObject


async def show_account(identity: Identity, *, ports: Ports) -> User:
    """Returns the account behind a session as it is now, with its metadata.

    Raises: InvalidTokenError when the session ended meanwhile.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        return await current_user(identity, repositories)


async def change_account(identity: Identity, changes: Mapping[str, RawField], *, ports: Ports) -> User:
    """Sets those of name and `user_metadata` that `changes` has, and returns the account; nothing else may be in it.

    The metadata replaces what was there. It is an object of at most 8 KiB as compact JSON, and of the shape that
    `ports.metadata_schema` asks for.

    Raises: MissingFieldsError, also for a null, which differs from an absent field; InvalidFieldsError,
    TooManyRequestsError, InvalidTokenError when the session ended meanwhile.
    """
    patch = await _Patch.checked(changes, ports)
    await throttle_account(ports.policy.account_changes, identity.user.id, ports)

    async def change(transaction: Transaction) -> User:
        before = await current_user(identity, transaction)
        after = patch.applied_to(before)
        made = changes_between(before, after)
        if made:
            await transaction.users.save(after)
            await record(EventType.USER_UPDATED, after.id, transaction, ports, **event_data_of(made))
        return after

    return await run_in_transaction(ports.unit_of_work, change)


async def delete_account(identity: Identity, *, ports: Ports) -> None:
    """Removes the account behind a session with all that belongs to it but its events; its address is free at once.

    Raises: StepUpRequiredError, LastAdminError, InvalidTokenError when the session ended meanwhile.
    """

    async def delete(transaction: Transaction) -> None:
        # As for every change that an admin may be lost by: they take turns here, before anything else.
        admins = await transaction.users.active_admins()
        user = await require_step_up(identity, transaction, ports)
        await remove_user(user, user.id, admins, transaction, ports)

    await run_in_transaction(ports.unit_of_work, delete)


@attrs.frozen
class _Patch:
    """The new values of fields; None for those that stay."""

    name: str | None
    user_metadata: JsonObject | None

    @classmethod
    async def checked(cls, changes: Mapping[str, RawField], ports: Ports) -> "_Patch":
        """Raises: MissingFieldsError, InvalidFieldsError."""
        with FieldChecks() as check:
            check.only(changes, [field.name for field in attrs.fields(cls)])
            name = check("name", changes["name"], parse_name) if "name" in changes else None
            metadata = None
            if "user_metadata" in changes:
                metadata = check.of_any_type("user_metadata", changes["user_metadata"], JsonObject.of)
            if metadata is not None and ports.metadata_schema is not None:
                problem = await ports.metadata_schema.problem(metadata)
                if problem is not None:
                    check.refuse("user_metadata", BadFieldError("schema_mismatch", problem))
        return cls(name, metadata)

    def applied_to(self, user: User) -> User:
        metadata = user.user_metadata if self.user_metadata is None else self.user_metadata
        return attrs.evolve(user, name=self.name or user.name, user_metadata=metadata)
