"""The contract of every Mailer."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from leadnator_auth.domain.entities.mail import MailKind, NoticeMail, OutgoingMail, SecretMail
from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from leadnator_auth.domain.ports import Mailer
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.checking import must_raise
from leadnator_auth.testing.contract.samples import HOUR, NOW

Arrived = Callable[[], Sequence[str]]


def address(number: int) -> EmailAddress:
    return EmailAddress(typed=f"Alice.{number}@example.com", canonical=f"alice.{number}@example.com")


def a_link(number: int) -> OutgoingMail:
    return SecretMail(
        f"m_{number}", MailKind.RESET_LINK, address(number), "reset_" + "s" * 43, NOW + HOUR, timedelta(hours=1)
    )


def a_notice(number: int) -> OutgoingMail:
    return NoticeMail(f"m_{number}", MailKind.PASSWORD_CHANGED, address(number), at=NOW)


@pytest.mark.asyncio
class MailerContract:
    """For Mailer. Fixtures: `mailer`, and `arrived`, which returns the addresses that got mail, one for each mail.

    Optional: `refusing`, a mailer that is told that its mail will never be accepted, and `unreachable`, one that
    reaches nobody.
    """

    @pytest.fixture
    def refusing(self) -> Mailer:
        """A mailer that is told that its mail will never be accepted."""
        pytest.skip("override the fixture `refusing` to test this")

    @pytest.fixture
    def unreachable(self) -> Mailer:
        """A mailer that reaches nobody."""
        pytest.skip("override the fixture `unreachable` to test this")

    @pytest.mark.parametrize("mail", [a_link(1), a_notice(1)], ids=["reset link", "notice"])
    async def test_a_mail_of_each_kind_arrives(self, mailer: Mailer, arrived: Arrived, mail: OutgoingMail) -> None:
        await mailer.send(mail)
        assert list(arrived()) == [mail.to.mailbox], (
            "`send` returns once the mail is handed over, to `to.mailbox` alone"
        )

    async def test_twenty_at_once_arrive_each_at_its_own_address(self, mailer: Mailer, arrived: Arrived) -> None:
        mails = [a_link(number) if number % 2 else a_notice(number) for number in range(20)]
        await asyncio.gather(*(mailer.send(mail) for mail in mails))
        expected = sorted(mail.to.mailbox for mail in mails)
        assert sorted(arrived()) == expected, "mails that are sent at once are not mixed up or lost"

    async def test_cancelled_at_any_await_the_next_mail_arrives(self, mailer: Mailer, arrived: Arrived) -> None:
        for step in range(200):
            finished = await cancelled_at_step(step, mailer.send(a_link(step)))
            await mailer.send(a_notice(1000 + step))
            assert address(1000 + step).mailbox in arrived(), "who hangs up leaves the mailer working"
            if finished:
                return
        pytest.fail("`send` never ran to its end")

    async def test_a_mail_that_never_will_be_accepted_is_told_so(self, refusing: Mailer) -> None:
        with must_raise(MailRefusedError, "a mail that was refused for good must not be tried for three days"):
            await refusing.send(a_link(1))

    async def test_nobody_to_take_the_mail_is_told_so(self, unreachable: Mailer) -> None:
        with must_raise(UnavailableError, "a mail that may be taken later must be tried again"):
            await unreachable.send(a_link(1))
