"""Runs checks one after the other, each with a deadline, so that one that hangs keeps no other from reporting."""

import asyncio
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from queue import Empty, Queue

import attrs

from leadnator_auth.entrypoints.doctor.finding import Finding, Level, fail

USUAL_SECONDS = 5.0

Findings = Iterable[Finding] | AsyncIterable[Finding]


@attrs.frozen
class Check:
    """A check to be run: what it finds it yields as soon as it is known."""

    name: str
    run: Callable[[], Findings]
    seconds: float = USUAL_SECONDS
    when_late: Level = Level.FAIL
    """How bad it is when it does not end in time."""


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Yields what the checks find. A check that is late goes on in a thread that does not keep the process alive."""
    for check in checks:
        found: Queue[Finding | None] = Queue()
        threading.Thread(target=_run, args=(check, found), daemon=True).start()
        yield from _until_late(check, found)


def _until_late(check: Check, found: "Queue[Finding | None]") -> Iterator[Finding]:
    deadline = time.monotonic() + check.seconds
    try:
        while finding := found.get(timeout=max(deadline - time.monotonic(), 0)):
            yield finding
    except Empty:
        late = f"no answer within {check.seconds:g} s"
        yield Finding(check.when_late, check.name, late, "see what keeps it: the network, the name server or a disk")


def _run(check: Check, found: "Queue[Finding | None]") -> None:
    try:
        findings = check.run()
        if isinstance(findings, AsyncIterable):
            asyncio.run(_pass_on(findings, found))
        else:
            for finding in findings:
                found.put(finding)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        found.put(
            fail(check.name, f"{where}{error.strerror or type(error).__name__}", "let the user who serves get there")
        )
    except Exception as error:  # noqa: BLE001 (a bug in one check must not hide what the others find)
        # Not its message, which may quote anything.
        found.put(fail(check.name, f"the check itself broke ({type(error).__name__})", "report it: this is a bug"))
    finally:
        found.put(None)


async def _pass_on(findings: AsyncIterable[Finding], found: "Queue[Finding | None]") -> None:
    async for finding in findings:
        found.put(finding)
