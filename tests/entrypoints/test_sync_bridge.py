"""The bridge from code that blocks: results and errors get across, and it begins and ends in good order."""

import asyncio
import contextvars
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailTakenError, Ports, identify, log_in, sign_up
from leadnator_auth.entrypoints.embedding import Settings, StartError, SyncBridge, sync_bridge
from leadnator_auth.entrypoints.embedding import world as open_world

NAME = "leadnator-auth"


@pytest.fixture
def bridge(memory: MemoryPorts) -> Iterator[SyncBridge]:
    """A bridge to a world in memory; nothing of it is left afterwards."""
    with SyncBridge(lambda: nullcontext(memory)) as bridge:
        yield bridge
    assert NAME not in {thread.name for thread in threading.enumerate()}


class World:
    """Opens the ports, and tells how often they were opened and closed."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.opened = self.closed = 0
        self.failure: Exception | None = None

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Ports]:
        # A group of tasks must be left by the task that entered it.
        async with asyncio.TaskGroup():
            self.opened += 1
            if self.failure:
                raise self.failure
            yield self.ports
            self.closed += 1


def sign_up_number(number: int, bridge: SyncBridge) -> str:
    work = sign_up("Alice", f"a{number}@example.com", "secret", ports=bridge.ports)
    return str(bridge.call(work).user.email)


def test_results_and_errors_get_across(bridge: SyncBridge) -> None:
    assert sign_up_number(1, bridge) == "a1@example.com"
    with pytest.raises(EmailTakenError, match="Another account"):
        sign_up_number(1, bridge)


def test_any_thread_may_call(bridge: SyncBridge) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: sign_up_number(number, bridge), range(40)))
    assert made == [f"a{number}@example.com" for number in range(40)]


def test_all_calls_run_on_one_loop_that_is_nobody_elses(bridge: SyncBridge) -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda _: bridge.call(loop()), range(4)))) == 1


def test_the_context_of_who_calls_goes_along(bridge: SyncBridge) -> None:
    variable = contextvars.ContextVar("variable", default="nothing")

    async def seen() -> str:
        return variable.get()

    variable.set("of this request")
    assert bridge.call(seen()) == "of this request"


def test_it_opens_with_its_first_use_and_once(memory: MemoryPorts) -> None:
    world = World(memory)
    bridge = SyncBridge(world)
    assert world.opened == 0
    with ThreadPoolExecutor(8) as threads:
        assert {id(ports) for ports in threads.map(lambda _: bridge.ports, range(16))} == {id(memory)}
    bridge.close()
    assert (world.opened, world.closed) == (1, 1)


def test_what_could_not_be_opened_is_tried_again(memory: MemoryPorts) -> None:
    world = World(memory)
    world.failure = StartError("the database is away")
    bridge = SyncBridge(world)
    for _ in range(2):
        with pytest.raises(ExceptionGroup) as failed:
            _ = bridge.ports
        assert failed.value.exceptions == (world.failure,)
    world.failure = None
    assert bridge.ports is memory
    bridge.close()


def test_settings_that_cannot_be_opened_say_so() -> None:
    with (
        pytest.raises(StartError, match="LEADNATOR_JWT_SECRET"),
        SyncBridge(Settings(database_url="postgresql://u:p@h/db")),
    ):
        pytest.fail("it is open")


def test_it_may_be_closed_twice_and_by_several(memory: MemoryPorts) -> None:
    world = World(memory)
    bridge = SyncBridge(world)
    assert bridge.ports is memory
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: bridge.close(), range(4)))
    bridge.close()
    assert world.closed == 1
    never_opened = SyncBridge(world)
    never_opened.close()
    never_opened.close()
    assert world.opened == 1


@pytest.mark.parametrize("is_opened", [True, False])
def test_after_it_was_closed_it_says_so(memory: MemoryPorts, is_opened: bool) -> None:
    bridge = SyncBridge(lambda: nullcontext(memory))
    if is_opened:
        assert bridge.ports is memory
    bridge.close()
    with pytest.raises(RuntimeError, match="closed"):
        _ = bridge.ports
    with pytest.raises(RuntimeError, match="closed"):
        bridge.call(identify("token", ports=memory))
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(bridge.acall(identify("token", ports=memory)))
    with pytest.raises(RuntimeError, match="closed"):
        bridge.__enter__()


def test_what_fails_when_it_closes_is_raised(memory: MemoryPorts) -> None:
    @asynccontextmanager
    async def fragile() -> AsyncIterator[Ports]:
        yield memory
        raise OSError("the disk is gone")

    bridge = SyncBridge(fragile)
    assert bridge.ports is memory
    with pytest.raises(OSError, match="disk"):
        bridge.close()


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_who_has_waited_long_enough_goes_on_and_the_call_is_cancelled(bridge: SyncBridge, seconds: float) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError, match=f"within {seconds} s"):
        bridge.call(wait(), timeout=seconds)
    if seconds:
        assert ended.wait(60)
    with pytest.raises(TimeoutError):
        bridge.call(asyncio.sleep(3600), timeout=0)
    assert sign_up_number(1, bridge)


def test_a_time_out_of_the_work_is_its_own(bridge: SyncBridge) -> None:
    async def slow() -> None:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        bridge.call(slow(), timeout=60)


def test_calls_under_way_end_before_it_closes(memory: MemoryPorts) -> None:
    world = World(memory)
    bridge = SyncBridge(world)
    begun, may_end = threading.Event(), asyncio.Event()

    async def work() -> int:
        begun.set()
        await may_end.wait()
        return world.closed

    with ThreadPoolExecutor(2) as threads:
        result = threads.submit(bridge.call, work())
        assert begun.wait(60)
        closing = threads.submit(bridge.close)
        bridge._world.loop.call_soon_threadsafe(may_end.set)  # type: ignore[union-attr]  # noqa: SLF001 (no way in is left)
        assert result.result(60) == 0
        closing.result(60)
    assert world.closed == 1


def test_calls_that_take_too_long_are_cut_short_when_it_closes(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_world, "CLOSE_TIMEOUT", 0.001)
    bridge = SyncBridge(lambda: nullcontext(memory))
    begun = threading.Barrier(3)

    async def for_ever() -> None:
        await asyncio.to_thread(begun.wait, 60)
        await asyncio.Event().wait()

    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(bridge.call, for_ever()),
            threads.submit(lambda: asyncio.run(bridge.acall(for_ever()))),
        ]
        begun.wait(60)
        bridge.close()
        for call in calls:
            with pytest.raises(RuntimeError, match="was closed while the call was under way"):
                call.result(60)


def test_it_does_not_wait_for_itself(bridge: SyncBridge) -> None:
    async def within(use: str) -> None:
        if use == "call":
            bridge.call(asyncio.sleep(0))
        else:
            bridge.close()

    for use in ("call", "close"):
        with pytest.raises(RuntimeError, match="await the coroutine instead"):
            bridge.call(within(use))


@pytest.mark.parametrize("nothing_to_run", [log_in, None, "log_in", 5])
def test_what_is_no_coroutine_is_refused(bridge: SyncBridge, nothing_to_run: object) -> None:
    with pytest.raises(TypeError, match="takes a coroutine"):
        bridge.call(nothing_to_run)  # type: ignore[arg-type]


def test_other_loops_go_on_while_they_wait(memory: MemoryPorts) -> None:
    bridge = SyncBridge(lambda: nullcontext(memory))
    other = asyncio.Event()

    async def until_others_ran(loop: asyncio.AbstractEventLoop) -> str:
        loop.call_soon_threadsafe(other.set)
        return "done"

    async def main() -> tuple[str, bool]:
        loop = asyncio.get_running_loop()
        return await bridge.acall(until_others_ran(loop)), await other.wait()

    assert asyncio.run(main()) == ("done", True)
    assert asyncio.run(main()) == ("done", True), "a second loop, as tests of Django have them"
    bridge.close()


def test_who_is_cancelled_on_another_loop_cancels_the_call(bridge: SyncBridge) -> None:
    ended = threading.Event()

    async def wait(begun: threading.Event) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def main() -> None:
        begun = threading.Event()
        task = asyncio.create_task(bridge.acall(wait(begun)))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.wait(60)


def test_an_interrupt_while_it_opens_closes_what_opens(memory: MemoryPorts) -> None:
    may_open = threading.Event()
    closed = threading.Event()

    @asynccontextmanager
    async def slowly() -> AsyncIterator[Ports]:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        await asyncio.to_thread(may_open.wait, 60)
        yield memory
        closed.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        bridge = SyncBridge(slowly)
        with pytest.raises(KeyboardInterrupt):
            _ = bridge.ports
    finally:
        signal.signal(signal.SIGINT, before)
    may_open.set()
    assert closed.wait(60)
    with pytest.raises(RuntimeError, match="closed"):
        _ = bridge.ports


BEGINNING = """
import asyncio, os, threading, warnings
from contextlib import nullcontext
from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.domain import sign_up
from leadnator_auth.entrypoints.embedding import Settings, SyncBridge
warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
bridge = SyncBridge(lambda: nullcontext(memory_ports()))
def add(name):
    return str(bridge.call(sign_up(name, f"{name}@example.com", "secret", ports=bridge.ports)).user.email)
def in_child(work):
    child = os.fork()
    if not child:
        try:
            print(work(), flush=True)
        except RuntimeError as error:
            print(error, flush=True)
        finally:
            bridge.close()
            os._exit(0)
    os.waitpid(child, 0)
"""


def run(home: Path, program: str) -> list[str]:
    """Returns what a program printed that ends by itself, without a complaint."""
    command = [sys.executable, "-W", "error", "-c", BEGINNING + program]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return [line for line in done.stdout.splitlines() if "[info" not in line]


def test_a_program_that_does_not_close_it_ends_all_the_same(tmp_path: Path) -> None:
    program = """
settings = Settings(database_url="sqlite:///accounts.db", bcrypt_cost=4, email_verification=False)
bridge = SyncBridge(settings)
print(add('a'))
"""
    assert run(tmp_path, program) == ["a@example.com"]
    assert not list(tmp_path.glob("*-wal")), "the database was closed in good order"


def test_a_thread_that_outlives_the_program_is_told(tmp_path: Path) -> None:
    program = """
def work():
    threading.main_thread().join()
    while True:
        try:
            bridge.call(asyncio.sleep(0))
        except RuntimeError as error:
            print(error, flush=True)
            return
print(add('a'))
threading.Thread(target=work).start()
"""
    assert run(tmp_path, program) == ["a@example.com", sync_bridge.CLOSED]


def test_made_before_a_fork_and_used_after_it_it_works_in_each_process(tmp_path: Path) -> None:
    program = "in_child(lambda: add('a')); in_child(lambda: add('b')); print(add('c'))"
    assert run(tmp_path, program) == ["a@example.com", "b@example.com", "c@example.com"]


def test_opened_before_a_fork_it_says_so_in_the_other_process_and_goes_on_in_this_one(tmp_path: Path) -> None:
    program = "print(add('a'), flush=True); in_child(lambda: add('b')); in_child(lambda: bridge.ports); print(add('c'))"
    assert run(tmp_path, program) == ["a@example.com", sync_bridge.FORKED, sync_bridge.FORKED, "c@example.com"]
