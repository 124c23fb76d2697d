"""Our speed, as shares of what is possible and of what others reach; see docs/explanation/performance.md.

    python benchmarks/compare.py --folder /var/tmp/benchmark

Every round measures every server once, for a moment and in turn, so that a slow moment of the machine hits them all.
Figures are medians of the rounds with their range. The folder keeps the filled databases for the next time. Needs wrk
and taskset, two cores at least, and the dependency group "benchmarks". What a change costs is seen with
`--before CHECKOUT`: another checkout, installed in its `.venv`, whose server is measured beside ours.
"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import filled
from access_tokens import new_tokens
from figures import HashTime, Series, hash_time, printed
from load import log_in_rate, log_in_storm, me_delays, me_rate, percentile
from servers import Running, Server, bare_starlette, fastapi_users, ours, running

SERVER_CORE, LOAD_CORE = 0, 1
SESSIONS = 500
FEW, MANY = 1_000, 1_000_000


@attrs.frozen
class Subject:
    """A server to measure, and who asks it."""

    server: Server
    tokens: Path

    @property
    def name(self) -> str:
        """How the tables call it."""
        return self.server.name


def main() -> None:
    arguments = _arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    folder = arguments.folder.absolute()
    os.chdir(folder)
    series = Series()
    with filled.postgresql(folder, FEW) as postgresql_url:
        subjects = _subjects(folder, postgresql_url)
        if arguments.before:
            subjects |= _subjects_before(arguments.before.absolute(), folder, postgresql_url)
        _measure_starts(subjects, arguments.rounds, series)
        _measure_me(subjects, arguments, series)
        _measure_log_ins(subjects, arguments, series)
    print(printed(series))
    arguments.json.write_text(json.dumps(series.as_json(), indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for databases, logs and scripts")
    parser.add_argument("--before", type=Path, help="another checkout, installed in its .venv, to measure too")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--json", type=Path, default=Path("compare.json"), help="where the figures go")
    return parser.parse_args()


def _subjects(folder: Path, postgresql_url: str) -> dict[str, Subject]:
    """Returns the servers by the names that `figures` knows."""
    quiet = {"LEADNATOR_LOG_LEVEL": "warning"}
    few, many = filled.sqlite(folder, FEW), filled.sqlite(folder, MANY)
    peer_file = folder / "peer.db"
    peer_file.unlink(missing_ok=True)
    peer = fastapi_users(8805, peer_file)
    with running(peer):
        peer_tokens = filled.peer(peer_file)
    return {
        "bare": Subject(bare_starlette(8801), _kept("bare", ["-"])),
        "bare, logging": Subject(bare_starlette(8802, logs=True), _kept("bare", ["-"])),
        "SQLite": Subject(ours("SQLite", few, 8803, quiet), _kept("few", new_tokens(few, SESSIONS))),
        "SQLite, logging": Subject(ours("SQLite, logging", few, 8804), Path("few.tokens")),
        "SQLite, 10^6 users": Subject(
            ours("SQLite, 10^6 users", many, 8806, quiet), _kept("many", new_tokens(many, SESSIONS))
        ),
        "PostgreSQL": Subject(
            ours("PostgreSQL", postgresql_url, 8807, quiet), _kept("postgresql", new_tokens(postgresql_url, SESSIONS))
        ),
        "fastapi-users": Subject(peer, _kept("peer", peer_tokens)),
    }


def _subjects_before(checkout: Path, folder: Path, postgresql_url: str) -> dict[str, Subject]:
    """Returns the servers of another version, over databases that it filled itself: it may not know our schema."""
    file, database = filled.before(checkout, folder, postgresql_url, FEW)
    quiet = {"LEADNATOR_LOG_LEVEL": "warning"}
    return {
        name: Subject(
            ours(name, url, port, quiet, checkout=checkout),
            _kept(name, filled.tokens_before(checkout, url, SESSIONS)),
        )
        for name, url, port in (("SQLite, before", file, 8808), ("PostgreSQL, before", database, 8809))
    }


def _kept(name: str, tokens: list[str]) -> Path:
    file = Path(f"{name}.tokens")
    file.write_text("\n".join(tokens) + "\n")
    return file


def _measure_starts(subjects: dict[str, Subject], rounds: int, series: Series) -> None:
    """Starts each server anew, alone, and looks at its time and memory."""
    for number in range(rounds):
        for name in ("bare", "SQLite", "PostgreSQL", "fastapi-users"):
            with running(subjects[name].server) as started:
                series.add("seconds to ready", name, started.seconds_to_ready)
                series.add("MB after start", name, started.settled_memory_mb())
        _say(f"starts: round {number + 1} of {rounds}")


def _measure_me(subjects: dict[str, Subject], arguments: argparse.Namespace, series: Series) -> None:
    with _all_running(subjects, SERVER_CORE) as up:
        for name, server in up.items():
            me_rate(server, subjects[name].tokens, 1, LOAD_CORE)
        for number in range(arguments.rounds):
            for name, server in up.items():
                rate = me_rate(server, subjects[name].tokens, arguments.seconds, LOAD_CORE)
                series.add("me a second", name, rate.per_second)
                series.add("µs of CPU for me", name, rate.cpu_us)
            _say(f"me: round {number + 1} of {arguments.rounds}")
        for name, server in up.items():
            series.add("MB after load", name, server.memory_mb())


def _measure_log_ins(subjects: dict[str, Subject], arguments: argparse.Namespace, series: Series) -> None:
    names = ("SQLite", "PostgreSQL", "fastapi-users", "SQLite, before", "PostgreSQL, before")
    with _all_running({name: subjects[name] for name in names if name in subjects}, None) as up:
        for number in range(arguments.rounds):
            times: HashTime = hash_time()
            series.add("seconds of a hash", "alone", times.alone)
            series.add("seconds of a hash", "one on each core", times.one_on_each_core)
            for name, server in up.items():
                rate = log_in_rate(server, FEW, 3 * arguments.seconds)
                series.add("log-ins a second", name, rate.per_second)
                series.add("share of the bound", name, rate.per_second * times.alone / times.cores)
                series.add("share of the loaded bound", name, rate.per_second * times.one_on_each_core / times.cores)
                token = subjects[name].tokens.read_text().split()[0]
                with log_in_storm(server, FEW):
                    p99 = percentile(me_delays(server.server, token, 3 * arguments.seconds), 0.99)
                series.add("ms of me in a storm, p99", name, p99 * 1000)
                series.add("p99 of me ÷ a hash", name, p99 / times.alone)
            _say(f"log-ins: round {number + 1} of {arguments.rounds}")


@contextlib.contextmanager
def _all_running(subjects: dict[str, Subject], core: int | None) -> Iterator[dict[str, Running]]:
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(running(subject.server, core)) for name, subject in subjects.items()}


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
