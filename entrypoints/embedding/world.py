"""What a bridge keeps open on its event loop: the ports, and the calls that are under way."""

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import attrs

from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.background.beside import wait_for

Result = TypeVar("Result")
Work = Coroutine[Any, Any, Result]

CLOSE_TIMEOUT = 10.0
"""How many seconds closing waits for calls that are under way, before it cancels them."""
POLL_SECONDS = 0.5
"""How soon it is seen that the main thread has ended, and nobody closes the bridge any more."""


@attrs.frozen(eq=False)
class World:
    """What is open: the ports, and the loop that they belong to."""

    ports: Ports
    loop: asyncio.AbstractEventLoop
    closing: asyncio.Event
    calls: "set[asyncio.Task[Any] | None]" = attrs.field(factory=set)
    """Those under way; only the loop's thread looks at it."""


async def counted(work: Work[Result], calls: "set[asyncio.Task[Any] | None]") -> Result:
    """Returns what `work` returns; it is one of `calls` meanwhile."""
    task = asyncio.current_task()
    calls.add(task)
    try:
        return await work
    finally:
        calls.discard(task)


async def until_closed(closing: asyncio.Event) -> None:
    """Returns when it is to close: somebody says so, or the main thread ends and with it the program."""
    while threading.main_thread().is_alive() and not closing.is_set():
        await wait_for(closing, POLL_SECONDS)


async def end_calls(calls: "set[asyncio.Task[Any] | None]") -> None:
    """Waits for the calls under way, and cancels those that take too long."""
    for _ in range(2):  # what was handed over last becomes a task in one turn of the loop, and begins in the next
        await asyncio.sleep(0)
    under_way = {task for task in calls if task is not None}
    if not under_way:
        return
    _, late = await asyncio.wait(under_way, timeout=CLOSE_TIMEOUT)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=CLOSE_TIMEOUT)


def close_unbegun(work: Work[Any]) -> None:
    """Closes a coroutine that was cancelled before its first step, and would be missed as never awaited."""
    if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
        work.close()


def close_unwanted(opened: "Future[World]") -> None:
    """Closes what was opened after its opener was interrupted."""
    if not opened.cancelled() and opened.exception() is None:
        world = opened.result()
        world.loop.call_soon_threadsafe(world.closing.set)
