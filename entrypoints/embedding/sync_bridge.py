"""From code that blocks to the core, which does not: one event loop in a thread."""

import asyncio
import concurrent.futures
import inspect
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Self

from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.embedding.running import running_ports
from leadnator_auth.entrypoints.embedding.world import (
    Result,
    Work,
    World,
    close_unbegun,
    close_unwanted,
    counted,
    end_calls,
    until_closed,
)
from leadnator_auth.entrypoints.settings import Settings

CLOSED = "this SyncBridge is closed: it was closed before, or the main thread has ended"
CUT_SHORT = "this SyncBridge was closed while the call was under way; what it asked for may have been done"
FORKED = (
    "this SyncBridge was opened before a fork, and its event loop runs in the other process: make one in each process, "
    "or use it in none of them before they fork"
)
OWN_LOOP = "this is the event loop of the SyncBridge, which would wait for itself: await the coroutine instead"
NO_COROUTINE = "takes a coroutine, such as log_in(email, password, ports=bridge.ports)"


class SyncBridge:
    """Lets code that blocks (Flask, Django, scripts, threads) call use cases, from any thread, and wait for the result.

        bridge = SyncBridge(Settings.read(os.environ))
        signed_in = bridge.call(log_in("alice@example.com", "correct horse", ports=bridge.ports))

    Ports belong to one event loop: this has one in a thread of its own, and keeps the ports open on it. It opens with
    its first use, so that it may be made before a server forks, and closes with `close`, with the block of `with`, or
    with the main thread. RuntimeError says why it cannot be used: it was closed, it was opened before this process was
    forked, or this is its own loop.
    """

    def __init__(self, source: Settings | Callable[[], AbstractAsyncContextManager[Ports]]) -> None:
        """Opens nothing yet; `source` are the settings of `running_ports`, or whatever else returns opened ports."""
        self._source = source
        self._lock = threading.Lock()
        self._process: int | None = None
        self._thread: threading.Thread | None = None
        self._ended: Future[None] = Future()
        self._world: World | None = None
        self._is_closed = False

    @property
    def ports(self) -> Ports:
        """The ports, for use cases that are called over this bridge; opens them at first.

        Raises: StartError, and whatever else opening them raises: the next use tries again; RuntimeError.
        """
        return self._open().ports

    def call(self, work: Work[Result], *, timeout: float | None = None) -> Result:
        """Returns what the coroutine returns, or raises what it raises; this thread waits meanwhile.

        After `timeout` seconds it is cancelled; what it asked for may have been done.

        Raises: TimeoutError, RuntimeError, and whatever `work` raises.
        """
        future = self._begin(work)
        try:
            return future.result(timeout)
        except concurrent.futures.CancelledError:
            raise RuntimeError(CUT_SHORT) from None
        except TimeoutError:
            if future.done():
                raise
            raise TimeoutError(f"not done within {timeout} s") from None
        finally:
            self._give_up(future, work)

    async def acall(self, work: Work[Result]) -> Result:
        """The same for a coroutine on another event loop, which goes on meanwhile: an asynchronous view of Django.

        Raises: RuntimeError, and whatever `work` raises.
        """
        if self._world is None:
            try:
                await asyncio.to_thread(self._open)
            except BaseException:
                work.close()
                raise
        future = self._begin(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if future.cancelled() and task is not None and not task.cancelling():
                raise RuntimeError(CUT_SHORT) from None
            raise
        finally:
            self._give_up(future, work)

    def close(self) -> None:
        """Closes the ports and ends the thread; calls that are under way have ten seconds. Again, it does nothing.

        In a process that was forked after it was opened there is nothing to close.

        Raises: RuntimeError on its own loop, and whatever closing the ports raises.
        """
        if self._is_foreign():
            return
        if threading.current_thread() is self._thread:
            raise RuntimeError(OWN_LOOP)
        with self._lock:
            self._is_closed = True
            world = self._world
        if world is not None:
            with suppress(RuntimeError):  # the loop is closed
                world.loop.call_soon_threadsafe(world.closing.set)
            self._ended.result()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _is_foreign(self) -> bool:
        return self._process not in (None, os.getpid())

    def _open(self) -> World:
        if self._is_foreign():
            raise RuntimeError(FORKED)
        # Before the lock: a child that is forked while another thread opens would wait for it for ever.
        self._process = os.getpid()
        if self._world is None and threading.current_thread() is self._thread:
            raise RuntimeError(OWN_LOOP)
        with self._lock:
            if self._is_closed:
                raise RuntimeError(CLOSED)
            if self._world is None:
                self._world = self._start()
            return self._world

    def _start(self) -> World:
        opened: Future[World] = Future()
        # No daemon: those are killed while they close, when the interpreter ends.
        self._thread = threading.Thread(target=self._run, args=(opened,), name="leadnator-auth", daemon=False)
        try:
            self._thread.start()
            return opened.result()
        except Exception:
            self._process = None
            raise
        except BaseException:  # this thread was interrupted, the other one goes on
            self._is_closed = True
            opened.add_done_callback(close_unwanted)
            raise

    def _run(self, opened: "Future[World]") -> None:
        try:
            asyncio.run(self._keep_open(opened))
        except BaseException as error:  # noqa: BLE001 (it is for who opens or closes, whatever it is)
            (self._ended if opened.done() else opened).set_exception(error)
        else:
            self._ended.set_result(None)

    async def _keep_open(self, opened: "Future[World]") -> None:
        source = self._source
        async with running_ports(source) if isinstance(source, Settings) else source() as ports:
            world = World(ports, asyncio.get_running_loop(), asyncio.Event())
            opened.set_result(world)
            await until_closed(world.closing)
            with self._lock:
                self._is_closed = True
            await end_calls(world.calls)

    def _begin(self, work: Work[Result]) -> "Future[Result]":
        if not inspect.iscoroutine(work):
            raise TypeError(f"{type(work).__name__} is no coroutine: a SyncBridge {NO_COROUTINE}")
        try:
            return self._hand_over(work)
        except BaseException:
            work.close()  # nobody awaits it any more, which is no mistake of its own
            raise

    def _hand_over(self, work: Work[Result]) -> "Future[Result]":
        world = self._open()
        if threading.current_thread() is self._thread:
            raise RuntimeError(OWN_LOOP)
        with self._lock:  # or it would be closed meanwhile, and nobody would ever begin
            if self._is_closed:
                raise RuntimeError(CLOSED)
            return asyncio.run_coroutine_threadsafe(counted(work, world.calls), world.loop)

    def _give_up(self, future: "Future[Any]", work: Work[Any]) -> None:
        """Cancels a call that nobody waits for any more."""
        if self._world is not None and future.cancel():
            with suppress(RuntimeError):  # the loop is closed
                self._world.loop.call_soon_threadsafe(close_unbegun, work)
