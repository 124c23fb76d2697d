"""Accounts and their credentials in SQL."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.sql.backend import ConstraintError
from leadnator_auth.adapters.sql.email_changes import RESERVED
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.left_accounts import leave_nothing
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.positions import place_of
from leadnator_auth.adapters.sql.table import Column, Table, choice, instant, optional_instant, plain
from leadnator_auth.adapters.sql.user_search import narrowed_by
from leadnator_auth.domain.entities.user import Role, Status, User, is_found
from leadnator_auth.domain.errors import AuthError, EmailTakenError
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.json_object import JsonObject
from leadnator_auth.domain.values.paging import Position

_ERRORS: dict[str, type[AuthError]] = {"users_email_canonical": EmailTakenError}


def _json(name: str) -> Column:
    return Column(name, name, lambda text: JsonObject(json.loads(text)), attrgetter("text"))


_IDENTIFYING = (
    plain("id"),
    plain("name"),
    plain("email", "email.typed"),
    plain("email_canonical", "email.canonical"),
    instant("created_at"),
    choice("role", Role),
    plain("plan"),
    choice("status", Status),
    plain("session_epoch"),
    plain("secret_epoch"),
    optional_instant("email_verified_at"),
)
USERS = Table(
    "users",
    User,
    (
        *_IDENTIFYING,
        optional_instant("second_factor_at"),
        plain("passkey_count"),
        plain("pending_email", "pending_email.typed"),
        plain("pending_email_canonical", "pending_email.canonical"),
        _json("user_metadata"),
        _json("app_metadata"),
    ),
)
IDENTIFIED_USERS = Table("users", User, _IDENTIFYING)
"""All but what hardly any request needs: the metadata, which may be long, the address that was asked for, and whether
there is a second factor, or a passkey."""
_SAVED = (
    "name",
    "email",
    "email_canonical",
    "role",
    "plan",
    "status",
    "session_epoch",
    "secret_epoch",
    "email_verified_at",
    "second_factor_at",
    "passkey_count",
    "pending_email",
    "pending_email_canonical",
    "user_metadata",
    "app_metadata",
)


@contextmanager
def _telling_what_is_taken() -> Iterator[None]:
    try:
        yield
    except ConstraintError as error:
        raise _ERRORS[error.constraint] from error


@attrs.frozen
class SqlUsers:
    """Users on one connection."""

    connection: PooledConnection

    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        with _telling_what_is_taken():
            if unless_reserved_at is None:
                await USERS.insert_all(self.connection, users)
                return
            for user in users:
                await self._add_unless_reserved(user, unless_reserved_at)

    async def _add_unless_reserved(self, user: User, now: datetime) -> None:
        # One statement: nobody who moves away meanwhile gets between the look and the insert.
        reserved = RESERVED.format(address="email_canonical", now="now")
        row = await self.connection.fetch_one(
            f"INSERT INTO users ({USERS.columns}) SELECT {USERS.parameters} WHERE NOT EXISTS ({reserved}) RETURNING id",
            now=to_number(now),
            **USERS.values(user),
        )
        if row is None:
            raise EmailTakenError

    async def is_taken(self, canonical: str, now: datetime) -> bool:
        reserved = RESERVED.format(address="address", now="now")
        row = await self.connection.fetch_one(
            f"SELECT 1 FROM users WHERE email_canonical = :address UNION ALL {reserved} LIMIT 1",
            address=canonical,
            now=to_number(now),
        )
        return row is not None

    async def by_id(self, user_id: UserId) -> User | None:
        return await USERS.find(self.connection, user_id)

    async def by_email(self, canonical: str) -> User | None:
        return await USERS.find(self.connection, canonical, by="email_canonical")

    async def save(self, user: User) -> None:
        values = USERS.values(user)
        with _telling_what_is_taken():
            await self.connection.run(
                f"UPDATE users SET {', '.join(f'{column} = :{column}' for column in _SAVED)} WHERE id = :id",
                **{column: values[column] for column in ("id", *_SAVED)},
            )

    async def remove(self, user_id: UserId) -> None:
        row = await self.connection.fetch_one("DELETE FROM users WHERE id = :id RETURNING email_canonical", id=user_id)
        if row is not None:
            await leave_nothing(user_id, row["email_canonical"], self.connection)

    async def active_admins(self) -> list[User]:
        # In one order for everybody: who wants these rows too waits at the first, and never in a circle.
        rows = await self.connection.fetch_all(
            f"SELECT {USERS.columns} FROM users WHERE role = 'admin' AND status = 'active' "
            f"ORDER BY users.id{self.connection.row_lock}"
        )
        return [USERS.entity(row) for row in rows]

    async def page(self, search: str, limit: int, after: Position | None) -> list[User]:
        found: list[User] = []
        while True:
            users = await self._narrowed_page(search, limit, after)
            found += [user for user in users if is_found(user, search)]
            if len(users) < limit or len(found) >= limit:
                return found[:limit]
            after = Position(users[-1].created_at, users[-1].id)

    async def _narrowed_page(self, search: str, limit: int, after: Position | None) -> list[User]:
        condition, values = narrowed_by(search)
        rows = await self.connection.fetch_all(
            f"SELECT {USERS.columns} FROM users WHERE (users.created_at, users.id) < (:at, :after_id){condition} "
            "ORDER BY users.created_at DESC, users.id DESC LIMIT :limit",
            limit=limit,
            **place_of(after),
            **values,
        )
        return [USERS.entity(row) for row in rows]
