"""What the doctor finds about webhooks, each with what to do about it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import pytest

from leadnator_auth.domain.entities.event_delivery import EventBacklog
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.doctor.database import check_webhooks
from leadnator_auth.entrypoints.doctor.examining import Finding, Level
from leadnator_auth.testing.contract.samples import a_subscription, a_webhook

NONE = EventBacklog(0, 0, 0, None)
ENABLED = a_subscription()


@attrs.frozen
class FakeDatabase:
    """A database that has one webhook, or none."""

    subscription: Subscription | None = ENABLED
    backlog: EventBacklog = NONE
    state: str = "current"

    async def schema(self) -> str:
        return self.state

    async def webhooks(self) -> Sequence[tuple[Webhook, Subscription]]:
        return [(a_webhook(), self.subscription)] if self.subscription else []

    async def event_backlog(self) -> EventBacklog:
        return self.backlog


async def found(database: FakeDatabase, *, has_key: bool = True, missing: Sequence[str] = ()) -> list[Finding]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[FakeDatabase]:
        yield database

    findings = [finding async for finding in check_webhooks(opened, lambda key_id: has_key, missing)]
    for finding in findings:
        assert bool(finding.cure) == (finding.level is not Level.OK)
    return findings


async def test_webhooks_that_are_served_are_well() -> None:
    (finding,) = await found(FakeDatabase(backlog=EventBacklog(7, 1, 0, None)))
    assert (finding.level, finding.found) == (Level.OK, "1, and 7 deliveries wait")
    (finding,) = await found(FakeDatabase(attrs.evolve(ENABLED, failures=2)))
    assert finding.level is Level.OK


async def test_without_webhooks_nothing_is_missed_and_it_is_told_what_they_need() -> None:
    (finding,) = await found(FakeDatabase(subscription=None), has_key=False)
    assert (finding.level, finding.found) == (Level.OK, "none")
    (finding,) = await found(FakeDatabase(subscription=None), missing=["httpx2"])
    assert finding.level is Level.OK
    assert "pip install 'leadnator-auth[webhooks]'" in finding.found


@pytest.mark.parametrize(
    ("database", "has_key", "missing", "level", "says", "cure"),
    [
        (FakeDatabase(), True, ["standardwebhooks"], Level.FAIL, "standardwebhooks is not installed", "pip install"),
        (FakeDatabase(), False, [], Level.FAIL, "master key", "webhooks rotate wh_0001"),
        (FakeDatabase(ENABLED.disabled()), True, [], Level.WARN, "wh_0001 is disabled", "set wh_0001 --enable"),
        (FakeDatabase(attrs.evolve(ENABLED, failures=3)), True, [], Level.WARN, "3 times", "deliveries wh_0001"),
        (FakeDatabase(backlog=EventBacklog(0, 0, 5, None)), True, [], Level.WARN, "5 deliveries", "webhooks retry"),
    ],
)
async def test_what_keeps_events_from_receivers_is_told(
    database: FakeDatabase, has_key: bool, missing: list[str], level: Level, says: str, cure: str
) -> None:
    (finding,) = await found(database, has_key=has_key, missing=missing)
    assert finding.level is level
    assert says in finding.found
    assert cure in finding.cure


@pytest.mark.parametrize("state", ["empty", "old", "newer"])
async def test_a_database_of_another_version_is_not_asked(state: str) -> None:
    assert await found(FakeDatabase(state=state)) == []


async def test_that_the_database_is_away_is_for_another_check_to_tell() -> None:
    @attrs.frozen
    class Away(FakeDatabase):
        async def schema(self) -> str:
            raise UnavailableError("away")

    assert await found(Away()) == []
