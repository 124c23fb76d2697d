"""The log is never in the way: that nobody reads it, or that its disk is full, changes no answer and no end."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

import pytest

from tests.e2e.server import COMMAND, DEADLINE_SECONDS, PASSWORD, QUICK, Answer, Server, clean_environment, run, until

pytestmark = pytest.mark.slow
F_SETPIPE_SZ = 1031
"""fcntl's number for the size of a pipe (Linux), which Python names since 3.10 only where it was built for it."""
PIPE_BYTES = 4096
SOME = 200


class Reader:
    """Whoever should read the log."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._has_left = False
        fcntl.fcntl(self.writing, F_SETPIPE_SZ, PIPE_BYTES)

    def leave(self) -> None:
        """Closes its end."""
        os.close(self._reading)
        self._has_left = True

    def read(self) -> bytes:
        """Returns the next part of the log, once there is one."""
        return os.read(self._reading, 65_536)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.writing)
        if not self._has_left:
            self.leave()


@contextmanager
def logging_server(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    server = Server(folder, options, QUICK | {f"LEADNATOR_{name}": value for name, value in settings.items()})
    try:
        yield server
    finally:
        server.kill()


def lost(server: Server) -> float:
    """Returns how many lines were lost, as the metrics count them."""
    text = server.get("/metrics").content.decode()
    (line,) = (line for line in text.splitlines() if line.startswith("leadnator_auth_log_lines_lost_total "))
    return float(line.split()[1])


def check_answer(answer: Answer) -> None:
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    assert isinstance(answer.json, dict)


def check_life(server: Server, email: str = "alice@example.com") -> None:
    """Signs up, logs in, asks for a link and is refused, each of which is logged."""
    check_answer(server.sign_up(email))
    check_answer(server.log_in(email))
    check_answer(server.forgot(email))
    assert server.log_in(email, PASSWORD + "x").status == 401


def fill(server: Server) -> None:
    """Sends requests until lines are lost."""
    with server.socket() as connection:

        def send_some() -> bool:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * SOME)
            answers = b""
            while answers.count(b"HTTP/1.1 200") < SOME:
                answers += connection.recv(65_536)
            return lost(server) > 0

        until(send_some, "a line to be lost")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_reader_that_stalls_holds_up_no_answer_and_no_end(tmp_path: Path, workers: str) -> None:
    with Reader() as reader, logging_server(tmp_path, "--workers", workers, LOG_LEVEL="debug") as server:
        server.start_logging_to(reader.writing)
        fill(server)
        before = lost(server)
        check_life(server)
        until(lambda: lost(server) > before, "more lines to be lost")
        assert server.stop() == 0


def test_a_reader_that_goes_on_gets_whole_lines_in_order(tmp_path: Path) -> None:
    with Reader() as reader, logging_server(tmp_path, LOG_FORMAT="json") as server:
        server.start_logging_to(reader.writing)
        fill(server)
        log = b""
        while b"caught-up" not in log:
            server.get("/caught-up")
            log += reader.read()
    events = [json.loads(line) for line in log.decode().split("\n")[:-1]]
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_reader_that_has_gone_costs_lines_and_nothing_else(tmp_path: Path, workers: str) -> None:
    with Reader() as reader, logging_server(tmp_path, "--workers", workers) as server:
        server.start_logging_to(reader.writing)
        reader.leave()
        check_life(server)
        until(lambda: lost(server) >= 4, "the count")
        assert server.stop() == 0


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_full_disk_costs_lines_and_nothing_else(tmp_path: Path, log_format: str) -> None:
    with Path("/dev/full").open("wb") as full, logging_server(tmp_path, LOG_FORMAT=log_format) as server:
        server.start_logging_to(full.fileno())
        check_life(server)
        until(lambda: lost(server) >= 4, "the count")
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stderr_that_was_closed_costs_lines_and_nothing_else(tmp_path: Path, workers: str) -> None:
    with logging_server(tmp_path, "--workers", workers) as server:
        server.start_logging_to(None)
        check_life(server)
        until(lambda: lost(server) >= 4, "the count")
        assert server.stop() == 0


def test_a_stderr_that_somebody_made_non_blocking_loses_nothing(tmp_path: Path) -> None:
    with Reader() as reader, logging_server(tmp_path, LOG_FORMAT="json") as server:
        os.set_blocking(reader.writing, False)
        server.start_logging_to(reader.writing)
        with closing(server.connection()) as connection:
            for number in range(100):
                connection.request("GET", f"/{number}")
                connection.getresponse().read()
        log = b""
        while b'"path": "/99"' not in log:
            log += reader.read()
        assert lost(server) == 0
    paths = [event["path"] for event in map(json.loads, log.decode().split("\n")[:-1]) if "path" in event]
    assert [path for path in paths if path[1:].isdecimal()] == [f"/{number}" for number in range(100)]


def test_what_was_logged_last_is_written_before_the_process_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("ab") as file, logging_server(tmp_path, LOG_FORMAT="json") as server:
        server.start_logging_to(file.fileno())
        for number in range(50):
            assert server.get(f"/last/{number}").status == 404
        assert server.stop() == 0
    told = [event.get("path") for event in map(json.loads, log.read_text().splitlines())]
    assert [path for path in told if path and path.startswith("/last")] == [f"/last/{number}" for number in range(50)]


@pytest.mark.parametrize("command", [["migrate"], ["users", "list"], ["mail", "list"], ["config"], ["openapi"]])
def test_commands_do_their_work_though_stderr_is_closed(tmp_path: Path, command: list[str]) -> None:
    expected = run(*command, home=tmp_path)
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", COMMAND, *command],
        cwd=tmp_path,
        env=clean_environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == expected.returncode == 0
    assert done.stdout
