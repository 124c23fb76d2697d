"""What every MailQueue must do: all that an outbox does, and what is special about mails."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import MailKind, MailRequest, QueuedMail, Status
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import in_snapshot, keep_users
from leadnator_auth.testing.contract.outbox import OutboxContract
from leadnator_auth.testing.contract.outbox_leases import LATER
from leadnator_auth.testing.contract.samples import NOW, a_delivery, a_mail, a_user


def to(number: int, recipient: str, kind: MailKind = MailKind.RESET_LINK) -> QueuedMail:
    """Returns a mail to this address."""
    return attrs.evolve(a_mail(number), payload=MailRequest(kind, recipient))


class MailQueueContract(OutboxContract):
    """For MailQueue. Fixture: `unit_of_work`, over an empty store."""

    async def test_new_mails_to_nobody_are_dropped_many_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        alice, suspended = a_user("alice"), attrs.evolve(a_user("bob"), status=Status.SUSPENDED)
        await keep_users(unit_of_work, alice, suspended)
        kept = [
            attrs.evolve(a_delivery(2, "nowhere.example"), attempts=1),
            attrs.evolve(a_delivery(3, "nowhere.example"), due_at=LATER + timedelta(microseconds=1)),
            a_delivery(4, "full.example"),
            to(5, suspended.email.canonical),
            to(6, alice.email.canonical),
        ]
        await self.queue(unit_of_work, *kept, *(a_delivery(n, "nowhere.example") for n in (1, 10, 11, 12)))
        async with unit_of_work() as transaction:
            drop = transaction.mail_queue.drop_to_nobody
            assert await drop(LATER, 2, ["full.example"]) == 1, "it looks at `limit` mails and drops those to nobody"
            assert await drop(LATER, 4, ["full.example"]) == 2, "it looks at the next ones, in the order of `lease`"
            assert await drop(LATER, 10, ["full.example"]) == 1, "it drops all that it finds"
            assert await drop(LATER, 10, ["full.example"]) == 0, "then there is nothing left"
            await transaction.commit()
        left = await in_snapshot(unit_of_work, lambda it: it.mail_queue.latest(None, 20))
        assert left == list(reversed(kept)), "others' mails stay, and what is not new, not due, or of a full lane"

    async def test_new_mails_like_one_are_dropped_many_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        other_kind = to(2, "alice@example.com", MailKind.PASSWORD_CHANGED)
        not_due = attrs.evolve(a_mail(4), due_at=LATER + timedelta(microseconds=1))
        kept = [other_kind, a_delivery(3, "example.com"), not_due, attrs.evolve(a_mail(5), attempts=1)]
        await self.queue(unit_of_work, *kept, *(a_mail(n) for n in (13, 12, 11)))
        async with unit_of_work() as transaction:
            assert await transaction.mail_queue.drop_like(a_mail(1), LATER, 2) == 2, "it drops no more than `limit`"
            assert (await transaction.mail_queue.latest(None, 1))[0].id == a_mail(13).id, "the oldest go first"
            assert await transaction.mail_queue.drop_like(a_mail(1), LATER, 2) == 1, "it says how many"
            await transaction.commit()
        left = await in_snapshot(unit_of_work, lambda it: it.mail_queue.latest(None, 20))
        assert left == list(reversed(kept)), "other kinds, other recipients, and what is not due or not new stay"

    async def test_the_mails_to_one_address_are_listed(self, unit_of_work: UnitOfWork) -> None:
        changed = MailKind.PASSWORD_CHANGED
        mails = [a_mail(1), to(2, "alice@example.com", changed), a_mail(3), to(4, "alice@example.com", changed)]
        sent = attrs.evolve(a_mail(5).leased(LATER).sent(LATER), queued_at=a_mail(3).queued_at)
        await self.queue(unit_of_work, *mails, sent, to(6, "bob@example.com"), to(7, "malice@example.com"))
        async with unit_of_work.snapshot() as repositories:
            listed = await repositories.mail_queue.to("alice@example.com", 10)
            expected = [mails[3], sent, mails[2], mails[1], mails[0]]
            assert listed == expected, "`to` returns those to one address, whatever kind and state, the newest first"
            some = await repositories.mail_queue.to("alice@example.com", 2)
            assert some == expected[:2], "`to` returns no more than `limit`"

    async def test_the_mails_of_one_kind_to_one_address_are_counted(self, unit_of_work: UnitOfWork) -> None:
        kind = MailKind.PASSWORD_CHANGED
        notices = [to(n, "alice@example.com", kind) for n in range(1, 5)]
        await self.queue(unit_of_work, *notices, a_mail(10), to(11, "bob@example.com", kind))
        sent, dead, *_ = await self.lease(unit_of_work, 2)
        await self.save(unit_of_work, sent.sent(LATER))
        await self.save(unit_of_work, dead.dead(LATER, "550 no"))
        async with unit_of_work.snapshot() as repositories:
            count = repositories.mail_queue.count_since
            first = notices[0].queued_at
            assert await count(kind, "alice@example.com", NOW) == 4, "mails count in whatever state they are"
            assert await count(kind, "alice@example.com", first) == 3, "those queued after (not at) the instant"
            assert await count(kind, "nobody@example.com", NOW) == 0, "mails to others do not count"

    async def test_mails_that_name_an_account_are_its_own(self, unit_of_work: UnitOfWork) -> None:
        alice, bob, kind = a_user("alice"), a_user("bob"), MailKind.CONFIRM_EMAIL
        await keep_users(unit_of_work, alice)
        requests = [
            MailRequest(kind, "wanted@example.com", alice.id, 3),
            MailRequest(kind, "alice@example.com", bob.id, 1),
            MailRequest(kind, "wanted@example.com", bob.id, 2),
            MailRequest(MailKind.EMAIL_CHANGED, "former@example.com", alice.id, 4),
        ]
        mails = [attrs.evolve(a_mail(number), payload=request) for number, request in enumerate(requests)]
        await self.queue(unit_of_work, *mails, a_mail(9), to(10, "nobody@example.com"))
        async with unit_of_work() as transaction:
            queue = transaction.mail_queue
            assert await queue.of_user(alice.id, 9) == [mails[3], mails[0]], "`of_user` returns those, newest first"
            assert await queue.of_user(bob.id, 1) == [mails[2]], "`of_user` returns no more than `limit`"
            assert await queue.to("alice@example.com", 9) == [a_mail(9)], "`to` leaves those of other accounts out"
            counts = [await queue.count_of_user_since(kind, bob.id, at) for at in (NOW, mails[1].queued_at)]
            assert counts == [2, 1], "`count_of_user_since` counts those of one account and kind, after the instant"
            assert await queue.count_since(kind, "wanted@example.com", NOW - timedelta(seconds=1)) == 2, (
                "`count_since` counts those to an address, whomever they name"
            )
            assert await queue.drop_to_nobody(LATER, 9) == 1, "`drop_to_nobody` drops none that names an account"
            assert await queue.drop_like(mails[0], LATER, 9) == 1, "`drop_like` drops none that names another account"
            assert await queue.of_user(bob.id, 9) == [mails[2], mails[1]], "those of others stay"

    async def test_mails_of_one_instant_are_dropped_by_id(self, unit_of_work: UnitOfWork) -> None:
        twins = [attrs.evolve(a_mail(n), queued_at=NOW, due_at=NOW - timedelta(seconds=n)) for n in (2, 1, 3)]
        await self.queue(unit_of_work, *twins)
        async with unit_of_work() as transaction:
            assert await transaction.mail_queue.drop_like(a_mail(9), LATER, 1) == 1, "it says how many"
            left = await transaction.mail_queue.latest(None, 9)
        assert left == [twins[2], twins[0]], "of one `queued_at` the one with the lower id is dropped first"

    async def test_finished_mails_are_purged_by_state_a_few_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        await self.queue(unit_of_work, *(a_mail(n) for n in range(6)))
        leased = await self.lease(unit_of_work)
        for mail in leased[:4]:
            await self.save(unit_of_work, mail.sent(LATER))
        await self.save(unit_of_work, leased[4].dead(LATER, "550 no"))
        after = LATER + timedelta(microseconds=1)
        async with unit_of_work() as transaction:
            purge = transaction.purge
            assert await purge(Expired.SENT_MAILS, LATER, 10) == 0, "what ended at this instant did not end before it"
            assert await purge(Expired.SENT_MAILS, after, 3) == 3, (
                "`purge` removes no more than `limit`, and says how many"
            )
            assert await purge(Expired.SENT_MAILS, after, 3) == 1, "`purge` of sent mails removes no others"
            assert await purge(Expired.DEAD_MAILS, after, 3) == 1, "`purge` of dead mails removes those"
            due_at = await transaction.mail_queue.next_due_at()
            assert due_at == leased[5].due_at, "what is still queued stays"

    async def test_what_a_mail_tells_makes_no_other_one_of_it(self, unit_of_work: UnitOfWork) -> None:
        told = [
            MailRequest(MailKind.NEW_SIGN_IN, "alice@example.com", ip=f"192.0.2.{n}", user_agent="curl/8 (\u00e9)")
            for n in (1, 2)
        ]
        mails = [attrs.evolve(a_mail(number), payload=each) for number, each in enumerate(told, 1)]
        async with unit_of_work() as transaction:
            for mail in mails:
                await transaction.mail_queue.add(mail)
            count = await transaction.mail_queue.count_since(MailKind.NEW_SIGN_IN, "alice@example.com", NOW)
            assert count == 2, "`count_since` counts by kind and recipient, whatever else a mail tells"
            assert await transaction.mail_queue.latest(None, 10) == mails[::-1], "what a mail tells comes back"
            dropped = await transaction.mail_queue.drop_like(mails[0], mails[1].due_at, 10)
            assert dropped == 2, "`drop_like` goes by what they are, whatever else a mail tells"
