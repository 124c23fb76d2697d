"""Events are handed over beside requests: at once, several together, whatever fails meanwhile."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import (
    DeliveryReport,
    Event,
    UnavailableError,
    dispatch_events,
    log_in,
    sign_up,
    subscribe_functions,
)
from leadnator_auth.entrypoints.background import delivery_worker, dispatcher
from leadnator_auth.entrypoints.background.dispatcher import Dispatcher, dispatching
from leadnator_auth.entrypoints.background.events import Together, event_deliveries
from leadnator_auth.entrypoints.background.working import BackgroundWork
from leadnator_auth.entrypoints.embedding import Settings, StartError, SyncBridge, running_ports
from leadnator_auth.entrypoints.telemetry.metrics import Metrics
from tests.e2e.server import DEADLINE_SECONDS
from tests.entrypoints.test_background import until
from tests.http.test_metrics import figure


@attrs.define(eq=False)
class Crm:
    """A subscriber that keeps what it is told, and is away while it is told so."""

    told: list[Event] = attrs.Factory(list)
    is_away: bool = False

    async def keep(self, event: Event) -> None:
        if self.is_away:
            raise ConnectionError("away")
        self.told.append(event)


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
def never_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes polling so rare that only being woken explains what happens."""
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(dispatcher, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(dispatcher, "PAUSE_SECONDS", 0.0)


def settings(folder: Path) -> Settings:
    return Settings.read({"LEADNATOR_DATABASE_URL": f"sqlite:///{folder}/auth.db", "LEADNATOR_BCRYPT_COST": "4"})


async def test_who_runs_the_core_is_told_what_happens_without_polling(
    tmp_path: Path, crm: Crm, never_poll: None
) -> None:
    async with running_ports(settings(tmp_path), subscribers=[crm.keep]) as ports:
        await sign_up("Alice", "alice@example.com", "secret", ports=ports)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(crm.told) < 2:
                await asyncio.sleep(0.001)
    assert [event.type for event in crm.told] == ["user.created", "session.started"]


async def test_what_happened_while_a_program_was_off_waits_for_it(tmp_path: Path, crm: Crm, never_poll: None) -> None:
    async with running_ports(settings(tmp_path), subscribers=[crm.keep]):
        pass
    async with running_ports(settings(tmp_path)) as ports:
        await sign_up("Alice", "alice@example.com", "secret", ports=ports)
    assert crm.told == []
    async with running_ports(settings(tmp_path), subscribers=[crm.keep]):
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(crm.told) < 2:
                await asyncio.sleep(0.001)


async def test_a_bridge_runs_subscribers_too(tmp_path: Path, crm: Crm) -> None:
    def work() -> None:
        with SyncBridge(lambda: running_ports(settings(tmp_path), subscribers=[crm.keep])) as bridge:
            bridge.call(sign_up("Alice", "alice@example.com", "secret", ports=bridge.ports))
            bridge.call(until(lambda: len(crm.told) == 2))

    await asyncio.to_thread(work)


async def test_two_subscribers_of_one_name_cannot_start(tmp_path: Path, crm: Crm) -> None:
    with pytest.raises(StartError, match=r"Crm\.keep"):
        async with running_ports(settings(tmp_path), subscribers=[crm.keep, Crm().keep]):
            pass
    assert list(tmp_path.iterdir()) == [], "nothing was made"


async def test_what_cannot_be_awaited_cannot_subscribe(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="async def"):
        async with running_ports(settings(tmp_path), subscribers=[print]):  # type: ignore[list-item]
            pass


async def test_a_database_that_is_away_keeps_nobody_from_subscribing_later(crm: Crm, never_poll: None) -> None:
    memory = memory_ports(subscribers=[crm.keep])
    memory.unit_of_work.tables.subscriptions.clear()

    class Away(MemoryUnitOfWork):
        def snapshot(self) -> None:  # type: ignore[override]
            raise UnavailableError("away")

    away = attrs.evolve(memory, unit_of_work=Away())
    work = Dispatcher()
    await work.subscribe(away)
    async with dispatching(work, memory):
        await until(lambda: bool(memory.unit_of_work.tables.subscriptions))


async def test_while_nobody_subscribed_a_commit_wakes_nobody(memory: MemoryPorts, never_poll: None) -> None:
    """A log-in costs nothing more; events have their places when it is time to look."""
    work = Dispatcher()
    memory.unit_of_work.on_commit = work.notice
    async with dispatching(work, memory):
        await sign_up("Alice", "alice@example.com", "secret", ports=memory)
        for _ in range(100):
            await asyncio.sleep(0)
        assert memory.unit_of_work.tables.places == {}
        work.wake()
        await until(lambda: len(memory.unit_of_work.tables.places) == 2)


async def test_what_was_delivered_makes_room_at_once(
    crm: Crm, never_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.domain.use_cases.dispatch_events.MAX_QUEUED", 2)
    memory, work = memory_ports(subscribers=[crm.keep]), BackgroundWork()
    memory.unit_of_work.on_commit = work.notice
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(9):
        await log_in("alice@example.com", "secret", ports=memory)
    async with work.running(memory):
        await until(lambda: len(crm.told) == 11)
    assert crm.told == memory.events


@pytest.mark.parametrize(
    ("error", "event"), [(UnavailableError("away"), "dispatch_unavailable"), (RuntimeError("bug"), "dispatch_failed")]
)
async def test_no_failure_ends_the_dispatching(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, error: Exception, event: str
) -> None:
    monkeypatch.setattr(dispatcher, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(dispatcher, "PAUSE_SECONDS", 0.0)
    memory, troubles = memory_ports(subscribers=[crm.keep]), [error]

    class Troubled(MemoryUnitOfWork):
        def snapshot(self):  # type: ignore[no-untyped-def]
            if troubles:
                raise troubles.pop()
            return super().snapshot()

    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    ports = attrs.evolve(memory, unit_of_work=Troubled(memory.unit_of_work.tables))
    with capture_logs() as logs:
        async with dispatching(Dispatcher(), ports):
            await until(lambda: len(ports.unit_of_work.tables.event_deliveries) == 2)
    assert [entry["event"] for entry in logs] == [event]


async def test_what_is_given_up_is_told(crm: Crm, never_poll: None) -> None:
    memory = memory_ports(subscribers=[crm.keep])
    async with dispatching(Dispatcher(), memory):
        await sign_up("Alice", "alice@example.com", "secret", ports=memory)
        await until(lambda: len(memory.unit_of_work.tables.event_deliveries) == 2)
    memory.clock.advance(days=3)
    with capture_logs() as logs:
        async with dispatching(Dispatcher(), memory):
            await until(lambda: bool(logs))
    assert logs == [{"event": "events_given_up", "deliveries": 2, "log_level": "warning"}]


async def test_what_is_given_up_without_a_further_try_is_counted(crm: Crm) -> None:
    memory, metrics = memory_ports(subscribers=[crm.keep]), Metrics()
    await subscribe_functions(ports=memory)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await dispatch_events(ports=memory)
    memory.clock.advance(days=3)
    async with dispatching(Dispatcher(on_delivery=metrics.events_delivered), memory):
        await until(lambda: counted(metrics, "given_up") == 2)


async def test_so_is_what_is_too_late_from_the_start(crm: Crm) -> None:
    memory, metrics = memory_ports(subscribers=[crm.keep]), Metrics()
    await subscribe_functions(ports=memory)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    memory.clock.advance(days=3)
    async with BackgroundWork(on_event_delivery=metrics.events_delivered).running(memory):
        await until(lambda: counted(metrics, "given_up") == 2)
    assert (crm.told, counted(metrics, "delivered"), counted(metrics, "delayed")) == ([], 0, 0)


def counted(metrics: Metrics, outcome: str) -> float:
    """Returns how many deliveries of events had this outcome."""
    return figure(
        metrics.scrape(None, datetime(2026, 1, 1, tzinfo=UTC))().decode(), "event_deliveries_total", outcome=outcome
    )


async def test_a_failure_is_told_with_whose_it_is(crm: Crm) -> None:
    memory, crm.is_away = memory_ports(subscribers=[crm.keep]), True
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await dispatch_events(ports=memory)
    with capture_logs() as logs:
        async with delivery_worker.running(delivery_worker.DeliveryWorker(event_deliveries()), memory):
            await until(lambda: len(logs) == 2)
    (delivery,) = [each for each in memory.unit_of_work.tables.event_deliveries.values() if each.last_error]
    assert logs[0] == {
        "event": "event_delayed",
        "log_level": "warning",
        "delivery": delivery.id,
        "subscription": "py:tests.entrypoints.test_event_workers.Crm.keep",
        "attempts": 1,
        "error": "ConnectionError: away",
    }


async def test_what_comes_meanwhile_is_done_together() -> None:
    done: list[list[int]] = []
    may_go_on = asyncio.Event()

    async def work(items: list[int]) -> str:
        done.append(list(items))
        await may_go_on.wait()
        return f"did {items}"

    together = Together[int]()
    tasks = [asyncio.create_task(together.done(number, work)) for number in range(1000, 1005)]  # type: ignore[arg-type]
    await until(lambda: bool(done))
    may_go_on.set()
    results = await asyncio.gather(*tasks)
    assert done == [[1000], [1001, 1002, 1003, 1004]]
    assert [result for result in results if result] == ["did [1000]", "did [1001, 1002, 1003, 1004]"]


async def test_what_became_of_deliveries_is_told_once(crm: Crm) -> None:
    memory, reports = memory_ports(subscribers=[crm.keep]), list[DeliveryReport]()
    for name in ("alice", "bob", "carol"):
        await sign_up("Somebody", f"{name}@example.com", "secret", ports=memory)
    worker = delivery_worker.DeliveryWorker(event_deliveries(), on_delivery=reports.append)
    async with dispatching(Dispatcher(), memory), delivery_worker.running(worker, memory):
        await until(lambda: sum(report.sent for report in reports) == 6)
