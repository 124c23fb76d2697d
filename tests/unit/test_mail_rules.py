"""Every kind of mail is a row of one table, and has words in every language."""

from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.mail.writing import TEMPLATES
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import MailKind, MailRequest, Policy, SignedIn, deliver_due_mails, list_mails
from leadnator_auth.domain.errors import MailRefusedError
from leadnator_auth.domain.mail_rules import MAIL_RULES
from leadnator_auth.domain.use_cases.steps.mails import queue_mail
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

EMAIL = "alice@example.com"


def test_every_kind_has_a_row_and_every_row_a_kind() -> None:
    assert list(MAIL_RULES) == list(MailKind)


@pytest.mark.parametrize("language", sorted(TEMPLATES.iterdir()), ids=lambda folder: folder.name)
def test_every_kind_has_its_words_in_every_language_and_there_are_no_others(language: Path) -> None:
    expected = {f"{kind}{end}" for kind in MailKind for end in (".subject.txt", ".txt", ".html")}
    assert {file.name for file in language.iterdir()} == expected


@pytest.mark.parametrize("kind", [MailKind.RESET_LINK, MailKind.LOGIN_CODE])
async def test_what_anybody_may_ask_for_is_a_row_each_time(memory: MemoryPorts, kind: MailKind) -> None:
    """Whether there is an account, and how often it was asked for: the answer comes as soon and says as much."""
    for _ in range(8):
        await run_in_transaction(memory.unit_of_work, lambda each: queue_mail(kind, EMAIL, each, memory))
    assert [mail.payload.kind for mail in await list_mails(ports=memory)] == [kind] * 8


def test_one_kind_goes_to_an_address_that_is_only_wanted() -> None:
    assert [kind for kind in MailKind if MailRequest(kind, EMAIL).is_to_wanted_address] == [MailKind.CONFIRM_EMAIL]


def test_a_mail_that_was_refused_may_have_been_read_unless_it_is_known_that_it_was_not() -> None:
    assert MailRefusedError("552 too much").may_have_arrived
    assert not MailRefusedError("550 nobody", may_have_arrived=False).may_have_arrived


@pytest.mark.parametrize("kind", [kind for kind in MailKind if MAIL_RULES[kind].limit])
async def test_no_account_gets_more_of_a_kind_than_its_limit_and_again_after_its_period(
    memory: MemoryPorts, alice: SignedIn, kind: MailKind
) -> None:
    memory = attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_code_login=True))
    limit_of = MAIL_RULES[kind].limit
    assert limit_of is not None
    limit = limit_of(Policy())
    for expected in (limit.count, 0):
        for _ in range(limit.count + 2):
            await run_in_transaction(memory.unit_of_work, lambda each: queue_mail(kind, EMAIL, each, memory))
        assert (await deliver_due_mails(ports=memory)).sent == expected
    memory.clock.advance(seconds=limit.period.total_seconds())
    await run_in_transaction(memory.unit_of_work, lambda each: queue_mail(kind, EMAIL, each, memory))
    assert (await deliver_due_mails(ports=memory)).sent == 1
