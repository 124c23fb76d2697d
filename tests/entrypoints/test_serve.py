"""Serving by several processes: that they could not start is a failure of the whole."""

import socket
from pathlib import Path

import attrs
import pytest
import uvicorn

from leadnator_auth.entrypoints.server.serve import serve
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from tests.e2e.server import HOST, free_port


@attrs.frozen
class Worker:
    """A process that has ended."""

    exitcode: int


@pytest.mark.parametrize(("exit_codes", "fails"), [([0, 0], False), ([0, 3], True), ([3, 3], True)])
def test_workers_that_could_not_start_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_codes: list[int], fails: bool
) -> None:
    class Supervisor:
        def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
            assert config.workers == len(exit_codes)
            assert sockets[0].getsockname()[0] == HOST
            assert config.timeout_worker_healthcheck >= 30, "a worker that a busy machine is slow to start lives"
            self.processes = [Worker(code) for code in exit_codes]

        def run(self) -> None:
            """Returns when all workers have ended."""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADNATOR_PUBLIC_URL", "")
    monkeypatch.setattr("uvicorn.supervisors.Multiprocess", Supervisor)
    if fails:
        with pytest.raises(StartError, match="could not start"):
            serve(Settings(), HOST, free_port(), len(exit_codes))
    else:
        serve(Settings(), HOST, free_port(), len(exit_codes))
