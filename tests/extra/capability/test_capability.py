"""The list "Add a capability" in CONTRIBUTING is whole and short: a toy is added by it, and works in every layer."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extra.capability import toy

ROOT = Path(__file__).parents[3]
MAX_NEW = 12
MAX_TOUCHED = 8
ITS_OWN_TESTS = ("tests/contract/test_notes.py", "tests/http/test_notes.py")
TESTS_OF_LISTS = (
    "tests/adapters/sql/test_migrations.py::test_the_version_that_is_checked_is_that_of_the_newest_migration",
    "tests/adapters/sql/test_migrations.py::test_an_older_database_becomes_what_a_new_one_is",
    "tests/adapters/sql/test_plans.py",
    "tests/extra/docs/test_pages.py::test_every_link_leads_to_a_file",
    "tests/extra/docs/test_pages.py::test_every_page_can_be_reached_from_the_index",
    "tests/extra/docs/test_pages.py::test_every_page_with_commands_is_run",
    "tests/extra/docs/test_reference.py",
    "tests/http/test_openapi.py",
    "tests/kit",
    "tests/unit/test_public_surface.py",
)
"""What would fail if the list in CONTRIBUTING had forgotten a place."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the toy in it."""
    tree = tmp_path_factory.mktemp("toy") / "tree"
    toy.copied(ROOT, tree)
    toy.added(tree)
    # Runs from the tree without PYTHONSAFEPATH, as CONTRIBUTING says.
    run(tree, "tests.extra.docs.python_reference", PYTHONSAFEPATH="")
    return tree


def run(tree: Path, *command: str, **variables: str) -> str:
    """Runs a command of Python's in the copy, with the package as it is there; returns what it printed."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(tree / "src"), "MYPYPATH": str(tree / "src")}
    environment |= variables
    program = [sys.executable, "-m", *command]
    run = subprocess.run(program, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_a_capability_takes_few_files(tmp_path: Path) -> None:
    toy.copied(ROOT, tmp_path / "tree")
    new, touched = toy.added(tmp_path / "tree")
    assert len(new) <= MAX_NEW, sorted(new)
    assert len(touched) <= MAX_TOUCHED, sorted(touched)


def test_its_suite_passes_over_memory_and_sqlite_and_it_answers_over_http(tree: Path) -> None:
    printed = run(tree, "pytest", "-q", "-k", "not postgresql", *ITS_OWN_TESTS)
    suite = 3 * 2
    assert int(re.findall(r"(\d+) passed", printed)[0]) > suite


def test_whatever_holds_a_list_is_content(tree: Path) -> None:
    run(tree, "pytest", "-q", "-k", "not postgresql", *TESTS_OF_LISTS)


def test_its_types_are_right(tree: Path) -> None:
    run(tree, "mypy", "-p", "leadnator_auth")


def test_contributing_names_each_of_its_places() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a capability")[2].partition("\n## ")[0]
    revision = next(name for name, _ in toy.new_files() if "/versions/" in name)
    places = {name for name, _ in toy.new_files()} | {line.file for line in toy.LINES}
    assert [name for name in sorted(places - {revision}) if f"`{name}`" not in section] == []
    assert f"`{Path(revision).parent}/" in section
