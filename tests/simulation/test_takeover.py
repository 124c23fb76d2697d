"""Worlds in which an account is moved by an intruder and taken back; and that they would find bugs."""

from pathlib import Path

import pytest

from tests.simulation.finding import assert_found, first_violation
from tests.simulation.planted import Bug
from tests.simulation.takeover import live

SEEDS = 250
_CHANGE = "domain/use_cases/email_change.py"
_RECOVERY = "domain/use_cases/steps/complete_recovery.py"
_TOKEN = "domain/entities/one_time_token.py"
_TABLES = "adapters/memory/tables.py"

KNOWN_BY_ADDRESS = Bug(
    "an account is known by the address that it was signed up with",
    "domain/use_cases/sign_up.py",
    "    user = User(UserId(new_id(USER_ID_PREFIX, ports)), valid_name, address, created_at=now)\n",
    "    user = User(UserId(USER_ID_PREFIX + address.canonical), valid_name, address, created_at=now)\n",
)
"""No fault by itself, as long as nothing of an account is left when it is gone."""
LEAVES_LINKS = Bug(
    "a deleted account leaves its links",
    _TABLES,
    "            tables.one_time_tokens,\n",
    "",
)
LEAVES_CHANGES = Bug(
    "a deleted account leaves its changes of address",
    _TABLES,
    "        remove(tables.email_changes, list(changes))\n",
    "",
)
RESERVES_NOTHING = Bug(
    "what a deleted account leaves reserves nothing",
    _TABLES,
    " and change.is_undoable(now)\n",
    " and change.is_undoable(now) and change.user_id in tables.users\n",
)
LEAVES_UNDO_LINKS = Bug(
    "a deleted account leaves its undo links",
    _TABLES,
    "            remove(table, [key for key, each in table.items() if each.user_id == user_id])\n",
    "            kept = [key for key, each in table.items() if getattr(each, 'purpose', '') == 'undo']\n"
    "            remove(table, [k for k, each in table.items() if each.user_id == user_id and k not in kept])\n",
)

Planted = tuple[str, *tuple[Bug, ...]]
"""What tells, and what has to come together for that."""

BUGS: tuple[Planted, ...] = (
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
            _TOKEN,
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
            "        left = await drop(left, None if revoke_all else added_since, transaction, ports, actor=actor)\n",
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
        "a link of one account worked for another",
        KNOWN_BY_ADDRESS,
        LEAVES_LINKS,
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
MORE_BUGS: tuple[Planted, ...] = (
    (
        "a link is left: reset_",
        Bug(
            "a reset is good whatever address the account has",
            _TOKEN,
            "frozenset({Purpose.RESET, Purpose.VERIFY,",
            "frozenset({Purpose.VERIFY,",
        ),
        Bug(
            "a reset survives a change",
            _TOKEN,
            "        if self.purpose is Purpose.UNDO:  #",
            "        if self.purpose in (Purpose.UNDO, Purpose.RESET):  #",
        ),
    ),
    (
        "a passkey is left",
        Bug(
            "an undo keeps passkeys",
            _RECOVERY,
            "(drop_added_api_keys, drop_added_passkeys)",
            "(drop_added_api_keys,)",
        ),
    ),
    (
        "a session is left",
        KNOWN_BY_ADDRESS,
        Bug(
            "a deleted account leaves its sessions",
            _TABLES,
            "        remove_sessions(tables, [s.id for s in tables.sessions.values() if s.user_id == user_id])\n",
            "",
        ),
    ),
    (
        "a link of an account that is gone is left: undo_",
        KNOWN_BY_ADDRESS,
        LEAVES_CHANGES,
        RESERVES_NOTHING,
        LEAVES_UNDO_LINKS,
    ),
    (
        "the owner's address is kept from them",
        LEAVES_CHANGES,
    ),
)


def test_whoever_reads_the_mails_gets_the_account_back_whole() -> None:
    assert first_violation(live, range(SEEDS)) is None


def _name(row: Planted) -> str:
    return "; ".join(bug.name for bug in row[1:])


@pytest.mark.parametrize("row", BUGS, ids=_name)
def test_a_planted_bug_is_found(tmp_path: Path, row: Planted) -> None:
    assert_found(tmp_path, "takeover", 1500, *row)


@pytest.mark.slow
@pytest.mark.parametrize("row", MORE_BUGS, ids=_name)
def test_what_a_recovery_or_a_deletion_leaves_is_found(tmp_path: Path, row: Planted) -> None:
    assert_found(tmp_path, "takeover", 1500, *row)
