"""The housekeeper, which purges what is over while the server runs, and sees to the signing keys."""

import asyncio
from contextlib import AbstractAsyncContextManager

import structlog

from leadnator_auth.domain import Ports, UnavailableError, keep_signing_keys, purge
from leadnator_auth.entrypoints.background.beside import beside

EVERY_SECONDS = 600.0
PAUSE_SECONDS = 0.05
"""The pause between two rounds of a big purge, so that log-ins get their turn."""

_log = structlog.get_logger(__name__)


def keeping_house(ports: Ports, startup_delay: float = 0.0) -> AbstractAsyncContextManager[None]:
    """Purges while the block runs: after so many seconds, and then every ten minutes.

    A purge that is cut short is undone, and done again later.
    """
    return beside(_keep_house(ports, startup_delay))


async def _keep_house(ports: Ports, startup_delay: float) -> None:
    await asyncio.sleep(startup_delay)
    while True:
        try:
            await _purge_all(ports)
            if ports.policy.signing_algorithm.has_public_keys:
                await keep_signing_keys(ports=ports)
        except UnavailableError as error:
            _log.warning("purge_unavailable", error=str(error))
        except Exception:  # noqa: BLE001 (it must not end the housekeeping for good)
            _log.exception("purge_failed")
        await asyncio.sleep(EVERY_SECONDS)


async def _purge_all(ports: Ports) -> None:
    total = 0
    while removed := await purge(ports=ports):
        total += removed
        await asyncio.sleep(PAUSE_SECONDS)
    if total:
        _log.info("purged", rows=total)
