"""One-time tokens over one copy of the tables."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class MemoryOneTimeTokens:
    """OneTimeTokens over one copy of the tables."""

    tables: Tables

    async def add(self, token: OneTimeToken) -> None:
        self.tables.one_time_tokens[token.digest] = token

    async def by_digest(self, digest: str) -> OneTimeToken | None:
        return self.tables.one_time_tokens.get(digest)

    async def use(self, digest: str, now: datetime) -> OneTimeToken | None:
        token = self._unused(digest, now)
        return self._kept(attrs.evolve(token, used_at=now)) if token else None

    async def spend_try(self, digest: str, now: datetime) -> OneTimeToken | None:
        token = self._unused(digest, now)
        has_try = token is not None and token.tries_left > 0
        return self._kept(attrs.evolve(token, tries_left=token.tries_left - 1)) if token and has_try else None

    async def remove(self, digest: str) -> None:
        self.tables.one_time_tokens.pop(digest, None)

    async def of_user(self, user_id: UserId, limit: int) -> list[OneTimeToken]:
        return [token for token in self.tables.one_time_tokens.values() if token.user_id == user_id][:limit]

    async def issued_since(self, purpose: Purpose, user_id: UserId, since: datetime, limit: int) -> list[datetime]:
        tokens = [t for t in self.tables.one_time_tokens.values() if (t.purpose, t.user_id) == (purpose, user_id)]
        return sorted(token.issued_at for token in tokens if token.issued_at > since)[-limit:]

    def _unused(self, digest: str, now: datetime) -> OneTimeToken | None:
        token = self.tables.one_time_tokens.get(digest)
        return token if token and token.used_at is None and now < token.expires_at else None

    def _kept(self, token: OneTimeToken) -> OneTimeToken:
        self.tables.one_time_tokens[token.digest] = token
        return token
