"""Worlds in which token pairs are refreshed, copied and ended; and that they would find bugs."""

from pathlib import Path

import pytest

from tests.simulation.finding import assert_found, first_violation
from tests.simulation.pairs import live
from tests.simulation.planted import Bug

SEEDS = 100
_PAIRS = "domain/use_cases/token_pairs.py"
_FAMILY = "domain/entities/refresh_family.py"

BUGS = (
    (
        "two successors",
        Bug(
            "a retry gets another successor",
            _FAMILY,
            "newest=max(self.newest, number + 1)",
            "newest=self.newest + 1",
        ),
    ),
    (
        "the owner was logged out",
        Bug(
            "a retry counts as reuse",
            _FAMILY,
            "if number < self.newest - 1:",
            "if number < self.newest:",
        ),
    ),
    (
        "an older token was taken",
        Bug(
            "what is older than the last one is a retry, too",
            _FAMILY,
            "if number < self.newest - 1:",
            "if number < self.newest - 2:",
        ),
    ),
    (
        "left the session as it was",
        Bug(
            "a reuse does not end the session",
            _PAIRS,
            "    await transaction.sessions.end(session.id)\n    await record(",
            "    await record(",
        ),
    ),
    (
        "not told once",
        Bug(
            "a reuse is no event",
            _PAIRS,
            "    await record(EventType.REFRESH_TOKEN_REUSED, user.id, transaction, ports, session_id=session.id)\n",
            "",
        ),
    ),
    (
        "nobody told the owner",
        Bug(
            "a reuse is not mailed",
            _PAIRS,
            "    await queue_mail(MailKind.REFRESH_TOKEN_REUSED, user.email.canonical, transaction, ports, "
            "client=client)\n",
            "",
        ),
    ),
    (
        "something works after its end",
        Bug(
            "a refresh does not take turns with what ends its session",
            "adapters/memory/store.py",
            "        async with self._writer:\n            await asyncio.sleep(0)\n"
            "            yield MemoryTransaction(self.tables.copy(), self._keep)\n",
            "        await asyncio.sleep(0)\n        yield MemoryTransaction(self.tables.copy(), self._keep)\n",
        ),
    ),
    (
        "not told once",
        Bug(
            "an exchange believes what was read before its transaction",
            _PAIRS,
            "        user = await transaction.users.by_id(identity.user.id)\n"
            "        session = await transaction.sessions.by_id(identity.session.id)\n",
            "        user = await transaction.users.by_id(identity.user.id)\n"
            "        user, session = user and identity.user, identity.session\n",
        ),
    ),
    (
        "the token of the log-in still works",
        Bug(
            "the session of the log-in goes on beside the pair",
            "domain/use_cases/steps/open_session.py",
            "    await transaction.sessions.end(session.id)\n",
            "",
        ),
    ),
)


def test_a_lost_answer_logs_nobody_out_and_what_ended_is_over() -> None:
    assert first_violation(live, range(SEEDS)) is None


@pytest.mark.slow
@pytest.mark.parametrize(("tells", "bug"), BUGS, ids=[bug.name for _, bug in BUGS])
def test_a_planted_bug_is_found(tmp_path: Path, tells: str, bug: Bug) -> None:
    assert_found(tmp_path, "pairs", 1000, tells, bug)
