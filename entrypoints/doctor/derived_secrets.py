"""Checks of what is derived from master keys and shown by nothing else: codes of apps, and refresh tokens."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX

FACTORS, PAIRS = "second factors", "token pairs"
_PUT_BACK = f"put it back into {PREFIX}MASTER_KEY, after the first"


class DerivedDatabase(Protocol):
    """Tells how many there are of each master key, by the id of the key; each raises UnavailableError."""

    async def schema(self) -> str: ...
    async def totp_factors_by_key(self) -> Mapping[str, int]: ...
    async def token_pairs_by_key(self, now: datetime) -> Mapping[str, int]: ...


async def check_derived_secrets(
    opened: Callable[[], AbstractAsyncContextManager[DerivedDatabase]],
    has_key: Callable[[str], bool],
    now: datetime,
) -> AsyncIterator[Finding]:
    """Yields whether the master keys are there that apps and refresh tokens need.

    It yields nothing where the database has no answer, or is not the present one: the check of the database tells.
    """
    try:
        async with opened() as database:
            if await database.schema() != "current":
                return
            factors = await database.totp_factors_by_key()
            pairs = await database.token_pairs_by_key(now)
    except UnavailableError:
        return
    yield _factors(sum(factors.values()), _lost(factors, has_key))
    yield _pairs(sum(pairs.values()), _lost(pairs, has_key))


def _lost(by_key: Mapping[str, int], has_key: Callable[[str], bool]) -> int:
    return sum(count for key_id, count in by_key.items() if not has_key(key_id))


def _factors(count: int, lost: int) -> Finding:
    if not lost:
        return ok(FACTORS, f"apps that show codes: {count or 'none'}")
    found = f"the master key is gone that {lost} of {count} apps were set up with: their codes are refused"
    cure = "without it their owners get in with recovery codes, and set the app up again"
    return fail(FACTORS, found, f"{_PUT_BACK}; {cure}")


def _pairs(count: int, lost: int) -> Finding:
    if not lost:
        return ok(PAIRS, f"sessions that have one: {count or 'none'}")
    found = f"the master key is gone that the refresh tokens of {lost} of {count} sessions were made with"
    return warn(PAIRS, found, f"{_PUT_BACK}; without it they log in again")
