"""Figures of several processes: summed, kept when one dies, and never in more files than processes."""

import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from leadnator_auth.entrypoints.telemetry.metrics import Levels, Metrics, families
from leadnator_auth.entrypoints.telemetry.metrics.rows import SIZE, Rows, rows_in, shared_folder
from tests.http.test_metrics import figure

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEVELS = Levels(hashes_waiting=1, hashes_running=2, pool_size=3, pool_in_use=1, pool_waiting=0)
HEALTH = {"route": "/healthz", "method": "GET", "status": "200"}
COUNTS_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from leadnator_auth.entrypoints.telemetry.metrics import Metrics
from leadnator_auth.entrypoints.telemetry.metrics.rows import Rows
metrics = Metrics(Rows(Path(sys.argv[1])))
for _ in range(5):
    metrics.count_request("/healthz", "GET", 200, 0.5)
print("counted", flush=True)
time.sleep(600)
"""


def text_of(metrics: Metrics) -> str:
    return metrics.scrape(None, NOW)().decode()


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[Callable[[], Metrics]]:
    """Returns the figures of one more process, as far as files are concerned."""
    opened: list[Metrics] = []

    def join() -> Metrics:
        opened.append(Metrics(Rows(tmp_path)))
        return opened[-1]

    yield join
    for metrics in opened:
        metrics.rows.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has counted five requests of half a second and counts no more."""
    command = [sys.executable, "-c", COUNTS_UNTIL_KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
        yield process
        process.kill()


def test_what_all_processes_counted_is_summed(joined: Callable[[], Metrics], other: subprocess.Popen[str]) -> None:
    metrics = joined()
    for _ in range(2):
        metrics.count_request("/healthz", "GET", 200, 0.25)
    text = text_of(metrics)
    assert figure(text, "http_requests_total", **HEALTH) == 7
    assert figure(text, "http_request_duration_seconds_sum", **HEALTH) == 3
    assert figure(text, "http_request_duration_seconds_bucket", le="0.25", **HEALTH) == 2
    assert figure(text, "workers") == 2
    assert other.poll() is None


def test_what_a_killed_process_counted_stays_and_how_full_it_was_goes(
    joined: Callable[[], Metrics], other: subprocess.Popen[str]
) -> None:
    metrics = joined()
    other.send_signal(signal.SIGKILL)
    other.wait()
    text = text_of(metrics)
    assert figure(text, "http_requests_total", **HEALTH) == 5
    assert figure(text, "workers") == 1


def test_the_next_process_goes_on_where_a_dead_one_ended(
    tmp_path: Path, joined: Callable[[], Metrics], other: subprocess.Popen[str]
) -> None:
    other.kill()
    other.wait()
    metrics = joined()
    metrics.count_request("/healthz", "GET", 200, 0.5)
    metrics.count_request("/readyz", "GET", 200, 0.5)
    text = text_of(metrics)
    assert figure(text, "http_requests_total", **HEALTH) == 6
    assert figure(text, "http_requests_total", **HEALTH | {"route": "/readyz"}) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_levels_of_others_are_those_they_published(joined: Callable[[], Metrics]) -> None:
    here, there = joined(), joined()
    here.levels = there.levels = lambda: LEVELS
    assert figure(text_of(here), "database_pool_size") == 3
    there.publish()
    text = text_of(here)
    assert figure(text, "database_pool_size") == 6
    assert figure(text, "database_pool_in_use") == 2
    assert figure(text, "password_hashes_waiting") == 2
    assert figure(text, "password_hashes_running") == 4
    there.rows.close()
    assert figure(text_of(here), "database_pool_size") == 3


def test_more_than_there_is_room_for_is_no_fault(tmp_path: Path, joined: Callable[[], Metrics]) -> None:
    metrics = joined()
    for number in range(5000):
        metrics.count_request(f"/{number}", "GET", 200, 0.5)
    text = text_of(metrics)
    assert figure(text, "http_requests_total", **HEALTH | {"route": "/0"}) == 1
    assert 'route="/4999"' not in text
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {SIZE}


def test_only_its_owner_may_read_the_folder_and_it_goes_in_the_end() -> None:
    with shared_folder() as folder:
        assert folder is not None
        rows_in(folder).close()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
        assert modes == {0o700, 0o600}
    assert not folder.exists()


def test_without_a_place_for_files_each_process_tells_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with capture_logs() as logs:
        with shared_folder() as folder:
            assert folder is None
        assert not rows_in(None).are_shared
        assert not rows_in(tmp_path / "missing").are_shared
    assert [entry["event"] for entry in logs] == ["metrics_not_shared", "metrics_not_shared"]
    assert list(tmp_path.iterdir()) == []


def test_a_row_is_found_again(joined: Callable[[], Metrics]) -> None:
    rows = joined().rows
    key = (families.LOG_INS.name, 'quoted "and" öä')
    rows.row(key, 1)[0] += 1
    rows.row(key, 1)[0] += 1
    assert [list(found.numbers) for found in rows.all() if found.key == key] == [[2.0]]
