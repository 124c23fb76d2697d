"""The runner of checks, one after the other, each with a deadline, so that none keeps another from reporting."""

import asyncio
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from enum import StrEnum
from functools import partial
from queue import Empty, Queue

import attrs

USUAL_SECONDS = 5.0
MADE_LATER = "`leadnator-auth migrate` or `serve` makes it"


class Level(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@attrs.frozen
class Finding:
    """One line of the report; `cure` says what to do, and is empty where all is well."""

    level: Level
    check: str
    found: str
    cure: str = ""
    quote: str = ""
    """What others say, which follows what was found and may hold a secret of ours."""

    def censored(self, censor: Callable[[str], str]) -> "Finding":
        """Returns it with all it says in what was found: our words as they are, those of others censored."""
        return attrs.evolve(self, found=f"{self.found} {censor(self.quote)}" if self.quote else self.found, quote="")

    @property
    def line(self) -> str:
        """The finding for people."""
        cure = f" -> {self.cure}" if self.cure else ""
        return f"{self.level:<4}  {self.check:<18}  {self.found}{cure}"


ok = partial(Finding, Level.OK)
warn = partial(Finding, Level.WARN)
"""It works, but should not stay as it is."""
fail = partial(Finding, Level.FAIL)
"""It does not work, or must not go on."""


Findings = Iterable[Finding] | AsyncIterable[Finding]


@attrs.frozen
class Check:
    """A check to be run: it yields findings as soon as they are known, and nothing where it does not apply."""

    name: str
    run: Callable[[], Findings]
    seconds: float = USUAL_SECONDS
    when_late: Level = Level.FAIL
    """The severity when it does not end in time."""


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Yields the findings. A check that is late continues in a thread that does not keep the process alive."""
    for check in checks:
        found: Queue[Finding | None] = Queue()
        threading.Thread(target=_run, args=(check, found), daemon=True).start()
        deadline = time.monotonic() + check.seconds
        try:
            while finding := found.get(timeout=max(deadline - time.monotonic(), 0)):
                yield finding
        except Empty:
            late = f"no answer within {check.seconds:g} s"
            cure = "see what keeps it: the network, the name server or a disk"
            yield Finding(check.when_late, check.name, late, cure)


def _run(check: Check, found: "Queue[Finding | None]") -> None:
    try:
        asyncio.run(_pass_on(check, found))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        words = f"{where}{error.strerror or type(error).__name__}"
        found.put(fail(check.name, words, "let the user who serves get there"))
    except Exception as error:  # noqa: BLE001 (a bug in one check must not hide what the others find)
        # Not its message, which may quote anything.
        found.put(fail(check.name, f"the check itself broke ({type(error).__name__})", "report it: this is a bug"))
    finally:
        found.put(None)


async def _pass_on(check: Check, found: "Queue[Finding | None]") -> None:
    findings = check.run()
    if isinstance(findings, AsyncIterable):
        async for finding in findings:
            found.put(finding)
    else:
        for finding in findings:
            found.put(finding)
