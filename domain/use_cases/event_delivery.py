"""Handing events over to those who subscribed, outside every request; a worker calls this again and again."""

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.event_delivery import EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.outbox import DeliveryReport, DeliveryState
from leadnator_auth.domain.entities.subscription import PROBE, Subscription
from leadnator_auth.domain.errors import UnavailableError, UnreachableError
from leadnator_auth.domain.ports import Outbox, Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.dispatch_events import dispatch_events
from leadnator_auth.domain.use_cases.steps.deliver import LeaseKeeper, attempt, renew, without_renewal
from leadnator_auth.domain.use_cases.steps.post_webhook import post_webhook
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

MAX_AT_ONCE = 50
_GONE = 410


@attrs.frozen
class TakenEvent:
    """A delivery that is leased to be made now, and to whom."""

    entry: QueuedEvent
    subscription: Subscription


@attrs.frozen(eq=False)
class AttemptedEvent:
    """A delivery as it is after an attempt, and to whom it went."""

    outcome: QueuedEvent
    subscription: Subscription
    is_gone: bool
    """Whether the receiver said that it wants nothing any more."""
    is_unreachable: bool = False
    """Whether the receiver was not there at all."""


class _ProbedElsewhereError(Exception):
    """Another process makes the attempt that tells whether a receiver is well: nothing of this unit is kept."""


async def deliver_due_events(
    *, keeping_lease: LeaseKeeper = without_renewal, limit: int = MAX_AT_ONCE, ports: Ports
) -> DeliveryReport:
    """Queues what happened for those who subscribed and delivers what is due, one after the other, at most `limit`.

    Returns what became of the deliveries. At least once: a delivery whose process died is due again when its lease
    ends, seconds later. Where several processes deliver, `keeping_lease` must renew the lease of one that takes longer.
    """
    while (await dispatch_events(ports=ports)).has_more:
        pass
    report = DeliveryReport()
    while report.total < limit:
        taken, done = await take_events(ports=ports)
        report.add(done)
        if not taken and not done.total:
            break
        for each in taken:
            attempted = await attempt_event(each, keeping_lease=keeping_lease, ports=ports)
            report.add(await keep_attempts([attempted], ports=ports))
    return report


async def take_events(
    full: Collection[str] = (), limit: int = 1, *, ports: Ports
) -> tuple[Sequence[TakenEvent], DeliveryReport]:
    """Returns up to `limit` deliveries to be made next, and what became of those that need not be made.

    The lanes in `full` are left out, and so are subscriptions that are paused or disabled, and functions that this
    process does not have. After a failure a subscription gets one delivery at a time, whichever process makes it.
    """
    now = ports.clock.now()
    async with ports.unit_of_work.snapshot() as repositories:
        subscriptions = await repositories.subscriptions.all()
        if not await repositories.event_deliveries.is_any_due(now, _closed(subscriptions, full, now, ports)):
            return (), DeliveryReport()

    async def take(transaction: Transaction) -> tuple[Sequence[TakenEvent], DeliveryReport]:
        known = {each.id: each for each in await transaction.subscriptions.all()}
        closed = _closed(known.values(), full, now, ports)
        ailing = [each for each in known.values() if each.failures and each.id not in closed]
        for subscription in ailing:
            if entry := await _probe(subscription, transaction, now):
                return (TakenEvent(entry, subscription),), DeliveryReport()
        closed |= {each.id for each in ailing}
        leased = await transaction.event_deliveries.lease(now, limit, closed)
        orphans = [entry for entry in leased if entry.lane not in known]
        for entry in orphans:
            await transaction.event_deliveries.remove(entry.id)
        taken = [TakenEvent(entry, known[entry.lane]) for entry in leased if entry.lane in known]
        return taken, DeliveryReport(dropped=len(orphans))

    try:
        return await run_in_transaction(ports.unit_of_work, take)
    except _ProbedElsewhereError:
        return (), DeliveryReport()


async def attempt_event(
    taken: TakenEvent, *, keeping_lease: LeaseKeeper = without_renewal, ports: Ports
) -> AttemptedEvent:
    """Tries once to make a delivery that was taken, and returns how it went; `keep_attempts` keeps that."""
    status, is_unreachable = 0, False

    async def hand_over() -> None:
        nonlocal status, is_unreachable
        event = taken.entry.payload.event
        if taken.subscription.is_in_process:
            await ports.subscribers[taken.subscription.id](event)
            return
        try:
            status = await post_webhook(event, taken.subscription, ports)
        except UnreachableError:
            is_unreachable = True
            raise
        if not 200 <= status <= 299:
            raise UnavailableError(f"the receiver answered {status}")

    async with keeping_lease(taken.entry):
        outcome, _ = await attempt(taken.entry, hand_over, ports)
    return AttemptedEvent(outcome, taken.subscription, status == _GONE, is_unreachable)


async def keep_attempts(attempts: Sequence[AttemptedEvent], *, ports: Ports) -> DeliveryReport:
    """Keeps what became of deliveries, in one transaction, and returns it."""

    async def keep(transaction: Transaction) -> None:
        for each in sorted(attempts, key=lambda each: each.subscription.id):
            is_ours = await transaction.event_deliveries.save(each.outcome)
            if each.outcome.state is DeliveryState.SENT:
                await _note_success(each.subscription, transaction, ports)
            elif is_ours:
                await _note_failure(each, transaction, ports)

    await run_in_transaction(ports.unit_of_work, keep)
    report = DeliveryReport()
    for each in attempts:
        report.add(DeliveryReport.of(each.outcome))
    return report


async def renew_event_lease(entry: QueuedEvent, *, ports: Ports) -> None:
    """Moves the end of a lease ahead, unless the lease is over."""
    await renew(entry, _event_deliveries, ports)


def _event_deliveries(repositories: Repositories) -> Outbox[EventDelivery]:
    return repositories.event_deliveries


def _closed(subscriptions: Collection[Subscription], full: Collection[str], now: datetime, ports: Ports) -> set[str]:
    """Returns the subscriptions that get nothing now, at least not from here."""
    elsewhere = {each.id for each in subscriptions if each.is_in_process and each.id not in ports.subscribers}
    return {*full, *elsewhere, *(each.id for each in subscriptions if not each.is_open(now))}


async def _probe(subscription: Subscription, transaction: Transaction, now: datetime) -> QueuedEvent | None:
    """Takes the one delivery that tells whether a receiver is well again, if one is due; the others wait for it.

    Raises: _ProbedElsewhereError.
    """
    entry = await transaction.event_deliveries.lease_one_of(subscription.id, now)
    if entry is None:
        return None
    if not await transaction.subscriptions.probe(subscription.id, subscription.failures, now, now + PROBE):
        raise _ProbedElsewhereError
    return entry


async def _note_success(taken: Subscription, transaction: Transaction, ports: Ports) -> None:
    """Ends the pause of a receiver that is well again, and makes what waits for it due.

    Not after a single failure: that may be the fault of one event, which would be tried again with each other one.
    """
    if not taken.failures:
        return  # nearly always: and the subscription is not even looked at
    kept = await transaction.subscriptions.by_id(taken.id)
    if kept is None or not kept.failures:
        return
    await transaction.subscriptions.save(kept.well())
    if kept.failures > 1:
        await transaction.event_deliveries.hasten(kept.id, ports.clock.now())


async def _note_failure(attempted: AttemptedEvent, transaction: Transaction, ports: Ports) -> None:
    """Pauses a receiver that failed; of several attempts at once one counts.

    Where it was not there at all, no event is to blame: what was tried is tried again when the pause ends, so that it
    is not overtaken by what happened to its account later.
    """
    kept = await transaction.subscriptions.by_id(attempted.subscription.id)
    if kept is None:
        return
    counted = kept
    if kept.failures == attempted.subscription.failures:
        counted = kept.failed(ports.clock.now(), ports.randomness.fraction())
    if attempted.is_gone:
        counted = counted.disabled()
    if counted != kept:
        await transaction.subscriptions.save(counted)
    if attempted.is_unreachable:
        await transaction.event_deliveries.save(attempted.outcome.hastened(counted.paused_until))
