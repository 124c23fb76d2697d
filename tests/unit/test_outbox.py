"""An outbox and its deliveries, with something in it that is no mail: nothing of them knows what is delivered."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.memory.outbox import MemoryOutbox
from leadnator_auth.domain import DeliveryReport, DeliveryState, OutboxEntry, UnavailableError
from leadnator_auth.domain.entities.outbox import Schedule
from leadnator_auth.domain.ports import Outbox, Repositories
from leadnator_auth.domain.use_cases.steps.deliver import attempt, is_any_due, renew

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY = Schedule(timedelta(hours=1), timedelta(hours=8), give_up_after=timedelta(days=1))


@attrs.frozen
class Call:
    """A call of somebody else's server."""

    url: str

    @property
    def lane(self) -> str:
        return self.url


def a_call(number: int = 1, url: str = "https://a.example") -> OutboxEntry[Call]:
    return OutboxEntry.new(f"c_{number}", Call(url), NOW, HOURLY)


def test_a_delivery_is_due_at_once_and_given_up_by_its_own_schedule() -> None:
    call = a_call()
    assert (call.due_at, call.give_up_at, call.lane) == (NOW, NOW + timedelta(days=1), "https://a.example")


def test_a_delivery_is_tried_again_by_its_own_schedule() -> None:
    call, delays = a_call(), []
    for _ in range(6):
        call = call.leased(NOW).failed(NOW, "away", 0.0, HOURLY)
        delays.append((call.due_at - NOW) / timedelta(hours=1))
    assert delays == [1, 2, 4, 8, 8, 8]
    assert call.failed(NOW + timedelta(days=1), "away", 0.0, HOURLY).state is DeliveryState.DEAD


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (None, DeliveryReport(sent=1)),
        (UnavailableError("503"), DeliveryReport(delayed=1)),
        (ZeroDivisionError("a bug"), DeliveryReport(delayed=1)),
    ],
)
async def test_an_attempt_at_anything_becomes_what_is_to_be_kept(
    memory: MemoryPorts, failure: Exception | None, expected: DeliveryReport
) -> None:
    async def send() -> None:
        if failure:
            raise failure

    memory.clock.instant = NOW
    outcome, may_have_arrived = await attempt(a_call().leased(NOW), send, memory, HOURLY)
    assert DeliveryReport.of(outcome) == expected
    assert may_have_arrived
    assert outcome.payload == Call("https://a.example")
    if failure:
        assert outcome.due_at > NOW + timedelta(minutes=30), "by the schedule that was given"


async def test_the_lease_of_anything_is_renewed_in_its_own_outbox(memory: MemoryPorts) -> None:
    calls: dict[str, OutboxEntry[Call]] = {}

    def outbox_of(repositories: Repositories) -> Outbox[Call]:
        return MemoryOutbox(calls)

    memory.clock.instant = NOW
    assert not await is_any_due(outbox_of, NOW, memory)
    await MemoryOutbox(calls).add(a_call())
    assert await is_any_due(outbox_of, NOW, memory)
    (leased,) = await MemoryOutbox(calls).lease(NOW, 1)
    memory.clock.advance(seconds=7)
    await renew(leased, outbox_of, memory)
    assert calls["c_1"] == leased.renewed(memory.clock.now())


def test_reports_add_up() -> None:
    total = DeliveryReport(dropped=2)
    for entry in (a_call().sent(NOW), a_call().failed(NOW, "away", 0.0), a_call().dead(NOW, "no")):
        total.add(DeliveryReport.of(entry))
    assert total == DeliveryReport(sent=1, delayed=1, dead=1, dropped=2)
    assert total.total == 5
    assert [entry.last_error for entry in total.failures] == ["away", "no"]
