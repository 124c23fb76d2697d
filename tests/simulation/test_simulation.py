"""A few of the worlds that the long run tries, always the same ones; and that they would find bugs."""

import os
import subprocess
import sys

import pytest

from tests.simulation.__main__ import failure_of, told
from tests.simulation.planted import BUGS, QUICK, ROOT, Bug, seeds_to_find

QUICK_SEEDS, SEEDS = 800, 4000


@pytest.mark.parametrize(
    "seeds", [range(QUICK_SEEDS), pytest.param(range(QUICK_SEEDS, SEEDS), marks=pytest.mark.slow)], ids=["some", "more"]
)
def test_what_callers_were_told_holds_in_every_world(seeds: range) -> None:
    for seed in seeds:
        if failure_of(seed):
            pytest.fail(told(seed))


def test_a_seed_is_the_same_world_in_every_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "24464"]
    tales = [
        subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert tales[0] == tales[1]
    assert "acknowledged" in tales[0]
    assert "again: python -m tests.simulation 24464" in tales[0]


@pytest.mark.parametrize("bug", QUICK, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    search = seeds_to_find(bug, 1000)
    assert search.found_after is not None, bug


def test_every_planted_bug_can_be_planted() -> None:
    assert len(BUGS) >= 10
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    for bug in BUGS:
        source = (ROOT / bug.file).read_text("utf-8")
        assert source.count(bug.right) == 1, bug.name
