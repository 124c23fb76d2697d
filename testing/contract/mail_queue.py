"""The contract of every MailQueue."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.mail import MailFigures, MailKind, MailState, QueuedMail
from leadnator_auth.domain.entities.outbox import LEASE
from leadnator_auth.domain.entities.user import Status
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, keep_users
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_user

LATER = NOW + timedelta(minutes=1)
DUE_FIRST = "of the new ones `lease` takes those due first, of one instant those with the lower id"


def to(number: int, domain: str) -> QueuedMail:
    """Returns a mail to somebody at this domain who has no account."""
    return attrs.evolve(a_mail(number), recipient=f"nobody-{number}@{domain}")


async def queue(unit_of_work: UnitOfWork, *mails: QueuedMail) -> None:
    async with unit_of_work() as transaction:
        for mail in mails:
            await transaction.mail_queue.add(mail)
        await transaction.commit()


async def lease(unit_of_work: UnitOfWork, most: int = 10) -> list[QueuedMail]:
    async with unit_of_work() as transaction:
        leased = await transaction.mail_queue.lease(LATER, most)
        await transaction.commit()
    return leased


async def save(unit_of_work: UnitOfWork, mail: QueuedMail) -> bool:
    async with unit_of_work() as transaction:
        saved = await transaction.mail_queue.save(mail)
        await transaction.commit()
    return saved


class MailQueueContract(StoreContract):
    """For MailQueue. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_mail_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail())
        async with unit_of_work.snapshot() as repositories:
            kept = await repositories.mail_queue.latest(None, 10)
        assert kept == [a_mail()], "a mail comes back as it was added, times to the microsecond"
        assert_utc(kept[0].queued_at, kept[0].due_at, kept[0].give_up_at)

    async def test_due_mails_are_leased_oldest_first_and_no_more_than_asked(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in (3, 1, 2)))
        first = [a_mail(n).leased(LATER) for n in (1, 2)]
        assert await lease(unit_of_work, 2) == first, f"{DUE_FIRST}, `most` at once, and keeps `mail.leased(now)`"
        assert await lease(unit_of_work, 2) == [a_mail(3).leased(LATER)], "a leased mail is not leased again"
        assert await lease(unit_of_work, 2) == [], "a leased mail is not leased again"

    async def test_a_mail_that_is_not_due_waits(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, attrs.evolve(a_mail(), due_at=LATER + timedelta(microseconds=1)))
        assert await lease(unit_of_work) == [], "a mail is leased when it is due, not a microsecond before"

    async def test_a_lease_that_ended_lets_somebody_else_take_the_mail(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail())
        (first,) = await lease(unit_of_work)
        async with unit_of_work() as transaction:
            again = await transaction.mail_queue.lease(LATER + LEASE, 10)
            await transaction.commit()
        assert [mail.attempts for mail in again] == [2], "when its lease ends, a mail is leased once more"
        stale = await save(unit_of_work, first.dead(LATER, "too late"))
        assert not stale, "`save` compares `attempts`: who lost the lease keeps nothing and gets False"
        assert await save(unit_of_work, again[0].sent(LATER)), "`save` returns True to who has the lease"
        after_the_end = await save(unit_of_work, again[0].failed(LATER, "after the end", 0.0))
        assert not after_the_end, "`save` changes queued mails only: this one was sent"

    async def test_workers_at_once_never_lease_the_same_mail(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in range(30)))
        batches = await asyncio.gather(*(lease(unit_of_work, 4) for _ in range(10)))
        ids = [mail.id for batch in batches for mail in batch]
        assert len(set(ids)) == len(ids), "two workers must never lease one mail: find and mark it in one atomic step"
        assert len(ids) == 30, "workers at once take all that is due"

    async def test_of_twenty_workers_at_once_one_leases_the_mail(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail())
        batches = await asyncio.gather(*(lease(unit_of_work, 1) for _ in range(20)))
        count = sum(len(batch) for batch in batches)
        assert count == 1, "two workers must never lease one mail: find and mark it in one atomic step"

    async def test_what_became_of_a_mail_is_kept(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail(1), a_mail(2), a_mail(3))
        first, second, third = await lease(unit_of_work)
        delayed = second.failed(LATER, "421 busy", 0.5)
        for mail in (first.sent(LATER), delayed, third.dead(LATER, "550 no such mailbox")):
            assert await save(unit_of_work, mail), "`save` returns True to who has the lease"
        async with unit_of_work() as transaction:
            due_at = await transaction.mail_queue.next_due_at()
            assert due_at == delayed.due_at, "only queued mails are due; a failed one when it says"
            again = await transaction.mail_queue.lease(LATER + LEASE, 10)
        assert again == [delayed.leased(LATER + LEASE)], "`save` keeps due time, attempts and the last error"

    async def test_a_removed_mail_is_gone(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail())
        async with unit_of_work() as transaction:
            await transaction.mail_queue.remove(a_mail().id)
            await transaction.mail_queue.remove("m_none")
            await transaction.commit()
        assert await lease(unit_of_work) == [], "a removed mail is gone"

    async def test_the_next_due_mail_is_known(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.mail_queue.next_due_at() is None, "None when no mail waits"
        await queue(unit_of_work, a_mail(2), a_mail(1))
        async with unit_of_work.snapshot() as repositories:
            due_at = await repositories.mail_queue.next_due_at()
        assert due_at == a_mail(1).due_at, "`next_due_at` is the earliest of all that are queued"
        assert_utc(due_at)

    async def test_finished_mails_are_purged_by_state_a_few_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in range(6)))
        leased = await lease(unit_of_work)
        for mail in leased[:4]:
            await save(unit_of_work, mail.sent(LATER))
        await save(unit_of_work, leased[4].dead(LATER, "550 no"))
        after = LATER + timedelta(microseconds=1)
        async with unit_of_work() as transaction:
            purge = transaction.mail_queue.purge
            assert await purge(MailState.SENT, LATER, 10) == 0, "what ended at this instant did not end before it"
            assert await purge(MailState.SENT, after, 3) == 3, "`purge` removes no more than `most`, and says how many"
            assert await purge(MailState.SENT, after, 3) == 1, "`purge` of sent mails removes no others"
            assert await purge(MailState.DEAD, after, 3) == 1, "`purge` of dead mails removes those"
            due_at = await transaction.mail_queue.next_due_at()
            assert due_at == leased[5].due_at, "what is still queued stays"

    async def test_the_latest_mails_come_first(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in (2, 1, 3)))
        (leased,) = await lease(unit_of_work, 1)
        sent = leased.sent(LATER)
        await save(unit_of_work, sent)
        async with unit_of_work.snapshot() as repositories:
            latest = repositories.mail_queue.latest
            assert await latest(None, 10) == [a_mail(3), a_mail(2), sent], "`latest` returns the newest first"
            assert await latest(None, 1) == [a_mail(3)], "no more than `most` are returned"
            kept = await latest(MailState.SENT, 10)
            assert kept == [sent], "`latest` of one state returns those"
            assert_utc(kept[0].finished_at)
            assert await latest(MailState.DEAD, 10) == [], "`latest` of one state returns those"

    async def test_what_was_given_up_or_waits_can_be_tried_again_at_once(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in (1, 2, 3)))
        first, second, third = await lease(unit_of_work)
        await save(unit_of_work, first.sent(LATER))
        await save(unit_of_work, second.dead(LATER, "550 no"))
        await save(unit_of_work, third.failed(LATER, "421 busy", 0.0))
        now = LATER + timedelta(seconds=1)
        async with unit_of_work() as transaction:
            retry = transaction.mail_queue.retry
            for mail_id in (first.id, "m_none", ""):
                assert not await retry(now, mail_id), "a mail that was sent, or is none, is not tried again"
            assert await retry(now, second.id), "`retry` revives a dead mail"
            expected = [third.failed(LATER, "421 busy", 0.0), second.dead(LATER, "550 no").revived(now)]
            assert await transaction.mail_queue.latest(None, 2) == expected, "`retry` keeps `mail.revived(now)`"
            assert await retry(now, third.id), "`retry` makes a waiting mail due"
            assert len(await transaction.mail_queue.lease(now, 10)) == 2, "what was revived is due at once"

    async def test_all_that_waits_can_be_tried_again_a_few_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in range(1, 6)))
        leased = await lease(unit_of_work, 3)
        await save(unit_of_work, leased[0].sent(LATER))
        await save(unit_of_work, leased[1].dead(LATER, "550 no"))
        await save(unit_of_work, leased[2].failed(LATER, "421 busy", 0.0))
        now = LATER + timedelta(seconds=1)
        async with unit_of_work() as transaction:
            some = transaction.mail_queue.retry_some
            ids = [a_mail(n).id for n in (2, 3, 4, 5)]
            assert await some(now, 3, "") == ids[:3], (
                "`retry_some` revives no more than `most`, by id, but no sent ones"
            )
            assert await some(now, 3, ids[2]) == ids[3:], "`retry_some` goes on after the id that it is given"
            assert await some(now, 3, ids[3]) == [], "`retry_some` comes to an end"
            kept = await transaction.mail_queue.latest(MailState.QUEUED, 10)
            expected = leased[1].dead(LATER, "550 no").revived(now)
            assert kept[-1] == expected, "`retry_some` keeps `mail.revived(now)`"
            assert len(await transaction.mail_queue.lease(now, 10)) == 4, "what was revived is due at once"

    async def test_the_figures_tell_how_the_queue_does(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work.snapshot() as repositories:
            figures = await repositories.mail_queue.figures()
        assert figures == MailFigures(0, 0, 0, 0, None), "an empty queue has figures, too"
        await queue(unit_of_work, *(a_mail(n) for n in range(6)))
        leased = await lease(unit_of_work, 4)
        await save(unit_of_work, leased[0].sent(LATER))
        await save(unit_of_work, leased[1].sent(LATER))
        await save(unit_of_work, leased[2].dead(LATER, "550 no"))
        await save(unit_of_work, leased[3].failed(LATER, "421 busy", 0.0))
        async with unit_of_work.snapshot() as repositories:
            figures = await repositories.mail_queue.figures()
        expected = MailFigures(queued=3, retrying=1, sent=2, dead=1, oldest_queued_at=a_mail(3).queued_at)
        assert figures == expected, "`figures` counts by state; `retrying` are the queued ones with an attempt"
        assert_utc(figures.oldest_queued_at)

    async def test_what_is_due_first_goes_first_whatever_its_id(self, unit_of_work: UnitOfWork) -> None:
        late, early = attrs.evolve(a_mail(1), due_at=NOW + timedelta(seconds=9)), a_mail(2)
        await queue(unit_of_work, late, early)
        assert [mail.id for mail in await lease(unit_of_work, 1)] == [early.id], DUE_FIRST
        twins = [attrs.evolve(a_mail(n), due_at=NOW) for n in (5, 4)]
        await queue(unit_of_work, *twins)
        assert [mail.id for mail in await lease(unit_of_work, 1)] == [twins[1].id], DUE_FIRST

    async def test_leased_mails_come_in_the_order_they_were_queued_in(self, unit_of_work: UnitOfWork) -> None:
        mails = [attrs.evolve(a_mail(n), queued_at=NOW - timedelta(seconds=n), due_at=NOW) for n in (1, 2, 3)]
        await queue(unit_of_work, *mails)
        leased = [mail.id for mail in await lease(unit_of_work)]
        assert leased == [mail.id for mail in reversed(mails)], "leased mails are returned in the order of `queued_at`"

    async def test_changes_to_one_mail_leave_the_others_alone(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, *(a_mail(n) for n in range(4)))
        first, second, *rest = await lease(unit_of_work)
        await save(unit_of_work, first.sent(LATER))
        async with unit_of_work() as transaction:
            await transaction.mail_queue.remove(second.id)
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            queued = await repositories.mail_queue.latest(MailState.QUEUED, 10)
            assert queued == list(reversed(rest)), "`save` and `remove` are for one mail: restrict them to its id"
            assert await repositories.mail_queue.next_due_at() == rest[0].due_at, "a sent mail is not due"

    async def test_the_latest_mails_come_first_whatever_they_are_called(self, unit_of_work: UnitOfWork) -> None:
        older, newer = attrs.evolve(a_mail(1), id="m_z"), attrs.evolve(a_mail(2), id="m_a")
        await queue(unit_of_work, newer, older)
        async with unit_of_work.snapshot() as repositories:
            latest = await repositories.mail_queue.latest(None, 10)
        assert latest == [newer, older], "`latest` goes by `queued_at`, the newest first"

    async def test_a_lease_without_a_commit_leaves_the_mail_to_others(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail())
        async with unit_of_work() as transaction:
            await transaction.mail_queue.lease(LATER, 1)
        for _ in range(1_000):  # what is taken back may be locked until that has reached the database
            if leased := await lease(unit_of_work):
                break
        assert leased == [a_mail().leased(LATER)], "a lease that was not committed did not happen"

    async def test_new_mails_go_before_those_that_failed(self, unit_of_work: UnitOfWork) -> None:
        await queue(unit_of_work, a_mail(1), a_mail(2))
        for mail in await lease(unit_of_work):
            await save(unit_of_work, attrs.evolve(mail, due_at=NOW))
        await queue(unit_of_work, a_mail(3), a_mail(4))
        order = [[mail.id for mail in await lease(unit_of_work, 1)] for _ in range(4)]
        expected = [[a_mail(n).id] for n in (3, 4, 1, 2)]
        assert order == expected, "a mail that nobody took yet goes first, though others have been due for longer"

    async def test_lanes_that_are_full_are_left_out(self, unit_of_work: UnitOfWork) -> None:
        mails = [to(n, domain) for n, domain in enumerate(("slow.example", "ab.example", "b.example", "b.example"))]
        await queue(unit_of_work, *mails)
        async with unit_of_work() as transaction:
            queue_ = transaction.mail_queue
            leased = await queue_.lease(LATER, 10, ["slow.example", "b.example"])
            assert [mail.id for mail in leased] == [mails[1].id], "a lane is the whole domain of the recipient"
            assert leased[0].lane == "ab.example", "a lane is the domain of the recipient"
            leased = await queue_.lease(LATER, 1, frozenset({"slow.example"}))
            assert [mail.id for mail in leased] == [mails[2].id], "the first of the others is taken"
            leased = await queue_.lease(LATER, 10)
            assert [mail.id for mail in leased] == [mails[0].id, mails[3].id], "what was left out waits"

    async def test_new_mails_to_nobody_are_dropped_many_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        alice, suspended = a_user("alice"), attrs.evolve(a_user("bob"), status=Status.SUSPENDED)
        await keep_users(unit_of_work, alice, suspended)
        kept = [
            attrs.evolve(to(2, "nowhere.example"), attempts=1),
            attrs.evolve(to(3, "nowhere.example"), due_at=LATER + timedelta(microseconds=1)),
            to(4, "full.example"),
            attrs.evolve(a_mail(5), recipient=suspended.email.canonical),
            attrs.evolve(a_mail(6), recipient=alice.email.canonical),
        ]
        await queue(unit_of_work, *kept, *(to(n, "nowhere.example") for n in (1, 10, 11, 12)))
        async with unit_of_work() as transaction:
            drop = transaction.mail_queue.drop_to_nobody
            assert await drop(LATER, 2, ["full.example"]) == 1, "it looks at `most` mails and drops those to nobody"
            assert await drop(LATER, 4, ["full.example"]) == 2, "it looks at the next ones, in the order of `lease`"
            assert await drop(LATER, 10, ["full.example"]) == 1, "it drops all that it finds"
            assert await drop(LATER, 10, ["full.example"]) == 0, "then there is nothing left"
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            left = await repositories.mail_queue.latest(None, 20)
        assert left == list(reversed(kept)), "others' mails stay, and what is not new, not due, or of a full lane"

    async def test_new_mails_like_one_are_dropped_many_at_a_time(self, unit_of_work: UnitOfWork) -> None:
        other_kind = attrs.evolve(a_mail(2), kind=MailKind.PASSWORD_CHANGED)
        not_due = attrs.evolve(a_mail(4), due_at=LATER + timedelta(microseconds=1))
        kept = [other_kind, to(3, "example.com"), not_due, attrs.evolve(a_mail(5), attempts=1)]
        await queue(unit_of_work, *kept, *(a_mail(n) for n in (13, 12, 11)))
        async with unit_of_work() as transaction:
            assert await transaction.mail_queue.drop_like(a_mail(1), LATER, 2) == 2, "it drops no more than `most`"
            assert (await transaction.mail_queue.latest(None, 1))[0].id == a_mail(13).id, "the oldest go first"
            assert await transaction.mail_queue.drop_like(a_mail(1), LATER, 2) == 1, "it says how many"
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            left = await repositories.mail_queue.latest(None, 20)
        assert left == list(reversed(kept)), "other kinds, other recipients, and what is not due or not new stay"

    async def test_the_mails_of_one_kind_to_one_address_are_counted(self, unit_of_work: UnitOfWork) -> None:
        notices = [attrs.evolve(a_mail(n), kind=MailKind.PASSWORD_CHANGED) for n in range(1, 5)]
        await queue(unit_of_work, *notices, a_mail(10), attrs.evolve(to(11, "example.com"), kind=notices[0].kind))
        sent, dead, *_ = await lease(unit_of_work, 2)
        await save(unit_of_work, sent.sent(LATER))
        await save(unit_of_work, dead.dead(LATER, "550 no"))
        async with unit_of_work.snapshot() as repositories:
            count = repositories.mail_queue.count_since
            kind, recipient = notices[0].kind, notices[0].recipient
            assert await count(kind, recipient, NOW) == 4, "mails count in whatever state they are"
            assert await count(kind, recipient, notices[0].queued_at) == 3, "those queued after (not at) the instant"
            assert await count(kind, "nobody@example.com", NOW) == 0, "mails to others do not count"
