"""The time a hash takes on this machine, and the cost that would take as long as it should."""

import secrets
import time

from leadnator_auth.adapters.bcrypt_hasher.format import MAX_COST, make_hash

TRIES = 3
ENOUGH_SECONDS = 1.0


def seconds_of_a_hash(cost: int) -> float:
    """Returns the time of the fastest of a few hashes: the others were slowed down by something else."""
    times: list[float] = []
    while len(times) < TRIES and sum(times) < ENOUGH_SECONDS:
        began = time.perf_counter()
        make_hash(secrets.token_bytes(), cost)
        times.append(time.perf_counter() - began)
    return min(times)


def nearest_cost(seconds: float, cost: int, wanted: float, least: int) -> int:
    """Returns the cost, `least` or more, whose hashes take nearest to `wanted` seconds; one more is twice the work.

    A hash of `cost` takes `seconds`.
    """
    return min(range(least, MAX_COST + 1), key=lambda each: abs(seconds * 2.0 ** (each - cost) - wanted))
