"""The supervisor of the processes of `serve --workers`."""

import os
import signal
import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE

if TYPE_CHECKING:
    from uvicorn.supervisors.multiprocess import Process

LOOK_SECONDS = 0.1


def supervise(config: uvicorn.Config, listeners: Sequence[socket.socket]) -> bool:
    """Serves by several processes until SIGTERM or SIGINT; returns whether they could start.

    A second SIGINT ends them at once, as it ends a single process. From a terminal the signal reaches them all; `kill`
    reaches only the supervisor, and uvicorn's would not pass it on.
    """
    from uvicorn.supervisors import Multiprocess

    class Supervisor(Multiprocess):
        def handle_int(self) -> None:
            if self.should_exit.is_set():
                self.signal_queue.append(signal.SIGINT)  # for `join_all`
            super().handle_int()

        def join_all(self) -> None:
            for process in self.processes:
                while process.process.is_alive():
                    process.process.join(LOOK_SECONDS)
                    _hand_on_interrupts(self.signal_queue, self.processes)

    supervisor = Supervisor(config, list(listeners))
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


def _hand_on_interrupts(received: list[int], processes: Iterable["Process"]) -> None:
    while signal.SIGINT in received:
        received.remove(signal.SIGINT)
        for process in processes:
            if process.process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
