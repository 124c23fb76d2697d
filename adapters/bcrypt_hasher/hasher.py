"""The PasswordHasher over bcrypt: passwords are hashed and verified on threads, networks in turns."""

import logging
import os
import secrets

import attrs

from leadnator_auth.adapters.bcrypt_hasher.fair_threads import FairThreads, Observe
from leadnator_auth.adapters.bcrypt_hasher.format import MAX_COST, MIN_COST, PLAIN_LIMIT, BcryptHash, make_hash, parse
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.values.password import Password

_log = logging.getLogger(__name__)


class BcryptHasher:
    """The PasswordHasher over bcrypt; `close` it when done.

    `workers` threads hash at once, each as fast as a core; `queue` more passwords may wait, those of one network
    one after the other, and networks take turns. `observe` is called after each hash, on any thread, but never twice
    at a time.

    Raises: ValueError when the cost is not between 4 and 16.
    """

    def __init__(
        self,
        *,
        cost: int = 12,
        workers: int | None = None,
        queue: int = 64,
        observe: Observe = lambda waited, worked: None,
    ) -> None:
        if not MIN_COST <= cost <= MAX_COST:
            raise ValueError(f"cost: got {cost}, takes a number from {MIN_COST} to {MAX_COST}")
        self._cost = cost
        self._threads = FairThreads(workers or os.cpu_count() or 1, queue, observe)
        # Verified when there is no account, so that both cases do the same work. Only its cost and form matter, but a
        # hash of a known password would be a back door if anybody ever used the result.
        self._dummy = attrs.evolve(make_hash(secrets.token_bytes(), MIN_COST), cost=cost)

    async def hash(self, password: Password, client: Client = Client()) -> str:
        return await self._threads.run(lambda: str(make_hash(password.utf8, self._cost)), client.network)

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        return await self._threads.run(lambda: self._verify(password.utf8, password_hash), client.network)

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        kept = parse(password_hash)
        # Plain bcrypt never saw the end of a long password: what was just verified may not be the whole of it.
        if kept is None or (kept.is_plain and len(password.utf8) > PLAIN_LIMIT):
            return None
        cost = max(kept.cost, self._cost)
        if not kept.is_plain and kept.cost == cost:
            return None
        return await self._threads.run(lambda: str(make_hash(password.utf8, cost)), client.network)

    def normalize(self, password_hash: str) -> str | None:
        parsed = parse(password_hash)
        return str(parsed) if parsed else None

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

    def _verify(self, password: bytes, password_hash: str | None) -> bool:
        is_right = None if password_hash is None else self._compare(password, password_hash)
        if is_right is None:
            self._dummy.matches(password)
        return bool(is_right)

    def _compare(self, password: bytes, password_hash: str) -> bool | None:
        """Returns whether the hash was made from this password, or None, at once, when that cannot be told."""
        try:
            kept = parse(password_hash)
            is_right = kept.matches(password) if kept else None
        except Exception as error:  # noqa: BLE001 (whatever a hash does to bcrypt, the answer is that of a wrong password)
            kept = is_right = None
            _log.error("bcrypt failed: %s", type(error).__name__)
        if kept is None:
            _log.error("unusable_password_hash: an account cannot log in, its stored hash is broken")
        elif not is_right:
            self._make_up_for(kept, password)
        return is_right

    def _make_up_for(self, weaker: BcryptHash, password: bytes) -> None:
        """Adds the work that a hash of a lower cost saved: its failure must take as long as that of a missing account.

        2^c + (2^c + 2^(c+1) + … + 2^(C-1)) rounds make 2^C.
        """
        for cost in range(weaker.cost, self._cost):
            attrs.evolve(self._dummy, cost=cost).matches(password)
