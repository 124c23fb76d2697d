"""The contract of every Readiness."""

import pytest

from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import Readiness
from leadnator_auth.testing.contract.checking import must_raise


@pytest.mark.asyncio
class ReadinessContract:
    """For Readiness. Fixtures: `readiness` of a store that can serve, and `unready` of one that cannot."""

    async def test_a_store_that_can_serve_is_ready(self, readiness: Readiness) -> None:
        for _ in range(3):
            await readiness.check()

    async def test_a_store_that_cannot_serve_says_so(self, unready: Readiness) -> None:
        with must_raise(UnavailableError, "a store that cannot serve is not ready"):
            await unready.check()
