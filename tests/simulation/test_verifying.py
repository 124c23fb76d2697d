"""Worlds in which other services verify tokens; and that they would find bugs."""

from pathlib import Path

import pytest

from tests.simulation.finding import assert_found, first_violation
from tests.simulation.planted import Bug
from tests.simulation.verifying import live

SEEDS, MORE_SEEDS, MOST_SEEDS = 25, 500, 1000
_FEED, _KEYS = "verifier/feed.py", "verifier/key_store.py"

BUGS = (
    Bug(
        "a revocation is lost between pages",
        "domain/use_cases/revocations.py",
        "    end = found[-1].position if len(found) == MAX_REVOCATIONS else last\n",
        "    end = last\n",
    ),
    Bug(
        "a full page is taken for all there is",
        _FEED,
        "        self._is_at_end = len(revocations) < PAGE_LENGTH\n",
        "        self._is_at_end = True\n",
    ),
    Bug(
        "who asks for the start begins now",
        "domain/use_cases/revocations.py",
        "        return await repositories.events.position_before(ports.clock.now() - reach)\n",
        "        return last\n",
    ),
    Bug(
        "the age of the feed is not checked",
        "verifier/knowledge.py",
        "        if now >= self.feed.current_until or now >= self.keys.good_until:\n",
        "        if now >= self.keys.good_until:\n",
    ),
    Bug(
        "the feed counts as of the answer, and not of the question",
        _FEED,
        "self.current_until, self.error = asked_at + self._max_age,",
        "self.current_until, self.error = wall + self._max_age,",
    ),
    Bug(
        "an odd answer makes the feed current",
        _FEED,
        "        except FeedError as error:\n",
        "        except FeedError as error:\n            self.current_until = asked_at + self._max_age\n",
    ),
    Bug(
        "a failed fetch replaces good keys",
        _KEYS,
        "        except KeySetError as error:\n",
        "        except KeySetError as error:\n            self.current = KeySet(text=body)\n            return True\n",
    ),
)
QUICK = (
    "a revocation is lost between pages",
    "the age of the feed is not checked",
    "a failed fetch replaces good keys",
)


@pytest.mark.parametrize("seeds", [SEEDS, pytest.param(MORE_SEEDS, marks=pytest.mark.slow)], ids=["some", "more"])
def test_whoever_is_let_in_has_a_session_and_nobody_else_is(seeds: int) -> None:
    assert first_violation(live, range(seeds)) is None


@pytest.mark.parametrize(
    "bug",
    [pytest.param(bug, id=bug.name, marks=[] if bug.name in QUICK else pytest.mark.slow) for bug in BUGS],
)
def test_a_planted_bug_is_found(tmp_path: Path, bug: Bug) -> None:
    assert_found(tmp_path, "verifying", MOST_SEEDS, ": ", bug)
