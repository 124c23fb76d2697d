"""Checks of the database, and of what it keeps: whether webhooks can be told, and tokens signed and verified."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.event_delivery import EventBacklog
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.values.public_key import SigningAlgorithm
from leadnator_auth.entrypoints.doctor.examining import MADE_LATER, Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX

SLOW_SECONDS = 0.020
_NTP = "keep the clocks of all servers right by NTP"
SCHEMAS: Mapping[str, Finding] = {
    "empty": warn("schema", "there is none yet", MADE_LATER),
    "old": fail("schema", "made by an older version of this program", "run `leadnator-auth migrate`"),
    "current": ok("schema", "current"),
    "newer": fail("schema", "made by a newer version of this program", "run that version"),
}
HOOKS = "webhooks"
CALL = "leadnator-auth webhooks"
FAILURES_TOLD = 3
"""In a row: fewer may be a receiver that was just started again."""
_HOOKS_EXTRA = "pip install 'leadnator-auth[webhooks]'"
KEYS = "signing keys"
_JWT_EXTRA = "pip install 'leadnator-auth[jwt]'"
_MASTER_KEY = f"{PREFIX}MASTER_KEY"


class Lacking(Protocol):
    """Something that a database, or what reads it, lacks, and what to do about it."""

    @property
    def found(self) -> str: ...
    @property
    def cure(self) -> str: ...


class Database(Protocol):
    """Tells a trivial query's seconds, why it will not do, a key of SCHEMAS, its time and the latest instant in it.

    All raise UnavailableError.
    """

    async def round_trip(self) -> float: ...
    async def shortcoming(self) -> Lacking | None: ...
    async def schema(self) -> str: ...
    async def now(self) -> datetime | None: ...
    async def newest(self) -> datetime | None: ...


async def check_database(
    opened: Callable[[], AbstractAsyncContextManager[Database]], now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """Yields the round trip, then what is lacking, or else the schema and the clock."""
    try:
        async with opened() as database:
            seconds = await database.round_trip()
            found = f"answers in {seconds * 1000:.1f} ms"
            slow = warn("database", found, "every request waits for several such answers: bring the database nearer")
            yield slow if seconds > SLOW_SECONDS else ok("database", found)
            if lacking := await database.shortcoming():
                yield fail("database", lacking.found, lacking.cure)
                return
            schema = await database.schema()
            yield SCHEMAS[schema]
            if (theirs := await database.now()) is not None:
                apart = abs(theirs - now())
                found = f"{apart.total_seconds():.1f} s from the database server's"
                yield fail("clock", found, _NTP) if apart > CLOCK_LEEWAY else ok("clock", found)
            if schema in ("old", "current"):
                yield await _newest(database, now())
    except UnavailableError as error:
        yield fail("database", str(error), f"see that the database runs, and that {PREFIX}DATABASE_URL leads there")


async def _newest(database: Database, ours: datetime) -> Finding:
    name = "newest row"
    try:
        newest = await database.newest()
    except UnavailableError as error:  # it reads whole tables
        return warn(name, f"could not look for rows of the future: {error}", "run this when less is going on")
    if newest is not None and newest - ours > CLOCK_LEEWAY:
        ahead = (newest - ours).total_seconds()
        return fail(name, f"something in the database was made {ahead:.0f} s in the future", _NTP)
    return ok(name, "nothing in the database was made in the future")


class WebhookDatabase(Protocol):
    """What a database tells of webhooks; each raises UnavailableError."""

    async def schema(self) -> str: ...
    async def webhooks(self) -> Sequence[tuple[Webhook, Subscription]]: ...
    async def event_backlog(self) -> EventBacklog: ...


async def check_webhooks(
    opened: Callable[[], AbstractAsyncContextManager[WebhookDatabase]],
    has_key: Callable[[str], bool],
    missing: Sequence[str],
) -> AsyncIterator[Finding]:
    """Yields what keeps events from the receivers; nothing where the database has no answer, or is not the present one.

    `has_key` returns whether the master key with an id is there, and `missing` has the libraries that are not.
    """
    try:
        async with opened() as database:
            if await database.schema() != "current":
                return
            webhooks, backlog = await database.webhooks(), await database.event_backlog()
    except UnavailableError:
        return  # the check of the database tells
    if not webhooks:
        yield ok(HOOKS, f"none; to have some, {_HOOKS_EXTRA}" if missing else "none")
        return
    if missing:
        yield fail(HOOKS, f"off, and there are {len(webhooks)}: {', '.join(missing)} is not installed", _HOOKS_EXTRA)
    problems = [finding for webhook, subscription in webhooks for finding in _ailing(webhook, subscription, has_key)]
    for finding in problems:
        yield finding
    if backlog.dead:
        found = f"{backlog.dead} deliveries of the last days were given up"
        yield warn(HOOKS, found, f"see `{CALL} deliveries ID`, and `{CALL} retry ID DELIVERY` for what matters")
    if not (missing or problems or backlog.dead):
        yield ok(HOOKS, f"{len(webhooks)}, and {backlog.queued} deliveries wait")


def _ailing(webhook: Webhook, subscription: Subscription, has_key: Callable[[str], bool]) -> Iterator[Finding]:
    if not has_key(webhook.key_id):
        cure = f"put it back into {PREFIX}MASTER_KEY, or have a new secret: `{CALL} rotate {webhook.id}`"
        yield fail(HOOKS, f"the master key that the secret of {webhook.id} was made with is gone", cure)
    if not subscription.enabled:
        cure = f"where its receiver is there again: `{CALL} set {webhook.id} --enable`; else delete it"
        yield warn(HOOKS, f"{webhook.id} is disabled: its receiver answered 410 Gone, or somebody said so", cure)
    elif subscription.failures >= FAILURES_TOLD:
        found = f"the receiver of {webhook.id} failed {subscription.failures} times in a row"
        yield warn(HOOKS, found, f"`{CALL} deliveries {webhook.id}` says how")


class KeyDatabase(Protocol):
    """What a database tells of signing keys; each raises UnavailableError."""

    async def schema(self) -> str: ...
    async def signing_keys(self) -> Sequence[SigningKey]: ...


async def check_signing_keys(
    opened: Callable[[], AbstractAsyncContextManager[KeyDatabase]],
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
        yield fail(KEYS, f"{algorithm.value} needs {', '.join(missing)}, which is not installed", _JWT_EXTRA)
    if algorithm.has_public_keys and not has_master_key:
        found = f"{_MASTER_KEY} is not set, and {algorithm.value} keys are sealed with it"
        yield fail(KEYS, found, f"set {_MASTER_KEY}, the same for all servers, or {PREFIX}JWT_ALGORITHM=HS256")


def _others(keys: Sequence[SigningKey], missing: Sequence[str], now: datetime) -> Iterator[Finding]:
    """Yields whether tokens are good that were signed before HS256 was set."""
    if missing and any(key.verifies(now) for key in keys):
        yield fail(KEYS, f"tokens of other keys are refused: {', '.join(missing)} is not installed", _JWT_EXTRA)


def _of(keys: Sequence[SigningKey], can_sign: Callable[[SigningKey], bool] | None) -> Iterator[Finding]:
    in_use = {key.state: key for key in keys if key.state is not KeyState.RETIRED}
    lost = [key for key in in_use.values() if can_sign is None or not can_sign(key)]
    for key in lost:
        cure = (
            f"put the master key back that it was sealed with, or have another: `leadnator-auth keys retire {key.kid}`"
        )
        yield fail(KEYS, f"{key.kid} ({key.state.value}) cannot be opened with {_MASTER_KEY}", cure)
    signing = in_use.get(KeyState.SIGNING)
    if signing is None:
        yield warn(KEYS, "there are none yet", MADE_LATER)
    elif not lost:
        algorithm = signing.public.algorithm.value
        yield ok(KEYS, f"{signing.kid} ({algorithm}) signs since {signing.signs_since:%Y-%m-%d}")
