"""Webhooks beside the requests: told at once, and no failure of a receiver ends the telling."""

import pytest
from structlog.testing import capture_logs

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, DeliveryReport, add_webhook, sign_up
from leadnator_auth.entrypoints.background import delivery_worker
from leadnator_auth.entrypoints.background.working import BackgroundWork
from tests.entrypoints.test_background import until


async def test_a_receiver_that_fails_is_told_of_and_keeps_nothing_from_the_next(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "POLL_SECONDS", 0.001)
    reports: list[DeliveryReport] = []
    work = BackgroundWork(on_event_delivery=reports.append)
    memory.unit_of_work.on_commit = work.notice
    memory.webhooks.status = 500
    with capture_logs() as logs:
        async with work.running(memory):
            await add_webhook(Actor.operator(), "https://crm.example.com/", ["user.created"], ports=memory)
            await sign_up("Alice", "alice@example.com", "secret", ports=memory)
            await until(lambda: len(reports) == 1)
            memory.webhooks.status = 200
            memory.clock.advance(seconds=30)
            await until(lambda: len(reports) == 2)
    assert [(report.delayed, report.sent) for report in reports] == [(1, 0), (0, 1)]
    (delivery_id,) = memory.unit_of_work.tables.event_deliveries
    (delayed,) = (entry for entry in logs if entry["event"] == "event_delayed")
    assert delayed == {
        "event": "event_delayed",
        "log_level": "warning",
        "delivery": delivery_id,
        "subscription": next(iter(memory.unit_of_work.tables.webhooks)),
        "attempts": 1,
        "error": "the receiver answered 500",
    }
    assert [entry["sent"] for entry in logs if entry["event"] == "event_delivered"] == [0, 1]
