"""Rates of `me` and of log-ins as the number of users and of processes grows.

    python benchmarks/scaling.py --database small=sqlite:///1000.db --database big=sqlite:///1000000.db

Each database was filled by `users import` (see make_users.py). All servers are up all the time, and every round
measures every case once, for a moment and in turn, so that a slow moment of the machine hits them all; the table has
medians and the range. The time of our processes' CPUs for one request is steadier than the rate on a machine that
others use too; that of PostgreSQL is not in it. Needs wrk.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import attrs
from access_tokens import new_tokens
from load import Rate, log_in_rate, me_rate
from servers import Running, ours, running

FIRST_PORT = 8765
LOG_IN_USERS = 1000


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


def main() -> None:
    arguments = _arguments()
    databases = dict(each.split("=", 1) for each in arguments.database)
    cases = [
        Case(name, url, workers, call)
        for call in arguments.call
        for workers in arguments.workers
        for name, url in databases.items()
    ]
    results: dict[Case, list[Rate]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, url in databases.items():
            _tokens_of(name).write_text("\n".join(new_tokens(url, arguments.sessions)) + "\n")
        with contextlib.ExitStack() as stack:
            up = {
                (url, workers): stack.enter_context(running(ours("ours", url, port, workers=workers)))
                for port, (url, workers) in enumerate(_served(cases), FIRST_PORT)
            }
            for case in cases:
                _measured(case, up[case.served], 1)
            for number in range(arguments.rounds):
                for case in cases:
                    results[case].append(_measured(case, up[case.served], arguments.seconds))
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


def _tokens_of(database: str) -> Path:
    return Path(f"{database}.tokens")


def _served(cases: list[Case]) -> list[tuple[str, int]]:
    return list(dict.fromkeys(case.served for case in cases))


def _measured(case: Case, server: Running, seconds: int) -> Rate:
    if case.call == "me":
        return me_rate(server, _tokens_of(case.database), seconds)
    return log_in_rate(server, LOG_IN_USERS, seconds)


def _report(results: dict[Case, list[Rate]]) -> None:
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
