"""The tests that run each statement, so that a mutant need not be held against all of them."""

import ast
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache

import attrs
import coverage
import pytest

from tests.extra.mutation.mutants import ROOT, Mutant


@attrs.frozen
class Reach:
    """The tests, the lines that each of them ran, and what is known of how soon each tells."""

    items: Sequence[pytest.Item]
    data: coverage.CoverageData
    seconds: dict[str, float]
    noticed: Counter[str] = attrs.field(init=False, factory=Counter)
    """How many mutants each test has noticed."""

    @classmethod
    def of(cls, items: Sequence[pytest.Item]) -> "Reach":
        """Runs each test once, unchanged.

        Raises: RuntimeError when one fails.
        """
        seconds: dict[str, float] = {}
        measured = coverage.Coverage(data_file=None, config_file=False, include=["*/domain/*"])
        measured.start()
        for item, following in zip(items, [*items[1:], None], strict=True):
            begin = time.process_time()
            measured.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds[item.nodeid] = time.process_time() - begin
        measured.stop()
        if items and items[0].session.testsfailed:
            raise RuntimeError("the tests fail as they are")
        return cls(items, measured.get_data(), seconds)

    def tests_of(self, mutant: Mutant) -> list[pytest.Item]:
        """Returns the tests that run the statement which the mutant changes, or all for one outside of functions.

        Those that noticed most come first, and of these the quick ones.
        """
        statement = _statement_around(mutant.file, mutant.line)
        found = self.items if statement is None else self._that_run(mutant.file, statement)
        return sorted(found, key=lambda item: (-self.noticed[item.nodeid], self.seconds[item.nodeid]))

    def _that_run(self, file: str, statement: range) -> list[pytest.Item]:
        names: set[str] = set()
        for measured in self.data.measured_files():
            if measured.endswith("/" + file):
                for line, tests in self.data.contexts_by_lineno(measured).items():
                    if line in statement:
                        names.update(tests)
        return [item for item in self.items if item.nodeid in names]


@cache
def _statement_around(file: str, line: int) -> range | None:
    """Returns the lines of the statement within a function that has this line, without the block below it.

    Where none has it, as with the head of an `except`, they are those of the function.
    """
    found: range | None = None
    for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):  # what is nested comes later
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            statements = [
                _own_lines(each) for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node
            ]
            around = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            found = next((lines for lines in statements if line in lines), around)
    return found


def _own_lines(statement: ast.stmt) -> range:
    body: list[ast.stmt] = getattr(statement, "body", [])
    return range(statement.lineno, body[0].lineno if body else (statement.end_lineno or 0) + 1)
