"""From code that blocks to the core, which does not: one event loop in a thread, for the life of the process."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

from leadnator_auth.domain import Ports

Result = TypeVar("Result")


class Bridge:
    """Keeps ports open on a loop of its own; any thread may `call`.

    The ports belong to that loop: connections, locks and the mail worker live on it, so a loop per request
    (`asyncio.run`) would not do. Make it once a process, after a fork, and `close` it at the end.
    """

    def __init__(self, ports: AbstractAsyncContextManager[Ports]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="accounts", daemon=True)
        self._thread.start()
        self._opened = AsyncExitStack()
        self.ports = self.call(self._opened.enter_async_context(ports))

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Returns what the coroutine returns, or raises what it raises; blocks this thread meanwhile."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Closes the ports and ends the thread."""
        self.call(self._opened.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
