"""Hashes, mails and connections are counted where they happen, at a bearable cost."""

import asyncio
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.memory import Mailbox, MemoryPorts
from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.domain import (
    DeliveryReport,
    MailRefusedError,
    OutgoingMail,
    OverloadedError,
    Password,
    UnavailableError,
    mail_stats,
    request_password_reset,
    sign_up,
)
from leadnator_auth.entrypoints.background.delivery_worker import DeliveryWorker, running
from leadnator_auth.entrypoints.background.mails import MAILS
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.telemetry.metrics import Metrics
from tests.e2e.server import DEADLINE_SECONDS
from tests.http.test_metrics import figure, figures

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def text_of(metrics: Metrics) -> str:
    return metrics.scrape(None, NOW)().decode()


def settings(**values: str) -> Settings:
    quick = {"BCRYPT_COST": "4", "HASH_WORKERS": "1"}
    read = Settings.read({f"LEADNATOR_{name}": value for name, value in (quick | values).items()})
    prepare(read)
    return read


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_hashes_tell_how_long_they_waited_and_took() -> None:
    metrics = Metrics()
    async with open_ports(settings(BCRYPT_COST="8", HASH_QUEUE="5"), metrics=metrics) as ports:
        hashing = [asyncio.create_task(ports.hasher.hash(Password("secret"))) for _ in range(7)]
        await asyncio.sleep(0)
        text = text_of(metrics)
        assert figure(text, "password_hashes_running") == 1
        assert figure(text, "password_hashes_waiting") == 5
        outcomes = await asyncio.gather(*hashing, return_exceptions=True)
        assert sum(isinstance(outcome, OverloadedError) for outcome in outcomes) == 1
    text = text_of(metrics)
    assert figure(text, "password_hash_duration_seconds_count") == 6
    assert figure(text, "password_hash_wait_seconds_count") == 6
    # With one thread each waits for those before it: 15 times the time of a hash, while all six take 6 times that.
    waited, took = (figure(text, f"password_hash_{name}_seconds_sum") for name in ("wait", "duration"))
    assert took > 0
    assert waited > took


async def test_connections_tell_who_waits(database_url: str) -> None:
    metrics = Metrics()
    chosen = settings(DATABASE_URL=database_url, JWT_SECRET="s" * 32, DATABASE_POOL_SIZE="2")
    async with open_ports(chosen, metrics=metrics) as ports:
        assert isinstance(ports.unit_of_work, SqlUnitOfWork)
        assert figure(text_of(metrics), "database_pool_in_use") == 0
        async with ports.unit_of_work.snapshot():
            text = text_of(metrics)
            assert figure(text, "database_pool_size") == 2
            assert figure(text, "database_pool_in_use") == 1
            waiting = asyncio.create_task(mail_stats(ports=ports))
            await asyncio.sleep(0)
            assert figure(text_of(metrics), "database_pool_waiting") == 1
            assert figure(text_of(metrics), "database_pool_wait_seconds_count") == 0
        await waiting
        text = text_of(metrics)
        assert figure(text, "database_pool_waiting") == 0
        assert figure(text, "database_pool_wait_seconds_count") == 1


async def test_mails_tell_what_became_of_them(memory: MemoryPorts) -> None:
    metrics = Metrics()

    class Unlucky(Mailbox):
        """Refuses the second mail for good, and takes none after it."""

        count = 0

        async def send(self, mail: OutgoingMail) -> None:
            self.count += 1
            if self.count == 2:
                raise MailRefusedError("no such mailbox")
            if self.count == 3:
                raise UnavailableError("away")

    mailer = Unlucky()
    ports = attrs.evolve(memory, mailer=mailer)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for email in ("alice@example.com", "nobody@example.com", "alice@example.com", "alice@example.com"):
        await request_password_reset(email, ports=memory)
    async with running(DeliveryWorker(MAILS, on_delivery=metrics.delivered), ports), asyncio.timeout(DEADLINE_SECONDS):
        while mailer.count < 3:
            await asyncio.sleep(0)
    counted = {
        outcome: figure(text_of(metrics), "mails_total", outcome=outcome)
        for outcome in ("delivered", "delayed", "given_up")
    }
    assert counted == {"delivered": 1, "delayed": 1, "given_up": 1}


def test_made_up_methods_do_not_fill_the_memory() -> None:
    metrics = Metrics()
    metrics.count_request("/healthz", "BREW", 405, 0.001)
    tracemalloc.start()
    try:
        for number in range(10_000):
            metrics.count_request("/healthz", f"BREW{number}", 405, 0.001)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 50_000


def test_what_runs_is_told() -> None:
    (labels,) = [dict(labels) for name, labels in figures(text_of(Metrics())) if name == "leadnator_auth_build_info"]
    assert labels.keys() == {"version", "python"}


def test_a_batch_counts_for_as_many() -> None:
    metrics = Metrics()
    metrics.delivered(DeliveryReport(sent=3, delayed=2, dead=1, dropped=7))
    assert figure(text_of(metrics), "mails_total", outcome="delivered") == 3


def test_who_is_never_scraped_loads_no_library_for_it() -> None:
    script = (
        "import sys\n"
        "from leadnator_auth.entrypoints.server.serve import build_app\n"
        "from leadnator_auth.entrypoints.settings import Settings\n"
        "build_app(Settings()).build_middleware_stack()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert not {"prometheus_client", "opentelemetry"} & set(done.stdout.split())
