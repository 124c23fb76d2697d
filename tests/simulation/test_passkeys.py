"""Worlds in which all answers of authenticators are overheard; and that they would find bugs."""

from pathlib import Path

import pytest

from tests.simulation.finding import assert_found, first_violation
from tests.simulation.passkeys import live
from tests.simulation.planted import Bug

SEEDS = 60
_ENTITY = "domain/entities/passkey.py"

BUGS = (
    (
        "a challenge worked twice",
        Bug(
            "a challenge may be answered again",
            "domain/use_cases/steps/challenges.py",
            "        return await transaction.one_time_tokens.spend_try(digest_of(secret), ports.clock.now())\n",
            "        return await transaction.one_time_tokens.by_digest(digest_of(secret))\n",
        ),
    ),
    (
        "a counter counted twice",
        Bug(
            "the counter is set without a look at what it is",
            "adapters/memory/passkeys.py",
            "        if kept is None or not kept.can_count(passkey.sign_count):\n",
            "        if kept is None:\n",
        ),
    ),
    (
        "somebody got in as another",
        Bug(
            "nobody looks whose passkey it says it is",
            _ENTITY,
            "        if user_handle != user_handle_of(self.user_id):\n",
            "        if user_handle is None:\n",
        ),
    ),
    (
        "a challenge was answered by another account",
        Bug(
            "a challenge is anybody's",
            "domain/use_cases/passkeys.py",
            "        if not token.belongs_to(user):\n",
            "        if token.epoch != user.secret_epoch:\n",
        ),
    ),
    (
        "an account says that it has 1 passkeys of 0",
        Bug(
            "a passkey is removed, and counted on",
            "domain/use_cases/passkeys.py",
            "passkey_count=user.passkey_count - 1",
            "passkey_count=user.passkey_count",
        ),
    ),
    (
        "a reset left a passkey",
        Bug(
            "a reset leaves passkeys",
            "domain/use_cases/steps/complete_recovery.py",
            "(drop_added_api_keys, drop_added_passkeys)",
            "(drop_added_api_keys,)",
        ),
    ),
)


def test_a_challenge_takes_one_answer_and_a_counter_counts_once() -> None:
    assert first_violation(live, range(SEEDS)) is None


@pytest.mark.parametrize(("tells", "bug"), BUGS, ids=[bug.name for _, bug in BUGS])
def test_a_planted_bug_is_found(tmp_path: Path, tells: str, bug: Bug) -> None:
    assert_found(tmp_path, "passkeys", 1000, tells, bug)
