"""What one process knows of the signing keys: those that verify, and the one that signs."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.values.public_key import SigningAlgorithm

READ_EVERY = timedelta(milliseconds=400)
"""How old what is known may be before somebody reads it again."""
MAX_AGE = timedelta(milliseconds=800)
"""How old it may be while somebody does; a retired key is known as such everywhere within a second."""
MAX_LOOKS = 10
"""How many kids that are not known may be looked for in that time, so that nobody can have a query for each request."""
_NEVER = timedelta.max
_VERSION_LENGTH = 16


def _ignored(keys: Sequence[SigningKey]) -> None:
    """Tells nobody."""


@attrs.define(eq=False)
class KeyRing:
    """The signing keys as they were read last; who verifies and who signs shares one with who reads them.

    `on_change` is told all keys that were read whenever they are others than before.
    """

    algorithm: SigningAlgorithm = SigningAlgorithm.HS256
    """How new tokens are to be signed."""
    on_change: Callable[[Sequence[SigningKey]], None] = _ignored
    verifying: Mapping[str, SigningKey] = attrs.field(init=False, factory=dict)
    """Those whose tokens are good, by kid."""
    signing: SigningKey | None = attrs.field(init=False, default=None)
    """The one that signs, whatever its algorithm; None with HS256, or before any was read."""
    is_used: bool = attrs.field(init=False, default=False)
    """Whether any token is, or may be, signed with such a key; else nothing of it costs anything."""
    _keys: Sequence[SigningKey] = attrs.field(init=False, default=())
    _read_at: datetime | None = attrs.field(init=False, default=None)
    _readers: int = attrs.field(init=False, default=0)
    _looks: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.is_used = self.algorithm.has_public_keys

    @property
    def version(self) -> str:
        """Which keys are published, as a short text that is the same in every process; empty where none are."""
        if not self.verifying:
            return ""
        return hashlib.sha256(" ".join(sorted(self.verifying)).encode()).hexdigest()[:_VERSION_LENGTH]

    def is_due(self, now: datetime) -> bool:
        """Returns whether the keys have to be read before anything is signed or verified; never with HS256 alone."""
        return self.is_used and self._age(now) >= (MAX_AGE if self._readers else READ_EVERY)

    def may_look(self, now: datetime) -> bool:
        """Returns whether a kid that is not known may be looked for now, and counts that it is."""
        self._looks = 1 if self._age(now) >= READ_EVERY and not self._readers else self._looks + 1
        return self._looks <= MAX_LOOKS

    @contextmanager
    def being_read(self) -> Iterator[None]:
        """Lets others go on with what is known while it is read in the block."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    def keep(self, keys: Sequence[SigningKey], now: datetime) -> None:
        """Keeps what was read; `now` is from before that."""
        self._read_at = now
        self.verifying = {key.kid: key for key in keys if key.verifies(now)}
        self.is_used = bool(self.verifying) or self.algorithm.has_public_keys
        signing = (key for key in keys if key.state is KeyState.SIGNING)
        self.signing = next(signing, None) if self.algorithm.has_public_keys else None
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.on_change(self._keys)

    def _age(self, now: datetime) -> timedelta:
        """Returns how old what is known is; without end where nothing is, or the clock was turned back."""
        if self._read_at is None or now < self._read_at:
            return _NEVER
        return now - self._read_at
