"""The tests that run each function, so that a mutant need not be held against all of them."""

import ast
from collections.abc import Sequence
from functools import cache

import attrs
import coverage
import pytest

from tests.extra.mutation.mutants import ROOT, Mutant


@attrs.frozen
class Reach:
    """The tests, and the lines that each of them ran."""

    items: Sequence[pytest.Item]
    data: coverage.CoverageData

    @classmethod
    def of(cls, items: Sequence[pytest.Item]) -> "Reach":
        """Runs each test once, unchanged.

        Raises: RuntimeError when one fails.
        """
        measured = coverage.Coverage(data_file=None, config_file=False, include=["*/domain/*"])
        measured.start()
        for item, following in zip(items, [*items[1:], None], strict=True):
            measured.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        measured.stop()
        if items and items[0].session.testsfailed:
            raise RuntimeError("the tests fail as they are")
        return cls(items, measured.get_data())

    def tests_of(self, mutant: Mutant) -> list[pytest.Item]:
        """Returns the tests that run any line of the function which the mutant changes, or all for other changes."""
        function = _function_around(mutant.file, mutant.line)
        if function is None:
            return list(self.items)
        names: set[str] = set()
        for file in self.data.measured_files():
            if file.endswith("/" + mutant.file):
                for line, tests in self.data.contexts_by_lineno(file).items():
                    if line in function:
                        names.update(tests)
        return [item for item in self.items if item.nodeid in names]


@cache
def _function_around(file: str, line: int) -> range | None:
    """Returns the lines of the body of the innermost function with this line."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            found = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
    return found
