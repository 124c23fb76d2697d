"""Power cuts while things happen: nothing that was answered is without its event, and each event is heard of."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import JWT_SECRET, run_sql
from tests.e2e.server import until

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
ROOT = Path(__file__).parents[2]
PROCESSES = 2
"""Each round has so many at once, on one database."""


class Program:
    """One process of the program."""

    def __init__(self, url: str, heard_of: Path, people: int) -> None:
        environment = os.environ | {
            "LEADNATOR_DATABASE_URL": url,
            "LEADNATOR_JWT_SECRET": JWT_SECRET,
            "LEADNATOR_BCRYPT_COST": "4",
            "LEADNATOR_RATE_LIMIT": "off",
            "PYTHONPATH": str(ROOT),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.subscribed_program", str(heard_of), str(people)],
            cwd=heard_of.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        assert self._told(self._line()) == ["ready"]

    def answers(self, count: int) -> list[list[str]]:
        """Returns so many accounts and sessions that somebody was told of."""
        return [self._told(self._line()) for _ in range(count)]

    def kill(self) -> list[list[str]]:
        """Cuts the power; returns what was answered before, and not read yet."""
        self._process.kill()
        rest, _ = self._process.communicate()
        return [self._told(line) for line in rest.splitlines(keepends=True) if _is_told(line) and line.endswith("\n")]

    def stop(self) -> None:
        """Lets it end, once nothing is under way."""
        self._process.communicate(input="", timeout=60)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return next(line for line in self._process.stdout if _is_told(line))

    def _told(self, line: str) -> list[str]:
        return line.split()[1:]


def _is_told(line: str) -> bool:
    """Returns whether it is none of the log's."""
    return line.startswith("told ")


def test_no_answer_is_without_its_event_and_no_event_is_unheard_of(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(20260101)
    heard_of = tmp_path / "heard"
    answered: list[list[str]] = []
    for _ in range(ROUNDS):
        programs = [Program(database_url, heard_of, people=3) for _ in range(PROCESSES)]
        for program in programs:
            answered += program.answers(chance.randint(3, 25))
        for program in programs:
            answered += program.kill()
    _end_leases_and_pauses(database_url)
    program = Program(database_url, heard_of, people=0)
    try:
        until(lambda: _is_all_done(database_url), "the end of it")
    finally:
        program.stop()

    events = run_sql(database_url, "SELECT id, type, user_id, data, position FROM events ORDER BY position")
    assert [position for *_, position in events] == list(range(1, len(events) + 1))
    _check_that_all_is_told(database_url, answered, events)
    lines = heard_of.read_text().splitlines()
    heard = [line.split()[0] for line in lines if line.count(" ") == 1]
    assert set(heard) == {event_id for event_id, *_ in events}
    repeated = Counter(heard)
    assert sum(count - 1 for count in repeated.values()) < len(events) / 2, "a crash repeats what it cut short"


def _check_that_all_is_told(url: str, answered: list[list[str]], events: list[tuple[object, ...]]) -> None:
    """Each answer has its event, each account and session that is kept too, and each event its account."""
    told = {(event_type, user_id) for _, event_type, user_id, *_ in events}
    begun = [json.loads(str(data)) for _, event_type, _, data, _ in events if event_type == "session.started"]
    users = {user_id for (user_id,) in run_sql(url, "SELECT id FROM users")}
    assert users == {user_id for event_type, user_id in told if event_type == "user.created"}
    assert {user_id for user_id, _ in answered} <= users
    sessions = {session_id for (session_id,) in run_sql(url, "SELECT id FROM sessions")}
    assert {session_id for _, session_id in answered} <= sessions
    assert begun == [{"session_id": data["session_id"], "amr": "pwd"} for data in begun]
    assert sessions == {data["session_id"] for data in begun}


def _end_leases_and_pauses(url: str) -> None:
    """Makes all that waits due, which nobody has in hand now, as seconds of waiting would."""
    run_sql(url, "UPDATE event_deliveries SET due_at = queued_at WHERE state = 'queued'")
    run_sql(url, "UPDATE subscriptions SET paused_until = NULL, failures = 0")


def _is_all_done(url: str) -> bool:
    """Returns whether nothing waits."""
    waiting = run_sql(url, "SELECT count(*) FROM event_deliveries WHERE state = 'queued'")
    behind = run_sql(url, "SELECT count(*) FROM events WHERE position IS NULL")
    done = run_sql(url, "SELECT count(*) FROM subscriptions WHERE position = (SELECT position FROM event_feed)")
    return (waiting, behind, done) == ([(0,)], [(0,)], [(1,)])
