"""Checks that hang or break keep no other from reporting."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from subprocess import PIPE

from leadnator_auth.entrypoints.doctor import Check, Finding, Level, examine, ok
from tests.e2e.server import DEADLINE_SECONDS

SHORT = 0.05
HANGING = """
import asyncio, threading
from leadnator_auth.entrypoints.compose import doctor as compose_doctor
from leadnator_auth.entrypoints.cli import main
from leadnator_auth.entrypoints.doctor import Check, ok

async def hanging():
    await asyncio.to_thread(threading.Event().wait)  # as a look-up of a name does
    yield ok("hanging", "never")

compose_doctor.checks = lambda *_: [Check("hanging", hanging, seconds=0.1)]
main(["doctor"])
"""


def healthy() -> Iterator[Finding]:
    yield ok("healthy", "fine")


def test_a_check_that_hangs_is_told_after_what_it_found_and_the_next_one_runs() -> None:
    end = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield ok("hanging", "so far")
        end.wait()
        yield ok("hanging", "nobody listens any more")

    try:
        found = list(examine([Check("hanging", hanging, seconds=SHORT), Check("healthy", healthy)]))
    finally:
        end.set()
    assert [(each.check, each.level) for each in found] == [
        ("hanging", Level.OK),
        ("hanging", Level.FAIL),
        ("healthy", Level.OK),
    ]
    assert found[1].cure


def test_how_bad_a_late_check_is_is_its_own_to_say() -> None:
    end = threading.Event()

    def hanging() -> Iterator[Finding]:
        end.wait()
        yield ok("hanging", "late")

    try:
        (found,) = examine([Check("hanging", hanging, seconds=SHORT, when_late=Level.WARN)])
    finally:
        end.set()
    assert found.level is Level.WARN


def test_a_check_that_breaks_is_a_failure_that_quotes_nothing() -> None:
    def broken() -> Iterator[Finding]:
        raise KeyError("geheim")

    found = list(examine([Check("broken", broken), Check("healthy", healthy)]))
    assert [each.level for each in found] == [Level.FAIL, Level.OK]
    assert "KeyError" in found[0].found
    assert "geheim" not in repr(found)


def test_what_the_system_refuses_is_told_in_its_words() -> None:
    def refused() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/root/auth.db")

    (found,) = examine([Check("refused", refused)])
    assert found.found == "/root/auth.db: Permission denied"


def test_a_check_may_wait_for_what_it_finds() -> None:
    async def waiting() -> AsyncIterator[Finding]:
        await asyncio.sleep(0)
        yield ok("waiting", "first")
        yield ok("waiting", "second")

    assert [each.found for each in examine([Check("waiting", waiting)])] == ["first", "second"]


def test_findings_are_told_as_soon_as_they_are_known() -> None:
    end = threading.Event()

    def slow() -> Iterator[Finding]:
        yield ok("slow", "first")
        assert end.wait(60)
        yield ok("slow", "second")

    findings = examine([Check("slow", slow, seconds=60)])
    assert next(findings).found == "first"
    end.set()
    assert next(findings).found == "second"


def test_ctrl_c_ends_the_command_though_a_check_goes_on_in_a_thread() -> None:
    program = HANGING.replace("await asyncio", "yield ok('hanging', 'so far')\n    await asyncio").replace("0.1", "600")
    piped = subprocess.Popen([sys.executable, "-uc", program], stdout=PIPE, stderr=PIPE, encoding="utf-8")
    with piped as process:
        assert process.stdout
        assert "so far" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, told = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            process.kill()
    assert (process.returncode, told) == (1, "Error: interrupted before all was checked\n")


def test_the_command_ends_though_a_thread_hangs_that_python_would_wait_for() -> None:
    command = [sys.executable, "-c", HANGING]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=DEADLINE_SECONDS, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: 1 of the checks failed\n")
    assert done.stdout.startswith("fail  hanging ")
