"""`python -m tests.extra.mutation domain/entities/session.py …`: which changes of these files no unit test notices."""

import gc
import io
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TextIO

import attrs
import click
import pytest
from tqdm import tqdm

from tests.extra.mutation.anew import fails_anew
from tests.extra.mutation.mutants import ROOT, Mutant, mutants_of
from tests.extra.mutation.reach import Reach

SECONDS = 30
"""Of a processor, for all unit tests of one mutant, which take fifteen; one that takes longer hangs: it was noticed."""
PATIENCE = 600
"""Seconds for what hangs and waits."""
QUICK_SECONDS = 2
"""Of a processor, where the tests that are likely to notice are enough."""
TESTS = (
    "-qx",
    "--tb=no",
    "--assert=plain",
    "-pno:cacheprovider",
    "-knot sqlite and not postgresql",
    "--ignore=tests/unit/test_readme.py",
    "--ignore=tests/unit/test_security_table.py",
    "--ignore=tests/unit/test_public_surface.py",
)
"""Those that have to notice; what starts other processes, or reads documents, says nothing about the rules."""


@attrs.define
class Score:
    """What became of all mutants."""

    killed: int = 0
    survivors: list[str] = attrs.Factory(list)


class Trial:
    """A pytest plugin that runs the collected tests once for each mutant, in a process of its own."""

    def __init__(self, mutants: list[Mutant], score: Score, *, quick: bool) -> None:
        self._mutants = mutants
        self._score = score
        self._quick = quick

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Takes the place of pytest's own loop."""
        reach = Reach.of(session.items)
        gc.freeze()  # so that children share the memory
        for source, is_to_be_noticed in ((self._mutants[0].original, False), ("raise RuntimeError", True)):
            sample = attrs.evolve(self._mutants[0], source=source)
            if bool(_answer_of_child(partial(fails_anew, sample, TESTS, quick=self._quick))) is not is_to_be_noticed:
                raise RuntimeError("the tests that are loaded anew do not tell a file from its mutants")
        for mutant in tqdm(self._mutants, unit="mutant", disable=None):
            if test := _answer_of_child(
                partial(_who_notices, mutant, session, reach.tests_of(mutant), quick=self._quick)
            ):
                self._score.killed += 1
                reach.noticed[test] += 1
            else:
                self._score.survivors.append(mutant.name)
                click.echo(f"survived: {mutant.name}", err=True)
        return True


def _answer_of_child(question: Callable[[], str]) -> str:
    """Returns what a question is answered in a process of its own, or that this fails or hangs."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(question, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        if select.select([answer], [], [], PATIENCE)[0]:
            told = answer.read()
        else:
            os.kill(child, signal.SIGKILL)
            told = "hangs"
    return told if os.waitpid(child, 0)[1] == 0 else "fails"


def _answer(question: Callable[[], str], writer: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        os.write(writer, question().encode())
    except BaseException:  # noqa: BLE001 (whatever it is, it was noticed)
        os._exit(1)
    os._exit(0)


def _who_notices(mutant: Mutant, session: pytest.Session, tests: list[pytest.Item], *, quick: bool) -> str:
    """Returns the first test that fails, or an empty text."""
    if not mutant.swap():
        return fails_anew(mutant, TESTS, quick=quick)
    for item, following in zip(tests, [*tests[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return item.nodeid
        if quick and time.process_time() > QUICK_SECONDS:
            return ""
    return ""


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--again", type=click.File(), help="An earlier summary: try only what survived then.")
@click.option("--quick", is_flag=True, help="Try the tests that are likely to notice; more survives then.")
def main(paths: tuple[str, ...], *, as_json: bool, again: TextIO | None, quick: bool) -> None:
    """Changes the files in PATHS, which are relative to the checkout, in many small ways, and runs the unit tests."""
    files = sorted({str(file.relative_to(ROOT)) for path in paths for file in _files(ROOT / path)})
    mutants = [mutant for file in files for mutant in mutants_of(file)]
    if again is not None:
        survivors = {name for line in again for name in json.loads(line)["survivors"]}
        mutants = [mutant for mutant in mutants if mutant.name in survivors]
    score = Score()
    os.chdir(ROOT)
    with redirect_stdout(io.StringIO()):  # which is for the summary
        pytest.main([*TESTS, "tests/unit"], plugins=[Trial(mutants, score, quick=quick)])
    if score.killed + len(score.survivors) != len(mutants):
        raise click.ClickException("the tests fail as they are")
    if as_json:
        click.echo(json.dumps({"files": files, "mutants": len(mutants)} | attrs.asdict(score)))
    else:
        click.echo("\n".join([*score.survivors, f"{len(mutants)} mutants, {score.killed} killed"]))
    sys.exit(int(bool(score.survivors)))


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


if __name__ == "__main__":
    main()
