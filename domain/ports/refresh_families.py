"""Where it is kept which refresh token of a session is the newest."""

from typing import Protocol

from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.values.ids import SessionId


class RefreshFamilies(Protocol):
    """The families of refresh tokens, one a session at most; each goes with its session, whatever ends that."""

    async def add(self, family: RefreshFamily) -> None:
        """Keeps the family of a session that has none."""

    async def of_session(self, session_id: SessionId) -> RefreshFamily | None:
        """Returns the family of a session, if it has one."""

    async def save(self, family: RefreshFamily) -> None:
        """Keeps which token of a family is the newest, if the family is there."""
