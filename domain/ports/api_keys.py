"""Where API keys are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.values.ids import ApiKeyId, UserId


class ApiKeys(Protocol):
    """The API keys of all accounts."""

    async def add(self, key: ApiKey) -> None:
        """Keeps a new key."""

    async def by_id(self, key_id: ApiKeyId) -> ApiKey | None:
        """Returns the key with this id, if any; expired ones too."""

    async def by_digest(self, digest: str) -> ApiKey | None:
        """Returns the key whose secret has this digest, if any; expired ones too."""

    async def of_user(self, user_id: UserId) -> list[ApiKey]:
        """Returns the keys of an account; the newest come first, and of one instant those with the higher id."""

    async def note_uses(self, uses: Mapping[ApiKeyId, datetime]) -> None:
        """Keeps when keys were used last, those that are there and whose `is_use_to_be_noted` then.

        It waits for nobody: what somebody else is changing may be left out.
        """

    async def remove(self, key_id: ApiKeyId) -> bool:
        """Removes a key; returns whether there was one, which of many at once only one is told."""

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[ApiKey]:
        """Removes the keys of an account that were made at or after an instant, or all.

        Returns them, in any order.
        """
