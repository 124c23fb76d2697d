"""One model of all use cases, held against the core over each store, and against HTTP."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.domain import Limits, Policy
from leadnator_auth.entrypoints.http import create_app
from tests.conftest import connected, sql_ports
from tests.databases import TABLES, backend_of, run_sql
from tests.model.core_driver import CoreDriver
from tests.model.http_driver import HttpDriver
from tests.model.machine import AuthMachine, System

UNLIMITED = Policy(limits=Limits.none())
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
"""How many histories to try with each; 0 stands for a few."""


def check(new_system: Callable[[], System], examples: int) -> None:
    """Tries histories, each over an empty system."""

    class Machine(AuthMachine):
        def __init__(self) -> None:
            type(self).system = new_system()
            super().__init__()

    # In CI the same histories each time, so that only a change can be what made one fail.
    chosen = settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=40,
        deadline=None,
        derandomize="CI" in os.environ,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    with capture_logs():
        run_state_machine_as_test(Machine, settings=chosen)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop that lasts as long as the test."""
    with asyncio.Runner() as runner:
        yield runner


def test_the_core_over_memory(runner: asyncio.Runner) -> None:
    def new() -> System:
        ports = memory_ports(policy=UNLIMITED)
        core = CoreDriver(ports, runner)
        return System(core, core, ports.clock, ports.mailer)

    check(new, 60)


def test_http_over_memory(runner: asyncio.Runner) -> None:
    def new() -> System:
        ports = memory_ports(policy=UNLIMITED)
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(ports)), base_url="http://auth.test")
        return System(CoreDriver(ports, runner), HttpDriver(client, runner), ports.clock, ports.mailer)

    check(new, 25)


@contextmanager
def sql_systems(url: str, runner: asyncio.Runner) -> Iterator[Callable[[], System]]:
    """Lends a function that empties a database and returns the core over it."""
    context = connected(backend_of(url))
    connections = runner.run(context.__aenter__())

    def new() -> System:
        runner.run(connections.drained())  # what the last history left to be undone holds a lock
        for table in reversed((*TABLES, "rate_limits", "events", "email_changes", "totp_factors", "recovery_codes")):
            run_sql(url, f"DELETE FROM {table}")
        memory = memory_ports(policy=UNLIMITED)
        core = CoreDriver(attrs.evolve(sql_ports(memory, connections), policy=UNLIMITED), runner)
        return System(core, core, memory.clock, memory.mailer)

    try:
        yield new
    finally:
        runner.run(context.__aexit__(None, None, None))


def test_the_core_over_a_database(
    database_kind: str, empty_database: Callable[[str], str], runner: asyncio.Runner
) -> None:
    with sql_systems(empty_database(database_kind), runner) as new:
        check(new, 10)
