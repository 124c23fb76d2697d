"""Cancellation of a coroutine at its n-th await, as by a client that hangs up."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any


class _CancelledAt:
    """Awaits a coroutine and cancels the task around it when it suspends for the n-th time."""

    def __init__(self, step: int, coroutine: Coroutine[Any, Any, object]) -> None:
        self._step = step
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, object]:
        awaited = self._coroutine.__await__()
        resume: Callable[[], Any] = partial(next, awaited)
        for suspended in itertools.count():
            try:
                waiting_for = resume()
            except StopIteration as stop:
                return stop.value
            if suspended == self._step:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                resume = partial(awaited.send, (yield waiting_for))
            except BaseException as error:  # noqa: BLE001 (passed on, as `yield from` does)
                resume = partial(awaited.throw, error)
        raise AssertionError("unreachable")


async def cancelled_at_step(step: int, coroutine: Coroutine[Any, Any, object]) -> bool:
    """Returns whether the coroutine ended before it reached that step, counted from 0."""

    async def run() -> object:
        return await _CancelledAt(step, coroutine)

    try:
        await asyncio.create_task(run())
    except asyncio.CancelledError:
        return False
    return True
