"""The pages about embedding and testing tell the truth: their snippets run, their table has every suite."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

from leadnator_auth.domain.ports import Repositories
from leadnator_auth.testing import contract

DOCS = Path(__file__).parents[2] / "docs" / "how-to"
TESTING = (DOCS / "testing.md").read_text()
EMBEDDING = (DOCS / "embedding.md").read_text()
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_snippets_about_tests_are_tests_that_pass(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    snippets = SNIPPET.findall(TESTING)
    pytester.makepyfile(**{f"test_snippet_{number}": snippet for number, snippet in enumerate(snippets)})
    run = pytester.runpytest_subprocess("-W", "error", "-rA")
    assert run.parseoutcomes().keys() <= {"passed", "skipped"}
    passed = {line.partition("::")[0] for line in run.outlines if line.startswith("PASSED ")}
    assert len(passed) == len(snippets), "each has a test that passes"


def test_the_embedding_snippet_runs_as_it_stands(tmp_path: Path) -> None:
    (snippet,) = SNIPPET.findall(EMBEDDING)
    run = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=True)
    printed = [line for line in run.stdout.splitlines() if "[info" not in line]  # what is logged of mails
    assert printed[-2:] == ["Alice", "invalid_credentials"]


def names_of_repositories() -> set[str]:
    properties = [each.fget for each in vars(Repositories).values() if isinstance(each, property) and each.fget]
    return {get_type_hints(each)["return"].__name__ for each in properties}


def test_every_suite_is_in_the_table_with_the_fixtures_it_takes() -> None:
    rows = re.findall(r"^\|[^|]+\| (`\w+Contract`(?:, `\w+Contract`)*) \| ([^|]+) \|$", TESTING, re.MULTILINE)
    listed = {suite: fixtures for suites, fixtures in rows for suite in re.findall(r"\w+Contract", suites)}
    listed |= {f"{name}Contract": "`unit_of_work`" for name in names_of_repositories()}
    assert listed.keys() == {name for name in contract.__all__ if name.endswith("Contract")}
    for suite, fixtures in listed.items():
        words = getattr(contract, suite).__doc__
        assert [name for name in re.findall(r"`(\w+)`", fixtures) if f"`{name}`" not in words] == []


def test_every_example_is_on_the_page_of_what_it_is_an_example_of() -> None:
    readmes = (DOCS.parents[1] / "examples").glob("*/README.md")
    pages = (EMBEDDING, (DOCS / "verify-elsewhere.md").read_text())
    named = {name for page in pages for name in re.findall(r"\.\./\.\./examples/(\w+)", page)}
    assert named == {path.parent.name for path in readmes}
