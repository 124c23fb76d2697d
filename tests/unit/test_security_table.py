"""The page for security reviewers is whole: a row for each requirement, and no row names a test that is not there."""

import ast
import re
from pathlib import Path

from leadnator_auth.testing import contract

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "security.md").read_text()
REQUIREMENTS = 100


def names_in(path: Path) -> set[str]:
    """Returns the names of the tests in a file, which is not imported; those of published suites by their class."""
    body = ast.parse(path.read_text()).body if path.is_file() else []
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    suites = [(node.name, base) for node in body if isinstance(node, ast.ClassDef) for base in node.bases]
    return functions | {
        f"{name}::{method}"
        for name, base in suites
        for method in dir(getattr(contract, ast.unparse(base), None))
        if method.startswith("test_")
    }


def test_each_requirement_has_one_row() -> None:
    numbers = re.findall(r"^\| R(\d+) \|", PAGE, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, REQUIREMENTS + 1)]


def test_each_test_that_is_named_is_there() -> None:
    named = sorted(set(re.findall(r"`(tests/[^`]*[^`/])`", PAGE)))
    files = {name.partition("::")[0] for name in named}
    there = {f"{file}::{function}" for file in files for function in names_in(ROOT / file)}
    assert len(named) >= REQUIREMENTS
    assert [name for name in named if name not in there] == []
