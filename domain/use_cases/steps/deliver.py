"""The steps of every delivery, whatever it is that waits in an outbox: mails, and what else goes to others."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any

from leadnator_auth.domain.entities.outbox import SCHEDULE, AnyPayload, OutboxEntry, Schedule
from leadnator_auth.domain.errors import MailDelayedError, MailRefusedError, UnavailableError
from leadnator_auth.domain.ports import Outbox, Ports, Repositories
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

OutboxOf = Callable[[Repositories], Outbox[AnyPayload]]
"""Returns the outbox that is meant, among all that is kept."""

LeaseKeeper = Callable[[OutboxEntry[Any]], AbstractAsyncContextManager[None]]
"""Opens a block in which the lease of a delivery is renewed again and again; what is delivered does not matter."""


def without_renewal(entry: OutboxEntry[Any]) -> AbstractAsyncContextManager[None]:  # as above
    """Keeps no lease: for deliveries that take less time than one lasts."""
    return nullcontext()


async def is_any_due(outbox_of: OutboxOf[AnyPayload], now: datetime, ports: Ports) -> bool:
    """Spares the lock of a writer while there is nothing to deliver, which is nearly always."""
    async with ports.unit_of_work.snapshot() as repositories:
        due_at = await outbox_of(repositories).next_due_at()
    return due_at is not None and due_at <= now


async def renew(entry: OutboxEntry[AnyPayload], outbox_of: OutboxOf[AnyPayload], ports: Ports) -> None:
    """Moves the end of a lease ahead, unless the lease is over."""
    await run_in_transaction(
        ports.unit_of_work, lambda transaction: outbox_of(transaction).save(entry.renewed(ports.clock.now()))
    )


async def attempt(
    entry: OutboxEntry[AnyPayload], send: Callable[[], Awaitable[None]], ports: Ports, schedule: Schedule = SCHEDULE
) -> tuple[OutboxEntry[AnyPayload], bool]:
    """Returns a delivery as it is after one attempt, and whether it may have arrived."""

    def delayed(error: str) -> OutboxEntry[AnyPayload]:
        return entry.failed(ports.clock.now(), error, ports.randomness.fraction(), schedule)

    try:
        await send()
    except MailRefusedError as error:
        return entry.dead(ports.clock.now(), str(error)), error.may_have_arrived
    except MailDelayedError as error:
        return delayed(str(error)), error.may_have_arrived
    except UnavailableError as error:
        return delayed(str(error)), True
    except Exception as error:  # noqa: BLE001 (a delivery that trips over a bug must not stall the others)
        return delayed(f"{type(error).__name__}: {error}"), True
    return entry.sent(ports.clock.now()), True
