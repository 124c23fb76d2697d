"""Accounts and their credentials in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.dialect import ConstraintError
from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.slot import Row, Slot
from leadnator_auth.domain.credentials import Credentials
from leadnator_auth.domain.email_address import EmailAddress
from leadnator_auth.domain.errors import AuthError, EmailTakenError
from leadnator_auth.domain.user import Role, Status, User, UserId

_ERRORS: dict[str, type[AuthError]] = {"users.email_canonical": EmailTakenError}


def user_of(row: Row) -> User:
    """Returns the user in a row that has the columns of `users`."""
    return User(
        id=UserId(row["user_id"]),
        name=row["name"],
        email=EmailAddress(typed=row["email"], canonical=row["email_canonical"]),
        created_at=from_number(row["user_created_at"]),
        role=Role(row["role"]),
        plan=row["plan"],
        status=Status(row["status"]),
    )


USER_COLUMNS = (
    "users.id AS user_id, users.name, users.email, users.email_canonical, users.role, users.plan, users.status, "
    "users.created_at AS user_created_at"
)


@attrs.frozen
class SqlUsers:
    """Users on one connection."""

    slot: Slot

    async def add(self, user: User) -> None:
        try:
            await self.slot.run(
                "INSERT INTO users (id, name, email, email_canonical, role, plan, status, created_at) "
                "VALUES (:id, :name, :email, :email_canonical, :role, :plan, :status, :created_at)",
                id=user.id,
                name=user.name,
                email=user.email.typed,
                email_canonical=user.email.canonical,
                role=user.role.value,
                plan=user.plan,
                status=user.status.value,
                created_at=to_number(user.created_at),
            )
        except ConstraintError as error:
            raise _ERRORS[error.constraint] from error

    async def by_id(self, user_id: UserId) -> User | None:
        return await self._one("users.id = :value", user_id)

    async def by_email(self, canonical: str) -> User | None:
        return await self._one("users.email_canonical = :value", canonical)

    async def save(self, user: User) -> None:
        await self.slot.run(
            "UPDATE users SET name = :name, role = :role, plan = :plan, status = :status WHERE id = :id",
            id=user.id,
            name=user.name,
            role=user.role.value,
            plan=user.plan,
            status=user.status.value,
        )

    async def _one(self, condition: str, value: str) -> User | None:
        row = await self.slot.fetch_one(f"SELECT {USER_COLUMNS} FROM users WHERE {condition}", value=value)
        return None if row is None else user_of(row)


_COLUMNS = "credentials.user_id, credentials.password_hash, credentials.changed_at, credentials.version"


def _credentials_of(row: Row) -> Credentials:
    return Credentials(
        user_id=UserId(row["user_id"]),
        password_hash=row["password_hash"],
        changed_at=from_number(row["changed_at"]),
        version=row["version"],
    )


@attrs.frozen
class SqlCredentialStore:
    """CredentialStore on one connection."""

    slot: Slot

    async def add(self, credentials: Credentials) -> None:
        await self.slot.run(
            "INSERT INTO credentials (user_id, password_hash, changed_at, version) "
            "VALUES (:user_id, :password_hash, :changed_at, :version)",
            user_id=credentials.user_id,
            password_hash=credentials.password_hash,
            changed_at=to_number(credentials.changed_at),
            version=credentials.version,
        )

    async def of(self, user_id: UserId) -> Credentials | None:
        row = await self.slot.fetch_one(f"SELECT {_COLUMNS} FROM credentials WHERE user_id = :id", id=user_id)
        return None if row is None else _credentials_of(row)

    async def by_email(self, canonical: str) -> Credentials | None:
        row = await self.slot.fetch_one(
            f"SELECT {_COLUMNS} FROM credentials JOIN users ON users.id = credentials.user_id "
            "WHERE users.email_canonical = :canonical",
            canonical=canonical,
        )
        return None if row is None else _credentials_of(row)

    async def change(self, user_id: UserId, new_hash: str, now: datetime) -> None:
        await self.slot.run(
            "UPDATE credentials SET password_hash = :new_hash, changed_at = :now, version = version + 1 "
            "WHERE user_id = :user_id",
            user_id=user_id,
            new_hash=new_hash,
            now=to_number(now),
        )

    async def upgrade(self, user_id: UserId, *, old_hash: str, new_hash: str) -> bool:
        row = await self.slot.fetch_one(
            "UPDATE credentials SET password_hash = :new_hash "
            "WHERE user_id = :user_id AND password_hash = :old_hash RETURNING user_id",
            user_id=user_id,
            old_hash=old_hash,
            new_hash=new_hash,
        )
        return row is not None
