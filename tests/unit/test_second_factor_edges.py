"""What the owner is told of each recovery code, and what becomes of a factor that was added just before an instant."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Identity,
    MailKind,
    confirm_totp,
    deliver_due_mails,
    list_factors,
    make_recovery_codes,
    remove_totp,
    run_in_transaction,
    step_up,
)
from leadnator_auth.domain.use_cases.steps.complete_recovery import complete_recovery
from tests.unit.test_second_factors import a_confirmed_app, an_app

MOMENT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


async def test_the_owner_is_told_of_each_recovery_code_and_once_that_few_are_left(
    memory: MemoryPorts, identity: Identity
) -> None:
    app, codes = await a_confirmed_app(identity, memory)
    memory.clock.advance(minutes=1)
    await step_up(identity, code=app.at(memory.clock.now()), ports=memory)
    assert all(re.fullmatch("[A-Z2-7]{6}(-[A-Z2-7]{6}){3}", code) for code in codes)
    expected = Counter({MailKind.FACTOR_ADDED: 1})
    for left, code in zip(reversed(range(10)), codes, strict=True):
        await deliver_due_mails(ports=memory)
        assert Counter(mail.kind for mail in memory.mailer.notices) == expected
        memory.clock.advance(hours=1)
        await step_up(identity, code=code, ports=memory)
        expected += Counter([MailKind.RECOVERY_CODE_USED, *[MailKind.RECOVERY_CODES_LOW][: left == 3]])


@pytest.mark.parametrize(
    ("since", "is_left", "codes_left"),
    [
        (MINUTE, False, 0),
        (5 * MINUTE - MOMENT, False, 0),
        (5 * MINUTE, False, 0),
        (5 * MINUTE + MOMENT, True, 0),
        (6 * MINUTE, True, 0),
        (6 * MINUTE + MOMENT, True, 10),
    ],
)
async def test_an_app_was_added_when_it_began_to_count(
    memory: MemoryPorts, identity: Identity, since: timedelta, is_left: bool, codes_left: int
) -> None:
    """It is set up at once, counts after five minutes, and gets its codes after six."""
    begin = memory.clock.now()
    app = await an_app(identity, memory)
    memory.clock.instant = begin + 5 * MINUTE
    await confirm_totp(identity, app.at(memory.clock.now()), ports=memory)
    memory.clock.instant = begin + 6 * MINUTE
    await make_recovery_codes(identity, ports=memory)
    await run_in_transaction(
        memory.unit_of_work,
        lambda each: complete_recovery(identity.user, each, memory, added_since=begin + since, reason="password.reset"),
    )
    left = await list_factors(identity, ports=memory)
    assert (left.totp is not None, left.recovery_codes_left) == (is_left, codes_left)


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_the_owner_is_told_of_an_app_that_was_removed_if_it_counted(
    memory: MemoryPorts, identity: Identity, is_confirmed: bool
) -> None:
    await (a_confirmed_app if is_confirmed else an_app)(identity, memory)
    await remove_totp(identity, ports=memory)
    await deliver_due_mails(ports=memory)
    told = [mail.kind for mail in memory.mailer.notices]
    assert told == [MailKind.FACTOR_ADDED, MailKind.FACTOR_REMOVED] * is_confirmed
