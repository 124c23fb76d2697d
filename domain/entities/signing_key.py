"""The keys that tokens are signed with where others verify them, and the states that each goes through."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from leadnator_auth.domain.values.public_key import PublicKey

PUBLISHED_BEFORE = timedelta(minutes=10)
"""How long a key is published before it signs: verifiers may keep a set of keys for so long."""
KEPT_FOR = timedelta(days=30)
"""How long a key stays in the list that verifies nothing any more."""


class KeyState(StrEnum):
    """What a key is for; at most one is next, and at most one signs."""

    NEXT = "next"
    """It is published, and signs nothing yet."""
    SIGNING = "signing"
    """New tokens are signed with it."""
    RETIRED = "retired"
    """It signs no more, and verifies until its last token has expired, or somebody ends that."""


@attrs.frozen(kw_only=True)
class SigningKey:
    """A key for tokens that anybody can verify. Its private half is sealed: the row alone signs nothing."""

    kid: str
    public: PublicKey
    sealed: str = attrs.field(repr=False)
    """The private half, under a key that is derived from a master key for this one alone."""
    master_key_id: str
    """The id of that master key."""
    published_at: datetime
    state: KeyState = KeyState.NEXT
    signs_since: datetime | None = None
    retired_at: datetime | None = None
    """When it signed no more, or would never sign."""
    verifies_until: datetime | None = None

    @property
    def may_sign_from(self) -> datetime:
        """When every verifier knows it, to the next whole second."""
        exact = self.published_at + PUBLISHED_BEFORE
        return (exact + timedelta(microseconds=999_999)).replace(microsecond=0)

    def verifies(self, now: datetime) -> bool:
        """Returns whether its tokens are good; then it is published, too."""
        return self.verifies_until is None or now < self.verifies_until

    def is_over(self, now: datetime) -> bool:
        """Returns whether it verifies nothing any more, and nobody needs to see it in a list."""
        return not self.verifies(now - KEPT_FOR)

    def signing(self, now: datetime) -> "SigningKey":
        """Returns the key as it signs from now on."""
        return attrs.evolve(self, state=KeyState.SIGNING, signs_since=now)

    def retired(self, now: datetime, until: datetime) -> "SigningKey":
        """Returns the key as it signs no more, and verifies so long."""
        at = self.retired_at or now
        return attrs.evolve(self, state=KeyState.RETIRED, retired_at=at, verifies_until=until)
