"""How long password hashes take here."""

from collections.abc import Callable, Iterator

from leadnator_auth.entrypoints.doctor.finding import Finding, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.values import SAFE_BCRYPT_COST

NAME = "password hashing"
WANTED_SECONDS = 0.250
TOO_LONG_SECONDS = 1.0


def check_hashing(
    cost: int, measured: Callable[[int], float], nearest: Callable[[float, int, float, int], int]
) -> Iterator[Finding]:
    """Yields the time of a hash of this cost, and the cost that would take as long as one should here.

    `measured` returns seconds; `nearest` takes them, their cost, the wanted seconds and the least cost.
    """
    seconds = measured(cost)
    best = nearest(seconds, cost, WANTED_SECONDS, SAFE_BCRYPT_COST)
    found = f"cost {cost} takes {seconds * 1000:.0f} ms here; {best} comes nearest to {WANTED_SECONDS * 1000:.0f} ms"
    cure = f"set {PREFIX}BCRYPT_COST={best}"
    if cost < SAFE_BCRYPT_COST:
        yield warn(NAME, f"{found}; less than {SAFE_BCRYPT_COST} is too easy to guess against", cure)
    elif seconds > TOO_LONG_SECONDS:
        cure = cure if best < cost else "use a faster machine: no safe cost is cheaper"
        yield warn(NAME, f"{found}; log-ins take that long, and few of them keep this machine busy", cure)
    else:
        yield ok(NAME, found)
