"""Signing keys in SQL."""

import attrs

from leadnator_auth.adapters.sql.backend import ConstraintError
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, choice, instant, optional_instant, plain
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.errors import ConcurrencyError
from leadnator_auth.domain.values.public_key import SigningAlgorithm

SIGNING_KEYS = Table(
    "signing_keys",
    SigningKey,
    (
        plain("kid"),
        choice("algorithm", SigningAlgorithm, "public.algorithm"),
        plain("x", "public.x"),
        plain("y", "public.y"),
        plain("sealed"),
        plain("master_key_id"),
        choice("state", KeyState),
        instant("published_at"),
        optional_instant("signs_since"),
        optional_instant("retired_at"),
        optional_instant("verifies_until"),
    ),
    key="kid",
)
_CHANGED = ("state", "signs_since", "retired_at", "verifies_until")
_CHANGE = (
    f"UPDATE signing_keys SET {', '.join(f'{column} = :{column}' for column in _CHANGED)} "
    "WHERE kid = :kid AND state = :was RETURNING kid"
)


@attrs.frozen
class SqlSigningKeys:
    """SigningKeys on one connection."""

    connection: PooledConnection

    async def all(self) -> list[SigningKey]:
        # By a range of the key, as every statement: no order of so few is worth an index.
        rows = await self.connection.fetch_all(f"SELECT {SIGNING_KEYS.columns} FROM signing_keys WHERE kid > ''")
        return sorted(map(SIGNING_KEYS.entity, rows), key=lambda each: (each.published_at, each.kid))

    async def add(self, key: SigningKey) -> None:
        try:
            await self.connection.run(SIGNING_KEYS.insert, **SIGNING_KEYS.values(key))
        except ConstraintError as error:
            raise _conflict(error) from error

    async def change(self, key: SigningKey, was: KeyState) -> bool:
        values = SIGNING_KEYS.values(key)
        changed = {column: values[column] for column in ("kid", *_CHANGED)}
        try:
            row = await self.connection.fetch_one(_CHANGE, **changed, was=was.value)
        except ConstraintError as error:
            raise _conflict(error) from error
        return row is not None

    async def remove(self, kid: str) -> None:
        await self.connection.run("DELETE FROM signing_keys WHERE kid = :kid", kid=kid)


def _conflict(error: ConstraintError) -> ConcurrencyError:
    return {"signing_keys_state": ConcurrencyError("another key has this state")}[error.constraint]
