"""How the rates of `me` and of log-ins change with the number of users and of processes.

    python benchmarks/scaling.py --database small=sqlite:///1000.db --database big=sqlite:///1000000.db

Each database was filled by `users import` (see make_users.py). All servers are up all the time, and every round
measures every case once, for a moment and in turn, so that a slow moment of the machine hits them all; the table has
medians and the range. The time of our processes' CPUs for one request is steadier than the rate on a machine that
others use too; that of PostgreSQL is not in it. Needs wrk.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import attrs
import psutil

from leadnator_auth.domain import Client, Ports, Session, User, run_in_transaction
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.use_cases.sign_in import new_session, signed_in
from leadnator_auth.entrypoints.compose import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings

PORT = 8765
SECRET = "a secret for measuring only and long enough"
PASSWORD = "minimum-6-chars"
ME = """
local tokens = {}
for line in io.lines("tokens.txt") do tokens[#tokens + 1] = "Bearer " .. line end
math.randomseed(os.time())
request = function() return wrk.format("GET", "/api/auth/me", {["Authorization"] = tokens[math.random(#tokens)]}) end
"""
LOG_IN = """
math.randomseed(os.time())
request = function()
  local body = string.format('{"email":"user-%d@example.com","password":"PASSWORD"}', math.random(0, 999))
  return wrk.format("POST", "/api/auth/login", {["Content-Type"] = "application/json"}, body)
end
""".replace("PASSWORD", PASSWORD)


@attrs.frozen
class Case:
    """What is measured."""

    database: str
    url: str
    workers: int
    call: str

    @property
    def served(self) -> tuple[str, int]:
        """What a server is started for."""
        return self.url, self.workers


@attrs.frozen
class Running:
    """A server, and where it listens."""

    process: psutil.Process
    port: int


@attrs.frozen
class Result:
    """What was measured in one round."""

    per_second: float
    cpu_us: float
    """Microseconds of CPU for one request."""


def main() -> None:
    arguments = _arguments()
    databases = dict(each.split("=", 1) for each in arguments.database)
    cases = [
        Case(name, url, workers, call)
        for call in arguments.call
        for workers in arguments.workers
        for name, url in databases.items()
    ]
    results: dict[Case, list[Result]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, url in databases.items():
            Path(name).mkdir()
            tokens = asyncio.run(_new_tokens(url, arguments.sessions))
            Path(name, "tokens.txt").write_text("\n".join(tokens) + "\n")
        with contextlib.ExitStack() as servers:
            running = {
                served: servers.enter_context(_serving(served, port))
                for port, served in enumerate(_served(cases), PORT)
            }
            for case in cases:
                _measured(case, running[case.served], 1)
            for number in range(arguments.rounds):
                for case in cases:
                    results[case].append(_measured(case, running[case.served], arguments.seconds))
                _say(f"round {number + 1} of {arguments.rounds}")
    _report(results)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", action="append", required=True, metavar="NAME=URL")
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--call", nargs="+", choices=["me", "log-in"], default=["me"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=2000, help="of as many users, picked at random")
    return parser.parse_args()


def _environment(url: str) -> dict[str, str]:
    return {
        "LEADNATOR_DATABASE_URL": url,
        "LEADNATOR_JWT_SECRET": SECRET,
        "LEADNATOR_RATE_LIMIT": "off",
        "LEADNATOR_LOG_LEVEL": "error",
    }


async def _new_tokens(url: str, count: int) -> list[str]:
    """Opens sessions of users all over the table, as log-ins would without their hashes."""
    settings = Settings.read(_environment(url))
    prepare(settings)
    async with open_ports(settings) as ports:
        users = await _some_users(ports, count)

        tokens: list[str] = []
        for user in users:
            session = new_session(user, Client(), ports.clock.now(), ports.randomness, ports.policy)

            async def keep(transaction: Transaction, session: Session = session) -> None:
                await transaction.sessions.add(session)

            await run_in_transaction(ports.unit_of_work, keep)
            tokens.append(signed_in(user, session, ports.tokens, ports.randomness).token)
    return tokens


async def _some_users(ports: Ports, count: int) -> list[User]:
    total = 1_000_000
    async with ports.unit_of_work.snapshot() as repositories:
        while total > 1 and await repositories.users.by_email(f"user-{total - 1}@example.com") is None:
            total //= 10
        numbers = [random.randrange(total) for _ in range(count)]
        found = [await repositories.users.by_email(f"user-{number}@example.com") for number in numbers]
    return [user for user in found if user is not None]


def _served(cases: list[Case]) -> list[tuple[str, int]]:
    return list(dict.fromkeys(case.served for case in cases))


def _measured(case: Case, server: Running, seconds: int) -> Result:
    """Returns what a moment of load tells; every answer must be 200."""
    script = Path("script.lua")
    script.write_text(ME if case.call == "me" else LOG_IN)
    Path("tokens.txt").write_text(Path(case.database, "tokens.txt").read_text())
    before = _cpu_seconds(server.process)
    output = _wrk(script, server.port, 32 if case.call == "me" else 16, seconds)
    spent = _cpu_seconds(server.process) - before
    assert "Non-2xx" not in output, output
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    assert rate, output
    assert count, output
    return Result(float(rate[1]), spent / max(int(count[1]), 1) * 1e6)


def _cpu_seconds(server: psutil.Process) -> float:
    processes = [server, *server.children(recursive=True)]
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


def _wrk(script: Path, port: int, connections: int, seconds: int) -> str:
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    return subprocess.run(
        ["wrk", *options, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
    ).stdout


@contextlib.contextmanager
def _serving(served: tuple[str, int], port: int) -> Iterator[Running]:
    url, workers = served
    command = Path(sys.executable).with_name("leadnator-auth")
    options = ["--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen([command, "serve", *options], env=os.environ | _environment(url))
    try:
        _wait_until_ready(port)
        yield Running(psutil.Process(process.pid), port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_until_ready(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz")
            return
        time.sleep(0.05)
    raise SystemExit("the server does not come up")


def _report(results: dict[Case, list[Result]]) -> None:
    print("| call | processes | database | a second | range | CPU, µs | range |\n|---|---|---|---|---|---|---|")
    for case, measured in results.items():
        rates, cpu = [each.per_second for each in measured], [each.cpu_us for each in measured]
        print(f"| {case.call} | {case.workers} | {case.database} | {_summary(rates)} | {_summary(cpu)} |")
    for case, measured in results.items():
        known = {"database": case.database, "workers": case.workers, "call": case.call}
        print(json.dumps(known | {"rounds": [attrs.asdict(each) for each in measured]}))


def _summary(values: list[float]) -> str:
    return f"{statistics.median(values):,.1f} | {min(values):,.1f} to {max(values):,.1f}"


if __name__ == "__main__":
    main()
