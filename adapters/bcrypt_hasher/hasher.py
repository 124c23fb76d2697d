"""The PasswordHasher over bcrypt: passwords are hashed and verified on threads, networks in turns."""

import logging
import os
import secrets

import attrs

from leadnator_auth.adapters.bcrypt_hasher.equal_work import EqualWork
from leadnator_auth.adapters.bcrypt_hasher.fair_threads import FairThreads, Observe
from leadnator_auth.adapters.bcrypt_hasher.foreign import ForeignHash, ForeignHashes, NoForeignHashes
from leadnator_auth.adapters.bcrypt_hasher.format import MAX_COST, MIN_COST, BcryptHash, make_hash, parse, refusal
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.values.password import Password

_log = logging.getLogger(__name__)


class BcryptHasher:
    """The PasswordHasher over bcrypt; `close` it when done.

    `workers` threads hash at once, each as fast as a core; `queue` more passwords may wait, those of one network
    behind each other, and networks take turns. `observe` is called after each hash, on any thread, but never twice at
    a time. `foreign` knows the hashes of other systems than plain bcrypt.

    Raises: ValueError when the cost is not between 4 and 16.
    """

    def __init__(
        self,
        *,
        cost: int = 12,
        workers: int | None = None,
        queue: int = 64,
        observe: Observe = lambda waited, worked: None,
        foreign: ForeignHashes = NoForeignHashes(),
    ) -> None:
        if not MIN_COST <= cost <= MAX_COST:
            raise ValueError(f"cost: got {cost}, takes a number from {MIN_COST} to {MAX_COST}")
        self._cost = cost
        self._threads = FairThreads(workers or os.cpu_count() or 1, queue, observe)
        self._foreign = foreign
        # Verified when there is no account, so that both cases do the same work. Only its cost and form matter, but a
        # hash of a known password would be a back door if anybody ever used the result.
        self._dummy = attrs.evolve(make_hash(secrets.token_bytes(), MIN_COST), cost=cost)
        self._work = EqualWork(self._dummy)

    async def hash(self, password: Password, client: Client = Client()) -> str:
        return await self._threads.run(lambda: str(make_hash(password.utf8, self._cost)), client.network)

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        return await self._threads.run(lambda: self._verify(password, password_hash), client.network)

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        kept = self._parse(password_hash)
        # Plain bcrypt never saw the end of a long password: what was just verified may not be the whole of it.
        if kept is None or (kept.limit is not None and max(map(len, password.spellings)) > kept.limit):
            return None
        cost = max(kept.cost, self._cost)
        is_todays = isinstance(kept, BcryptHash) and not kept.is_plain and kept.cost == cost
        if is_todays and len(password.spellings) == 1:
            return None
        return await self._threads.run(lambda: _upgraded(password, kept, cost, is_todays), client.network)

    def normalize(self, password_hash: str) -> str | None:
        parsed = self._parse(self._foreign.unwrap(password_hash))
        return str(parsed) if parsed else None

    def refusal(self, password_hash: str) -> str:
        bare = self._foreign.unwrap(password_hash)
        return refusal(bare) or self._foreign.refusal(bare)

    @property
    def waiting(self) -> int:
        """How many passwords are waiting for a thread."""
        return self._threads.waiting

    @property
    def running(self) -> int:
        """How many are being hashed."""
        return self._threads.running

    def close(self) -> None:
        """Ends the threads; passwords still waiting are given up."""
        self._threads.close()

    def _parse(self, password_hash: str) -> BcryptHash | ForeignHash | None:
        return parse(password_hash) or self._foreign.parse(password_hash)

    def _verify(self, password: Password, password_hash: str | None) -> bool:
        kept = None if password_hash is None else self._usable(password_hash)
        return any(self._compare(spelling, kept) for spelling in password.spellings)

    def _usable(self, password_hash: str) -> BcryptHash | ForeignHash | None:
        kept = self._parse(password_hash)
        if kept is None:
            _log.error("unusable_password_hash: an account cannot log in. %s", self.refusal(password_hash))
        return kept

    def _compare(self, password: bytes, kept: BcryptHash | ForeignHash | None) -> bool:
        if kept is None:
            self._work.spend_all(password)
            return False
        try:
            return self._matches(password, kept)
        except Exception as error:  # noqa: BLE001 (whatever a hash does to a library, the answer is that of a wrong password)
            missing = f" of {error.name}" if isinstance(error, ImportError) else ""
            _log.error("unusable_password_hash: verifying failed with %s%s", type(error).__name__, missing)
        self._work.spend_all(password)
        return False

    def _matches(self, password: bytes, kept: BcryptHash | ForeignHash) -> bool:
        if isinstance(kept, BcryptHash):
            is_right = kept.matches(password)
            if not is_right:
                self._work.make_up_for_cost(kept.cost, password)
            return is_right
        is_right, seconds = self._work.timed(lambda: kept.matches(password))
        if not is_right:
            self._work.make_up_for_seconds(seconds, password)
        return is_right


def _upgraded(password: Password, kept: BcryptHash | ForeignHash, cost: int, is_todays: bool) -> str | None:
    # A hash of today's kind may have been made elsewhere, of another spelling than the one that all others come to.
    if is_todays and kept.matches(password.utf8):
        return None
    return str(make_hash(password.utf8, cost))
