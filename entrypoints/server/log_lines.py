"""The log, written on a thread of its own: whoever logs never waits for it and never fails with it."""

import atexit
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import accumulate
from queue import Empty, SimpleQueue

STDERR = 2
MAX_WAITING = 4096
"""In lines: some megabytes, or half a second of all that one process can answer."""
GATHERING_SECONDS = 0.01
BUSY = 8
"""If woken more often within these seconds, the thread lets lines gather: waking it for each costs the event loop."""
CLOSE_TIMEOUT = 1.0
"""How long, in seconds, the end of the process waits for lines not yet written."""
ATOMIC_BYTES = 4096
"""Processes that write no more than this at once to one pipe do not mix up their lines (pipe(7), PIPE_BUF)."""

_Item = str | threading.Event


class LogLines:
    """A stream for loggers, of which each `write` is one event.

    Events keep their order. While nobody reads, a bounded number of them waits; further ones are lost, as are those
    that cannot be written, and both are counted.
    """

    def __init__(self, write: Callable[[bytes], int]) -> None:
        """Writes with `write`, which may block and fail as `os.write` does."""
        self._write = write
        # Its `put` takes no lock that could be held already, where a signal or the garbage collector comes between.
        self._waiting: SimpleQueue[_Item] = SimpleQueue()
        self._dropped = 0
        self._failed = 0
        self._is_torn = False
        threading.Thread(target=self._run, name="log", daemon=True).start()

    @property
    def lost(self) -> int:
        """The number of events lost."""
        return self._dropped + self._failed

    def write(self, text: str) -> int:
        """Takes an event and returns at once."""
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put(text)
        else:
            self.lose()
        return len(text)

    def flush(self) -> None:
        """Does nothing: to wait for it would mean to wait for the reader."""

    def lose(self) -> None:
        """Counts an event that could not even be put into words."""
        self._dropped += 1

    def drain(self, seconds: float) -> bool:
        """Returns whether everything that came before was written or lost within this time."""
        is_done = threading.Event()
        self._waiting.put(is_done)
        return is_done.wait(seconds)

    def _run(self) -> None:
        woken: deque[float] = deque([0.0] * BUSY, maxlen=BUSY)
        while True:
            first = self._waiting.get()
            woken.append(time.monotonic())
            if woken[-1] - woken[0] < GATHERING_SECONDS:
                time.sleep(GATHERING_SECONDS)
            for batch in self._batches(first):
                self._write_out(batch)

    def _batches(self, item: _Item | None) -> Iterator[list[bytes]]:
        """Yields waiting events, in parts that are each written at once; whoever waits for them is told afterwards."""
        batch: list[bytes] = []
        while item is not None:
            line = item.encode("utf-8", "backslashreplace") if isinstance(item, str) else b""
            if batch and (not line or sum(map(len, batch)) + len(line) > ATOMIC_BYTES):
                yield batch
                batch = []
            if isinstance(item, str):
                batch.append(line)
            else:
                item.set()
            item = self._next()
        if batch:
            yield batch

    def _next(self) -> _Item | None:
        try:
            return self._waiting.get_nowait()
        except Empty:
            return None

    def _write_out(self, batch: list[bytes]) -> None:
        start = b"\n" if self._is_torn else b""
        content = start + b"".join(batch)
        written = 0
        try:
            while written < len(content):
                written += self._write(content[written:])
            self._is_torn = False
        except OSError:
            ends = list(accumulate(map(len, batch), initial=len(start)))
            self._failed += sum(end > written for end in ends[1:])
            if written:
                self._is_torn = written not in ends


@cache
def stderr_lines() -> LogLines:
    """Returns the one that writes to stderr until the process ends, and a moment longer for what waits then."""
    lines = LogLines(partial(_write_to, STDERR))
    atexit.register(lines.drain, CLOSE_TIMEOUT)
    return lines


def _write_to(descriptor: int, content: bytes) -> int:
    while True:
        try:
            return os.write(descriptor, content)
        except BlockingIOError:  # whoever else has it made it so
            select.select([], [descriptor], [])
