"""Accounts and their credentials in SQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import ConstraintError, Row
from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.left_rows import leave_nothing, purge_left
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.adapters.sql.user_search import narrowed_by
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.user import Role, Status, User, UserId, is_found
from leadnator_auth.domain.errors import AuthError, EmailTakenError
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.paging import Position

_ERRORS: dict[str, type[AuthError]] = {"users_email_canonical": EmailTakenError}


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
        session_epoch=row["session_epoch"],
        secret_epoch=row["secret_epoch"],
    )


USER_COLUMNS = (
    "users.id AS user_id, users.name, users.email, users.email_canonical, users.role, users.plan, users.status, "
    "users.created_at AS user_created_at, users.session_epoch, users.secret_epoch"
)


_ADD_USER = (
    "INSERT INTO users (id, name, email, email_canonical, role, plan, status, created_at, session_epoch, secret_epoch) "
    "VALUES (:id, :name, :email, :email_canonical, :role, :plan, :status, :created_at, :session_epoch, :secret_epoch)"
)


def _user_values(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "email_canonical": user.email.canonical,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "created_at": to_number(user.created_at),
        "session_epoch": user.session_epoch,
        "secret_epoch": user.secret_epoch,
    }


@contextmanager
def _telling_what_is_taken() -> Iterator[None]:
    try:
        yield
    except ConstraintError as error:
        raise _ERRORS[error.constraint] from error


@attrs.frozen
class SqlUsers:
    """Users on one connection."""

    slot: Slot

    async def add(self, user: User) -> None:
        with _telling_what_is_taken():
            await self.slot.run(_ADD_USER, **_user_values(user))

    async def add_all(self, users: Sequence[User]) -> None:
        with _telling_what_is_taken():
            await self.slot.run_many(_ADD_USER, [_user_values(user) for user in users])

    async def by_id(self, user_id: UserId) -> User | None:
        return await self._one("users.id = :value", user_id)

    async def by_email(self, canonical: str) -> User | None:
        return await self._one("users.email_canonical = :value", canonical)

    async def save(self, user: User) -> None:
        await self.slot.run(
            "UPDATE users SET name = :name, role = :role, plan = :plan, status = :status, "
            "session_epoch = :session_epoch, secret_epoch = :secret_epoch WHERE id = :id",
            id=user.id,
            name=user.name,
            role=user.role.value,
            plan=user.plan,
            status=user.status.value,
            session_epoch=user.session_epoch,
            secret_epoch=user.secret_epoch,
        )

    async def remove(self, user_id: UserId) -> None:
        await self.slot.run("DELETE FROM users WHERE id = :id", id=user_id)
        await leave_nothing(user_id, self.slot)

    async def purge(self, most: int) -> int:
        return await purge_left(most, self.slot)

    async def active_admins(self) -> list[User]:
        # In one order for everybody: who wants these rows too waits at the first, and never in a circle.
        rows = await self.slot.fetch_all(
            f"SELECT {USER_COLUMNS} FROM users WHERE role = 'admin' AND status = 'active' "
            f"ORDER BY users.id{self.slot.row_lock}"
        )
        return [user_of(row) for row in rows]

    async def page(self, search: str, most: int, after: Position | None) -> list[User]:
        found: list[User] = []
        while True:
            users = await self._narrowed_page(search, most, after)
            found += [user for user in users if is_found(user, search)]
            if len(users) < most or len(found) >= most:
                return found[:most]
            after = Position(users[-1].created_at, users[-1].id)

    async def _narrowed_page(self, search: str, most: int, after: Position | None) -> list[User]:
        condition, values = narrowed_by(search)
        rows = await self.slot.fetch_all(
            f"SELECT {USER_COLUMNS} FROM users WHERE (users.created_at, users.id) < (:at, :after_id){condition} "
            "ORDER BY users.created_at DESC, users.id DESC LIMIT :most",
            most=most,
            **place_of(after),
            **values,
        )
        return [user_of(row) for row in rows]

    async def _one(self, condition: str, value: str) -> User | None:
        row = await self.slot.fetch_one(
            f"SELECT {USER_COLUMNS} FROM users WHERE {condition}{self.slot.row_lock}", value=value
        )
        return None if row is None else user_of(row)


_ADD_CREDENTIALS = (
    "INSERT INTO credentials (user_id, password_hash, changed_at, version) "
    "VALUES (:user_id, :password_hash, :changed_at, :version)"
)
_COLUMNS = "credentials.user_id, credentials.password_hash, credentials.changed_at, credentials.version"


def _credentials_of(row: Row) -> Credentials:
    return Credentials(
        user_id=UserId(row["user_id"]),
        password_hash=row["password_hash"],
        changed_at=from_number(row["changed_at"]),
        version=row["version"],
    )


def _credentials_values(credentials: Credentials) -> dict[str, object]:
    return {
        "user_id": credentials.user_id,
        "password_hash": credentials.password_hash,
        "changed_at": to_number(credentials.changed_at),
        "version": credentials.version,
    }


@attrs.frozen
class SqlCredentialStore:
    """CredentialStore on one connection."""

    slot: Slot

    async def add(self, credentials: Credentials) -> None:
        await self.slot.run(_ADD_CREDENTIALS, **_credentials_values(credentials))

    async def add_all(self, credentials: Sequence[Credentials]) -> None:
        await self.slot.run_many(_ADD_CREDENTIALS, [_credentials_values(each) for each in credentials])

    async def of(self, user_id: UserId) -> Credentials | None:
        row = await self.slot.fetch_one(
            f"SELECT {_COLUMNS} FROM credentials WHERE user_id = :id{self.slot.row_lock}", id=user_id
        )
        return None if row is None else _credentials_of(row)

    async def by_emails(self, canonicals: Sequence[str]) -> dict[str, Credentials]:
        if not canonicals:
            return {}
        values = {f"email_{number}": canonical for number, canonical in enumerate(canonicals)}
        rows = await self.slot.fetch_all(
            f"SELECT {_COLUMNS}, users.email_canonical FROM credentials JOIN users ON users.id = credentials.user_id "
            f"WHERE users.email_canonical IN ({', '.join(f':{name}' for name in values)})",
            **values,
        )
        return {row["email_canonical"]: _credentials_of(row) for row in rows}

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
