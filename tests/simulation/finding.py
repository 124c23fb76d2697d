"""Looking for a world in which something does not hold, in this source or in a copy of it with bugs."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from tests.simulation.planted import PACKAGE, ROOT, Bug
from tests.simulation.scheduler import Violation


def first_violation(live: Callable[[int], Awaitable[None]], seeds: Iterable[int]) -> str | None:
    """Returns what went wrong in the first world in which something did; `live` lives the world of a seed."""

    async def lived(seed: int) -> None:
        await live(seed)

    for seed in seeds:
        try:
            asyncio.run(lived(seed))
        except Violation as violation:
            return f"{seed}: {violation}"
    return None


def assert_found(folder: Path, worlds: str, seeds: int, tells: str, *bugs: Bug) -> None:
    """Plants bugs in a copy of the package, and makes sure that one of so many of these worlds tells."""
    shutil.copytree(PACKAGE, folder / "leadnator_auth", ignore=shutil.ignore_patterns("__pycache__"))
    for bug in bugs:
        bug.plant(folder / "leadnator_auth")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", f"tests.simulation.{worlds}", str(seeds)]
    answer = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    is_told = tells in answer.stderr and "Traceback" not in answer.stderr
    assert (answer.returncode, is_told) == (1, True), answer.stderr
