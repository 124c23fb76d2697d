"""Servers to measure: ours and those it is held against, each a process of its own."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import attrs
import psutil
from access_tokens import settings_for

SETTLING_SECONDS = 2.0
PEERS = Path(__file__).parent / "peers"


@attrs.frozen
class Server:
    """How to start a server, and what to ask it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    me: str
    log_in: str
    """The path of its log-in, or empty where it has none."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@attrs.frozen
class Running:
    """A server that is up."""

    server: Server
    process: psutil.Process
    seconds_to_ready: float

    def cpu_seconds(self) -> float:
        """Returns the time its processes have had on a core."""
        every = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (process.cpu_times() for process in every))

    def settled_memory_mb(self) -> float:
        """Returns its resident memory once what begins after the start has begun."""
        time.sleep(SETTLING_SECONDS)
        return self.memory_mb()

    def finish(self) -> None:
        """Returns when it is idle: what nobody waits for any more would count for the next measurement."""
        while True:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before < 0.05:
                return

    def memory_mb(self) -> float:
        """Returns its resident memory."""
        every = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in every) / 1e6


def ours(
    name: str,
    url: str,
    port: int,
    settings: Mapping[str, str] = MappingProxyType({}),
    *,
    workers: int = 1,
    checkout: Path | None = None,
) -> Server:
    """Returns our server over a database, with its usual settings but for the rate limits and what is said.

    With `checkout` it is that of another checkout, which is installed in its `.venv`.
    """
    command = command_of(checkout)
    return Server(
        name,
        (str(command), "serve", "--port", str(port), "--workers", str(workers)),
        settings_for(url) | dict(settings),
        port,
        "/api/auth/me",
        "/api/auth/login",
    )


def command_of(checkout: Path | None = None) -> Path:
    """Returns our command, or that of another checkout."""
    return (checkout / ".venv/bin" if checkout else Path(sys.executable).parent) / "leadnator-auth"


def bare_starlette(port: int, *, logs: bool = False) -> Server:
    """Returns the ceiling, with uvicorn's access log or without."""
    return _peer("bare Starlette", "bare_starlette:app", port, "/api/auth/me", "", {}, logs=logs)


def verified_starlette(port: int, service_url: str) -> Server:
    """Returns the ceiling behind the verifier's middleware."""
    environment = {"SERVICE_URL": service_url, "API_KEY": "lnk_" + "b" * 43}
    return _peer("verified Starlette", "verified_starlette:app", port, "/api/auth/me", "", environment)


def fastapi_users(port: int, database: Path) -> Server:
    """Returns the peer."""
    environment = {"PEER_DATABASE": str(database)}
    return _peer("fastapi-users", "fastapi_users_app:app", port, "/users/me", "/auth/jwt/login", environment)


def _peer(
    name: str,
    target: str,
    port: int,
    me: str,
    log_in: str,
    environment: Mapping[str, str],
    *,
    logs: bool = False,
) -> Server:
    uvicorn = ("-m", "uvicorn", f"peers.{target}", "--port", str(port), "--app-dir", str(PEERS.parent))
    quiet = () if logs else ("--log-level", "warning", "--no-access-log")
    return Server(name, (sys.executable, *uvicorn, *quiet), environment, port, me, log_in)


@contextlib.contextmanager
def running(server: Server, core: int | None = None) -> Iterator[Running]:
    """Runs a server, on one core alone if that is said, and yields once it answers."""
    pinned = ("taskset", "-c", str(core)) if core is not None else ()
    with Path(f"{server.port}.log").open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*pinned, *server.command], env=os.environ | server.environment, stdout=log, stderr=log
        )
        try:
            _wait_until_ready(server)
            ready_after = time.perf_counter() - began
            yield Running(server, psutil.Process(process.pid), ready_after)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait_until_ready(server: Server) -> None:
    path = "/readyz" if server.command[1] == "serve" else server.me
    for _ in range(20_000):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
            return
        time.sleep(0.002)
    raise SystemExit(f"{server.name} does not come up")
