"""The clock and the randomness of the operating system."""

import random
import secrets
from datetime import UTC, datetime

__all__ = ["SystemClock", "SystemRandomness"]


class SystemClock:
    """The time of day of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandomness:
    """The cryptographic randomness of the operating system."""

    def urlsafe(self, size: int) -> str:
        return secrets.token_urlsafe(size)

    def fraction(self) -> float:
        return random.random()  # noqa: S311 (spreads retries in time)
