"""The page for security reviewers is whole: a row for each requirement, and no row names a test that is not there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
REQUIREMENTS = 100


def functions_in(path: Path) -> set[str]:
    """Returns the names of the functions in a file, which is not imported."""
    body = ast.parse(path.read_text()).body if path.is_file() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_requirement_has_one_row() -> None:
    numbers = re.findall(r"^\| R(\d+) \|", PAGE, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, REQUIREMENTS + 1)]


def test_each_test_that_is_named_is_there() -> None:
    named = sorted(set(re.findall(r"`(tests/[^`]*[^`/])`", PAGE)))
    files = {name.partition("::")[0] for name in named}
    there = {f"{file}::{function}" for file in files for function in functions_in(ROOT / file)}
    assert len(named) >= REQUIREMENTS
    assert [name for name in named if name not in there] == []
