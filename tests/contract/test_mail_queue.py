"""What every MailQueue must do."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain import QueuedMail
from leadnator_auth.domain.mail import LEASE, MailFigures, MailState
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import NOW, a_mail

LATER = NOW + timedelta(minutes=1)


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


async def test_due_mails_are_leased_oldest_first_and_no_more_than_asked(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in (3, 1, 2)))
    assert await lease(unit_of_work, 2) == [a_mail(n).leased(LATER) for n in (1, 2)]
    assert await lease(unit_of_work, 2) == [a_mail(3).leased(LATER)]
    assert await lease(unit_of_work, 2) == []


async def test_a_mail_that_is_not_due_waits(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, attrs.evolve(a_mail(), due_at=LATER + timedelta(microseconds=1)))
    assert await lease(unit_of_work) == []


async def test_a_lease_that_ended_lets_somebody_else_take_the_mail(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, a_mail())
    (first,) = await lease(unit_of_work)
    async with unit_of_work() as transaction:
        (second,) = await transaction.mail_queue.lease(LATER + LEASE, 10)
        await transaction.commit()
    assert second.attempts == 2
    assert not await save(unit_of_work, first.dead(LATER, "too late")), "the first lease is over"
    assert await save(unit_of_work, second.sent(LATER))
    assert not await save(unit_of_work, second.failed(LATER, "after the end", 0.0)), "it was sent"


async def test_workers_at_once_never_lease_the_same_mail(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in range(30)))
    batches = await asyncio.gather(*(lease(unit_of_work, 4) for _ in range(10)))
    ids = [mail.id for batch in batches for mail in batch]
    assert len(ids) == 30
    assert len(set(ids)) == 30


async def test_what_became_of_a_mail_is_kept(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, a_mail(1), a_mail(2), a_mail(3))
    first, second, third = await lease(unit_of_work)
    delayed = second.failed(LATER, "421 busy", 0.5)
    assert await save(unit_of_work, first.sent(LATER))
    assert await save(unit_of_work, delayed)
    assert await save(unit_of_work, third.dead(LATER, "550 no such mailbox"))
    async with unit_of_work() as transaction:
        assert await transaction.mail_queue.next_due_at() == delayed.due_at
        (again,) = await transaction.mail_queue.lease(LATER + LEASE, 10)
    assert again.last_error == "421 busy"
    assert again.attempts == 2
    assert again.state is MailState.QUEUED


async def test_a_removed_mail_is_gone(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, a_mail())
    async with unit_of_work() as transaction:
        await transaction.mail_queue.remove(a_mail().id)
        await transaction.mail_queue.remove("m_none")
        await transaction.commit()
    assert await lease(unit_of_work) == []


async def test_the_next_due_mail_is_known(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.next_due_at() is None
    await queue(unit_of_work, a_mail(2), a_mail(1))
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.next_due_at() == a_mail(1).due_at


async def test_finished_mails_are_purged_by_state_a_few_at_a_time(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in range(6)))
    leased = await lease(unit_of_work)
    for mail in leased[:4]:
        await save(unit_of_work, mail.sent(LATER))
    await save(unit_of_work, leased[4].dead(LATER, "550 no"))
    after = LATER + timedelta(microseconds=1)
    async with unit_of_work() as transaction:
        assert await transaction.mail_queue.purge(MailState.SENT, LATER, 10) == 0, "finished at this instant"
        assert await transaction.mail_queue.purge(MailState.SENT, after, 3) == 3
        assert await transaction.mail_queue.purge(MailState.SENT, after, 3) == 1
        assert await transaction.mail_queue.purge(MailState.DEAD, after, 3) == 1
        assert await transaction.mail_queue.next_due_at() == leased[5].due_at, "what is still queued stays"


async def test_the_latest_mails_come_first(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in (2, 1, 3)))
    (leased,) = await lease(unit_of_work, 1)
    sent = leased.sent(LATER)
    await save(unit_of_work, sent)
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.latest(None, 10) == [a_mail(3), a_mail(2), sent]
        assert await repositories.mail_queue.latest(None, 1) == [a_mail(3)]
        assert await repositories.mail_queue.latest(MailState.SENT, 10) == [sent]
        assert await repositories.mail_queue.latest(MailState.DEAD, 10) == []


async def test_what_was_given_up_or_waits_can_be_tried_again_at_once(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in (1, 2, 3)))
    first, second, third = await lease(unit_of_work)
    await save(unit_of_work, first.sent(LATER))
    await save(unit_of_work, second.dead(LATER, "550 no"))
    await save(unit_of_work, third.failed(LATER, "421 busy", 0.0))
    now = LATER + timedelta(seconds=1)
    async with unit_of_work() as transaction:
        assert await transaction.mail_queue.retry(now, first.id) == 0, "a sent mail stays sent"
        assert await transaction.mail_queue.retry(now, "m_none") == 0
        assert await transaction.mail_queue.retry(now, "") == 0
        assert await transaction.mail_queue.retry(now, second.id) == 1
        assert await transaction.mail_queue.latest(None, 2) == [
            third.failed(LATER, "421 busy", 0.0),
            second.dead(LATER, "550 no").revived(now),
        ]
        assert await transaction.mail_queue.retry(now) == 2
        assert len(await transaction.mail_queue.lease(now, 10)) == 2


async def test_the_figures_tell_how_the_queue_does(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.figures() == MailFigures(0, 0, 0, 0, None)
    await queue(unit_of_work, *(a_mail(n) for n in range(6)))
    leased = await lease(unit_of_work, 4)
    await save(unit_of_work, leased[0].sent(LATER))
    await save(unit_of_work, leased[1].sent(LATER))
    await save(unit_of_work, leased[2].dead(LATER, "550 no"))
    await save(unit_of_work, leased[3].failed(LATER, "421 busy", 0.0))
    async with unit_of_work.snapshot() as repositories:
        figures = await repositories.mail_queue.figures()
    assert figures == MailFigures(queued=3, retrying=1, sent=2, dead=1, oldest_queued_at=a_mail(3).queued_at)


async def test_what_is_due_first_goes_first_whatever_its_id(unit_of_work: UnitOfWork) -> None:
    late, early = attrs.evolve(a_mail(1), due_at=NOW + timedelta(seconds=9)), a_mail(2)
    await queue(unit_of_work, late, early)
    assert [mail.id for mail in await lease(unit_of_work, 1)] == [early.id]
    twins = [attrs.evolve(a_mail(n), due_at=NOW) for n in (5, 4)]
    await queue(unit_of_work, *twins)
    assert [mail.id for mail in await lease(unit_of_work, 1)] == [twins[1].id], "of two at once, the lower id"


async def test_leased_mails_come_in_the_order_they_were_queued_in(unit_of_work: UnitOfWork) -> None:
    mails = [attrs.evolve(a_mail(n), queued_at=NOW - timedelta(seconds=n), due_at=NOW) for n in (1, 2, 3)]
    await queue(unit_of_work, *mails)
    assert [mail.id for mail in await lease(unit_of_work)] == [mail.id for mail in reversed(mails)]


async def test_changes_to_one_mail_leave_the_others_alone(unit_of_work: UnitOfWork) -> None:
    await queue(unit_of_work, *(a_mail(n) for n in range(4)))
    first, second, *rest = await lease(unit_of_work)
    await save(unit_of_work, first.sent(LATER))
    async with unit_of_work() as transaction:
        await transaction.mail_queue.remove(second.id)
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.latest(MailState.QUEUED, 10) == list(reversed(rest))
        assert await repositories.mail_queue.next_due_at() == rest[0].due_at, "a sent mail is not due"


async def test_the_latest_mails_come_first_whatever_they_are_called(unit_of_work: UnitOfWork) -> None:
    older, newer = attrs.evolve(a_mail(1), id="m_z"), attrs.evolve(a_mail(2), id="m_a")
    await queue(unit_of_work, newer, older)
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.mail_queue.latest(None, 10) == [newer, older]
