"""The lock file: its versions are ones that pyproject.toml allows, and it does not say where they were found."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = ("postgresql", "tracing", "webhooks")
"""Those that the service may need."""


def entries() -> Iterator[tuple[Requirement, list[str]]]:
    """Yields each requirement of the lock with its hashes."""
    for entry in re.split(r"\n(?=[a-z])", "\n" + LOCK):
        text = "\n".join(line for line in entry.splitlines() if not line.lstrip().startswith("#")).replace("\\\n", " ")
        if text.strip():
            yield Requirement(text.partition("--hash")[0].strip()), re.findall(r"--hash=(\S+)", text)


LOCKED = {canonicalize_name(requirement.name): requirement for requirement, _ in entries()}
OPTIONAL = PROJECT["optional-dependencies"]
NEEDED = [*PROJECT["dependencies"], *(text for extra in EXTRAS for text in OPTIONAL[extra])]


@pytest.mark.parametrize("needed", NEEDED)
def test_each_dependency_is_locked_to_a_version_that_is_allowed(needed: str) -> None:
    allowed = Requirement(needed)
    (locked,) = LOCKED[canonicalize_name(allowed.name)].specifier
    assert locked.operator == "=="
    assert allowed.specifier.contains(locked.version), f"{allowed}: tox -e lock"


def test_all_are_pinned_by_their_hashes() -> None:
    for requirement, hashes in entries():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


def test_the_lock_names_no_index() -> None:
    assert not re.search(r"https?:|^-|index", LOCK, re.MULTILINE)
