"""The bridge in the settings of Django, which views call use cases over."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from django.conf import settings

from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.embedding import SyncBridge

Result = TypeVar("Result")


def bridge() -> SyncBridge:
    """Returns the bridge in the settings.

    Raises: RuntimeError when there is none.
    """
    found = getattr(settings, "LEADNATOR_AUTH_BRIDGE", None)
    if isinstance(found, SyncBridge):
        return found
    raise RuntimeError("the settings of Django need LEADNATOR_AUTH_BRIDGE = SyncBridge(Settings.read(os.environ))")


def ports() -> Ports:
    """Returns the ports, for a use case that is called over `call` or `acall`."""
    return bridge().ports


def call(work: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
    """Returns what a use case returns, or raises what it raises: `call(log_in(…, ports=ports()))`.

    Raises: what `SyncBridge.call` and the use case raise.
    """
    return bridge().call(work, timeout=timeout)


async def acall(work: Coroutine[Any, Any, Result]) -> Result:
    """Returns the same in an asynchronous view: `await acall(log_in(…, ports=ports()))`.

    Raises: what `SyncBridge.acall` and the use case raise.
    """
    return await bridge().acall(work)
