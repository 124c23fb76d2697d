"""Passwords of a world, each chosen once: so a hash tells which one it was made of, and what set it."""

import hashlib
from collections import Counter
from random import Random

from tests.simulation.scheduler import Violation


class Passwords:
    """All that were ever chosen."""

    def __init__(self) -> None:
        self._by_digest: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        self._effects: Counter[str] = Counter()

    def new(self, secret: str = "") -> str:
        """Returns one that nobody has; a reset with this secret may set it."""
        password = f"password-{len(self._by_digest)}"
        self._by_digest[hashlib.sha256(password.encode()).hexdigest()] = password
        self._secrets[password] = secret
        return password

    def made_of(self, password_hash: str) -> str:
        """Returns the password behind a hash."""
        return self._by_digest[password_hash.rpartition("$")[2]]

    def count_effect(self, password_hash: str) -> None:
        """Notes that a change of password was kept."""
        secret = self._secrets[self.made_of(password_hash)]
        self._effects[secret] += 1
        if secret and self._effects[secret] > 1:
            raise Violation("a reset secret was used twice")

    def any(self, chance: Random) -> str:
        """Returns one that somebody has or had."""
        return chance.choice(list(self._secrets))
