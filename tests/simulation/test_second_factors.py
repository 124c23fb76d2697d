"""Worlds in which second factors are set up, used, lost and removed; and that they would find bugs."""

from pathlib import Path

import pytest

from tests.simulation.finding import assert_found, first_violation
from tests.simulation.planted import Bug
from tests.simulation.second_factors import live

QUICK_SEEDS, SEEDS = 60, 3000
_FACTORS = "domain/use_cases/second_factors.py"
_STEP = "domain/use_cases/steps/second_factor.py"
_LOG_IN = "domain/use_cases/second_factor_log_in.py"
_CODE_LOG_IN = "domain/use_cases/code_log_in.py"
_RECOVERY = "domain/use_cases/steps/complete_recovery.py"
_OPEN = "domain/use_cases/steps/open_session.py"
_STEP_UP = "domain/use_cases/steps/require_step_up.py"
_STORE = "adapters/memory/second_factors.py"

BUGS = (
    (
        "a code worked twice",
        Bug(
            "the step is not kept",
            _STORE,
            "attrs.evolve(factor, last_step=step, last_used_at=now)",
            "attrs.evolve(factor, last_used_at=now)",
        ),
    ),
    (
        "a code worked",
        Bug(
            "the step of the set-up is not kept",
            _STORE,
            "confirmed_at=now, last_step=step, last_used_at=now",
            "confirmed_at=now, last_used_at=now",
        ),
    ),
    (
        "a code worked twice",
        Bug(
            "the row of a recovery code is read, and deleted later",
            _LOG_IN,
            "    async def enter(transaction: Transaction) -> Entry:\n"
            "        return await _enter(token, proven_by, client, transaction, ports)\n",
            "    from leadnator_auth.domain.entities.recovery_code import digest_of_code\n"
            "    async with ports.unit_of_work.snapshot() as early:\n"
            "        left = {code.digest for code in await early.recovery_codes.of_user(token.user_id)}\n"
            "\n"
            "    async def proven_late(user, first, transaction):\n"
            "        if digest_of_code(str(given)) not in left:\n"
            "            return await proven_by(user, first, transaction)\n"
            "        await transaction.recovery_codes.take(user.id, digest_of_code(str(given)))\n"
            "        return first.with_code(ports.clock.now())\n"
            "\n"
            "    async def enter(transaction: Transaction) -> Entry:\n"
            "        return await _enter(token, proven_late, client, transaction, ports)\n",
        ),
    ),
    (
        "a session began without the factor",
        Bug(
            "nobody is asked for the factor after a new password",
            _OPEN,
            "    if user.has_second_factor and not proof.has_second_factor:\n",
            "    if user.has_second_factor and not proof.has_second_factor and user.secret_epoch == 0:\n",
        ),
    ),
    (
        "was added lately is left",
        Bug(
            "a recovery drops no factor",
            _RECOVERY,
            "    left = await drop_second_factors("
            "left, added_since, transaction, ports, spares_codes=spares_codes, actor=actor)\n",
            "",
        ),
    ),
    (
        "is left",
        Bug(
            "an operator's recovery leaves the factor",
            "domain/use_cases/recover_user.py",
            "added_since=None",
            "added_since=ports.clock.now()",
        ),
    ),
    (
        "was added lately is left",
        Bug(
            "an undo leaves codes that were made after the change",
            _STEP,
            " if left and added_since and (spares_codes or code.created_at < added_since)]",
            " if left]",
        ),
    ),
    (
        "was added lately is left",
        Bug(
            "a mailed code proves the address of whoever lacks the factor",
            _CODE_LOG_IN,
            "with_verified_email(user, now) if user.has_second_factor else await prove(user, transaction, ports)",
            "await prove(user, transaction, ports)",
        ),
    ),
    (
        "does not say whether it has a factor",
        Bug(
            "the account still has a factor that was removed",
            _STEP,
            "second_factor_at=left.confirmed_at if left else None",
            "second_factor_at=left.confirmed_at if left else user.second_factor_at",
        ),
    ),
    (
        "does not say whether it has a factor",
        Bug(
            "the account does not have the factor that was confirmed",
            _FACTORS,
            "        await transaction.users.save(attrs.evolve(user, second_factor_at=now))\n",
            "",
        ),
    ),
    (
        "a challenge worked twice",
        Bug(
            "a challenge is not used up",
            _LOG_IN,
            "    if await transaction.one_time_tokens.use(token.digest, ports.clock.now()) is None:\n"
            "        raise InvalidChallengeError\n",
            "",
        ),
    ),
    (
        "a void challenge worked",
        Bug("a challenge outlives a new password", _LOG_IN, " or not token.belongs_to(user)", ""),
    ),
    (
        "without the factor",
        Bug(
            "a mailed code counts as a second factor",
            _CODE_LOG_IN,
            "code_proof(now), client",
            "code_proof(now).with_code(now), client",
        ),
    ),
    (
        "a change was made without the factor",
        Bug(
            "a password is enough for what takes a recent proof",
            _STEP_UP,
            " or (user.has_second_factor and not session.proof.has_second_factor)",
            "",
        ),
    ),
    (
        "a password stepped up",
        Bug(
            "a password steps up where there is a factor",
            "domain/use_cases/step_up.py",
            "        if user.has_second_factor:\n",
            "        if False:\n",
        ),
    ),
    (
        "more apps than it can use",
        Bug(
            "the app that counted before is left",
            _FACTORS,
            "                await remove_factor(before, transaction, ports)\n",
            "                pass\n",
        ),
    ),
)


def test_nobody_gets_in_twice_or_without_the_factor_and_the_owner_does() -> None:
    assert first_violation(live, range(QUICK_SEEDS)) is None


@pytest.mark.slow
def test_nobody_does_in_many_more_worlds() -> None:
    assert first_violation(live, range(QUICK_SEEDS, SEEDS)) is None


@pytest.mark.slow
@pytest.mark.parametrize(("tells", "bug"), BUGS, ids=[bug.name for _, bug in BUGS])
def test_a_planted_bug_is_found(tmp_path: Path, tells: str, bug: Bug) -> None:
    assert_found(tmp_path, "second_factors", 1000, tells, bug)
