"""Keeps what other processes see of this one up to date."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leadnator_auth.entrypoints.telemetry.metrics.recording import Metrics

EVERY_SECONDS = 1.0


@asynccontextmanager
async def publishing(metrics: Metrics) -> AsyncIterator[None]:
    """Publishes the levels every second beside the block, if anybody reads them; counters need no publishing."""
    if not metrics.rows.are_shared:
        yield
        return
    task = asyncio.create_task(_publish(metrics))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        metrics.rows.close()


async def _publish(metrics: Metrics) -> None:
    while True:
        metrics.publish()
        await asyncio.sleep(EVERY_SECONDS)
