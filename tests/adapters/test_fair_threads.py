"""Threads that hash: how many at once, what waits, who gives way, and how it ends."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from leadnator_auth.adapters.bcrypt_hasher.fair_threads import FairThreads
from leadnator_auth.domain import OverloadedError

DEADLINE_SECONDS = 10
"""When a test that would hang fails."""


class Gate:
    """Work that takes as long as the test wants."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        self.opened.wait()


def threads_for(size: int = 1, queue: int = 64) -> FairThreads:
    return FairThreads(size, queue, observe=lambda waited, worked: None)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


async def busy(threads: FairThreads, gate: Gate, network: str = "") -> "asyncio.Task[None]":
    """Returns the task that keeps a thread busy until the gate opens."""
    task = asyncio.create_task(threads.run(gate, network))
    await asyncio.to_thread(gate.entered.wait)
    return task


@pytest.mark.parametrize(("busy_with", "expected"), [("", "A0 B A1"), ("A", "B A0 A1"), ("B", "A0 B A1")])
async def test_a_network_that_floods_delays_others_by_one(gate: Gate, busy_with: str, expected: str) -> None:
    threads, order = threads_for(), list[str]()
    running = await busy(threads, gate, busy_with)
    flood = [asyncio.create_task(threads.run(lambda n=n: order.append(f"A{n}"), "A")) for n in range(16)]  # type: ignore[misc]
    await asyncio.sleep(0)
    other = asyncio.create_task(threads.run(lambda: order.append("B"), "B"))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(running, other, *flood)
    assert " ".join(order).startswith(expected + " ")
    assert order[-1] == "A15"
    threads.close()


async def test_a_network_that_floods_keeps_nobody_out(gate: Gate) -> None:
    threads, done = threads_for(queue=4), list[str]()
    running = await busy(threads, gate)
    flood = [asyncio.create_task(threads.run(lambda n=n: done.append(f"A{n}"), "A")) for n in range(4)]  # type: ignore[misc]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await threads.run(lambda: done.append("A4"), "A")
    others = [asyncio.create_task(threads.run(lambda n=n: done.append(n), n)) for n in "BC"]  # type: ignore[misc]
    await asyncio.sleep(0)
    assert threads.waiting == 4
    for displaced in flood[3], flood[2]:
        with pytest.raises(OverloadedError):
            await asyncio.wait_for(displaced, DEADLINE_SECONDS)
    gate.opened.set()
    await asyncio.gather(running, *others, *flood[:2])
    assert done == ["A0", "B", "C", "A1"]
    threads.close()


async def test_the_queue_is_bounded_and_who_leaves_makes_room(gate: Gate) -> None:
    threads, done = threads_for(queue=2), list[int]()
    for _ in range(4):
        await threads.run(lambda: None, "")  # what is done takes no place
    running = await busy(threads, gate)
    waiting = [asyncio.create_task(threads.run(lambda n=n: done.append(n), "")) for n in range(2)]  # type: ignore[misc]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await threads.run(lambda: None, "")
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    assert (threads.running, threads.waiting) == (1, 1)
    newcomer = asyncio.create_task(threads.run(lambda: done.append(2), ""))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(running, newcomer, waiting[1])
    assert done == [1, 2]
    assert (threads.running, threads.waiting) == (0, 0)
    threads.close()


async def test_many_that_come_and_go_leave_nothing_behind(gate: Gate) -> None:
    threads = threads_for(queue=8)
    running = await busy(threads, gate)
    for number in range(100):
        waiting = [asyncio.create_task(threads.run(lambda: None, network)) for network in ("A", f"B{number}")]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert (threads.running, threads.waiting) == (1, 0)
    running.cancel()
    gate.opened.set()
    assert await threads.run(lambda: "on it goes", "A") == "on it goes"
    threads.close()


async def test_what_the_work_raises_is_raised_and_the_thread_goes_on() -> None:
    threads = threads_for()
    for error in (KeyError("lost"), SystemExit(3)):

        def fail(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            await threads.run(fail, "")
    assert await threads.run(lambda: "on it goes", "") == "on it goes"
    threads.close()


async def test_the_end_does_not_wait_for_what_has_not_begun(gate: Gate) -> None:
    threads = threads_for()
    running = await busy(threads, gate)
    waiting = asyncio.create_task(threads.run(lambda: None, ""))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(threads.close))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, DEADLINE_SECONDS)
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(threads.run(lambda: None, ""), DEADLINE_SECONDS)
    assert not closing.done(), "what is under way is waited for"
    gate.opened.set()
    await asyncio.gather(closing, running)


async def test_as_many_work_at_once_as_asked_for_and_each_is_told_of() -> None:
    told: list[tuple[float, float]] = []
    threads, together = FairThreads(3, 0, lambda waited, worked: told.append((waited, worked))), threading.Barrier(3)
    await asyncio.gather(*(threads.run(lambda: together.wait(DEADLINE_SECONDS), "") for _ in range(3)))
    assert len(told) == 3
    threads.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there threads have priorities of their own")
async def test_who_answers_requests_goes_before_who_hashes() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    threads, ours = threads_for(), niceness()
    assert await threads.run(niceness, "") == min(ours + 10, 19)
    assert niceness() == ours
    threads.close()
