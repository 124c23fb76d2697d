"""The check of the signing keys: whether tokens can be signed with them, and verified."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.values.public_key import SigningAlgorithm
from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.remote import MADE_LATER
from leadnator_auth.entrypoints.settings import PREFIX

NAME = "signing keys"
_INSTALL = "pip install 'leadnator-auth[jwt]'"
_MASTER_KEY = f"{PREFIX}MASTER_KEY"


class Database(Protocol):
    """What a database tells of signing keys; each raises UnavailableError."""

    async def schema(self) -> str: ...
    async def signing_keys(self) -> Sequence[SigningKey]: ...


async def check_signing_keys(
    opened: Callable[[], AbstractAsyncContextManager[Database]],
    algorithm: SigningAlgorithm,
    missing: Sequence[str],
    can_sign: Callable[[SigningKey], bool] | None,
    now: datetime,
) -> AsyncIterator[Finding]:
    """Yields what keeps tokens from being signed, or verified; with HS256, only what keeps older ones from it.

    `missing` has the libraries that are not installed; `can_sign` returns whether a key can be opened, and is None
    where there is no master key.
    """
    lacking = list(_lacking(algorithm, missing, has_master_key=can_sign is not None))
    for finding in lacking:
        yield finding
    try:
        async with opened() as database:
            keys = await database.signing_keys() if await database.schema() == "current" else None
    except UnavailableError:
        return  # the check of the database tells
    if keys is not None and not lacking:
        for finding in _of(keys, can_sign) if algorithm.has_public_keys else _others(keys, missing, now):
            yield finding


def _lacking(algorithm: SigningAlgorithm, missing: Sequence[str], *, has_master_key: bool) -> Iterator[Finding]:
    if algorithm.has_public_keys and missing:
        yield fail(NAME, f"{algorithm.value} needs {', '.join(missing)}, which is not installed", _INSTALL)
    if algorithm.has_public_keys and not has_master_key:
        found = f"{_MASTER_KEY} is not set, and {algorithm.value} keys are sealed with it"
        yield fail(NAME, found, f"set {_MASTER_KEY}, the same for all servers, or {PREFIX}JWT_ALGORITHM=HS256")


def _others(keys: Sequence[SigningKey], missing: Sequence[str], now: datetime) -> Iterator[Finding]:
    """Yields whether tokens are good that were signed before HS256 was set."""
    if missing and any(key.verifies(now) for key in keys):
        yield fail(NAME, f"tokens of other keys are refused: {', '.join(missing)} is not installed", _INSTALL)


def _of(keys: Sequence[SigningKey], can_sign: Callable[[SigningKey], bool] | None) -> Iterator[Finding]:
    in_use = {key.state: key for key in keys if key.state is not KeyState.RETIRED}
    lost = [key for key in in_use.values() if can_sign is None or not can_sign(key)]
    for key in lost:
        cure = (
            f"put the master key back that it was sealed with, or have another: `leadnator-auth keys retire {key.kid}`"
        )
        yield fail(NAME, f"{key.kid} ({key.state.value}) cannot be opened with {_MASTER_KEY}", cure)
    signing = in_use.get(KeyState.SIGNING)
    if signing is None:
        yield warn(NAME, "there are none yet", MADE_LATER)
    elif not lost:
        algorithm = signing.public.algorithm.value
        yield ok(NAME, f"{signing.kid} ({algorithm}) signs since {signing.signs_since:%Y-%m-%d}")
