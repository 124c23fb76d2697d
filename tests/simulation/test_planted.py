"""Every bug can be planted: the source still says what it would change. Most are planted in the slow tests alone."""

from collections.abc import Iterable

import pytest

from tests.simulation import (
    planted,
    test_pairs,
    test_passkeys,
    test_second_factors,
    test_takeover,
    test_verifying,
)
from tests.simulation.planted import ROOT, Bug


def bugs(rows: Iterable[object]) -> Iterable[Bug]:
    """Yields the bugs in a table, whose rows may say more than which they are."""
    for row in rows:
        yield from (part for part in (row if isinstance(row, tuple) else (row,)) if isinstance(part, Bug))


ALL = [
    *bugs(planted.BUGS),
    *bugs(test_pairs.BUGS),
    *bugs(test_passkeys.BUGS),
    *bugs(test_second_factors.BUGS),
    *bugs((*test_takeover.BUGS, *test_takeover.MORE_BUGS)),
    *bugs(test_verifying.BUGS),
]


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: bug.name)
def test_every_bug_can_be_planted(bug: Bug) -> None:
    assert (ROOT / bug.file).read_text("utf-8").count(bug.right) == 1
