"""Worlds in which an account is moved by an intruder and taken back; and that they would find bugs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.planted import PACKAGE, ROOT, Bug
from tests.simulation.takeover import first_violation

SEEDS = 300
_CHANGE = "domain/use_cases/email_change.py"
_RECOVERY = "domain/use_cases/steps/complete_recovery.py"

BUGS = (
    (
        "a session is left",
        Bug(
            "an undo keeps the sessions",
            _RECOVERY,
            "    return await end_sessions(without_secrets(left), transaction, ports, reason=reason, actor=actor)\n",
            "    await transaction.users.save(without_secrets(left))\n    return without_secrets(left)\n",
        ),
    ),
    (
        "a password is left",
        Bug(
            "an undo keeps the password until another is set",
            _CHANGE,
            "    if credentials is not None:\n",
            "    if credentials is None:\n",
        ),
    ),
    (
        "a void link worked",
        Bug(
            "an old link works after a change",
            "domain/entities/one_time_token.py",
            "        return self.epoch == user.secret_epoch and (self.purpose is not Purpose.EMAIL or is_pending)\n",
            "        return self.purpose is not Purpose.EMAIL or is_pending\n",
        ),
    ),
    (
        "a link is left",
        Bug(
            "an undo leaves what undoes later changes",
            _CHANGE,
            "    await transaction.email_changes.drop_since(user.id, change.epoch)\n",
            "",
        ),
    ),
    (
        "an API key is left",
        Bug(
            "an undo keeps API keys",
            _RECOVERY,
            "        await drop(user, None if revoke_all else added_since, transaction, ports, actor=actor)\n",
            "        pass\n",
        ),
    ),
    (
        "nobody told the old mailbox",
        Bug(
            "nobody is told of a change",
            _CHANGE,
            "    await queue_mail(MailKind.EMAIL_CHANGED, user.email.canonical, transaction, ports, account=moved)\n",
            "",
        ),
    ),
    (
        "a reserved address was given away",
        Bug(
            "a reserved address is given to others",
            "adapters/memory/tables.py",
            " and change.is_undoable(now)\n",
            " and False\n",
        ),
    ),
)


def test_whoever_reads_the_mails_gets_the_account_back_whole() -> None:
    assert first_violation(SEEDS) is None


@pytest.mark.parametrize(("tells", "bug"), BUGS, ids=[bug.name for _, bug in BUGS])
def test_a_planted_bug_is_found(tmp_path: Path, tells: str, bug: Bug) -> None:
    shutil.copytree(PACKAGE, tmp_path / "leadnator_auth", ignore=shutil.ignore_patterns("__pycache__"))
    bug.plant(tmp_path / "leadnator_auth")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "tests.simulation.takeover", "1500"]
    answer = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (answer.returncode, tells in answer.stderr) == (1, True), answer.stderr
