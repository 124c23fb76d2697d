"""The database, asked over such connections as the server has: how fast it is, its schema and its clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.doctor.finding import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX

NAME, SCHEMA, CLOCK, NEWEST = "database", "schema", "clock", "newest row"
SLOW_SECONDS = 0.020
_MIGRATE = "run `leadnator-auth migrate`"
_NTP = "keep the clocks of all servers right by NTP"


class Database(Protocol):
    """What can be asked; where there is no answer, each raises UnavailableError."""

    async def round_trip(self) -> float:
        """Returns the usual seconds of a query that does nothing."""

    async def schema(self) -> str:
        """Returns empty, old, current or newer."""

    async def now(self) -> datetime | None:
        """Returns the time of day by the database's own clock, if it has one."""

    async def newest(self) -> datetime | None:
        """Returns the latest instant at which something says it was made, if there is anything."""


async def check_database(
    opened: Callable[[], AbstractAsyncContextManager[Database]], now: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """Yields the round trip, then the schema, then the clock."""
    try:
        async with opened() as database:
            yield _speed(await database.round_trip())
            schema = await database.schema()
            yield _schema(schema)
            theirs = await database.now()
            if theirs is not None:
                yield _clock(theirs, now())
            if schema in ("old", "current"):
                yield await _newest(database, now())
    except UnavailableError as error:
        yield fail(NAME, str(error), f"see that the database runs, and that {PREFIX}DATABASE_URL leads there")


def _speed(seconds: float) -> Finding:
    found = f"answers in {seconds * 1000:.1f} ms"
    if seconds > SLOW_SECONDS:
        return warn(NAME, found, "every request waits for several such answers: bring the database nearer")
    return ok(NAME, found)


def _schema(state: str) -> Finding:
    if state == "current":
        return ok(SCHEMA, "current")
    if state == "empty":
        return warn(SCHEMA, "there is none yet", "`leadnator-auth migrate` or `serve` makes it")
    if state == "old":
        return fail(SCHEMA, "made by an older version of this program", _MIGRATE)
    return fail(SCHEMA, "made by a newer version of this program", "run that version")


def _clock(theirs: datetime, ours: datetime) -> Finding:
    apart = abs(theirs - ours)
    found = f"{apart.total_seconds():.1f} s from the database server's"
    return fail(CLOCK, found, _NTP) if apart > CLOCK_LEEWAY else ok(CLOCK, found)


async def _newest(database: Database, ours: datetime) -> Finding:
    try:
        newest = await database.newest()
    except UnavailableError as error:  # it reads whole tables
        return warn(NEWEST, f"could not look for rows of the future: {error}", "run this when less is going on")
    if newest is not None and newest - ours > CLOCK_LEEWAY:
        ahead = (newest - ours).total_seconds()
        return fail(NEWEST, f"something in the database was made {ahead:.0f} s in the future", _NTP)
    return ok(NEWEST, "nothing in the database was made in the future")
