"""Families of refresh tokens in SQL."""

import attrs

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, plain
from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.values.ids import SessionId

REFRESH_FAMILIES = Table(
    "refresh_families", RefreshFamily, (plain("session_id"), plain("key_id"), plain("newest")), key="session_id"
)


@attrs.frozen
class SqlRefreshFamilies:
    """RefreshFamilies on one connection."""

    connection: PooledConnection

    async def add(self, family: RefreshFamily) -> None:
        await self.connection.run(REFRESH_FAMILIES.insert, **REFRESH_FAMILIES.values(family))

    async def of_session(self, session_id: SessionId) -> RefreshFamily | None:
        return await REFRESH_FAMILIES.find(self.connection, session_id)

    async def save(self, family: RefreshFamily) -> None:
        await self.connection.run(
            "UPDATE refresh_families SET newest = :newest WHERE session_id = :session_id",
            session_id=family.session_id,
            newest=family.newest,
        )
