"""Looking after what is on its way to a webhook: see it, try again, send something to try it with."""

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.event_delivery import MAX_COUNTED, EventBacklog, EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.outbox import SCHEDULE
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.authorize import check_right, lock_active_admins
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.webhook_access import check_webhooks_on, get_webhook
from leadnator_auth.domain.values.ids import DELIVERY_ID_PREFIX, EVENT_ID_PREFIX, EventId, UserId, WebhookId
from leadnator_auth.domain.values.paging import DEFAULT_PAGE_LENGTH, Page, Position, requested_page
from leadnator_auth.domain.values.text import is_storable


async def list_webhook_deliveries(
    actor: Actor,
    webhook_id: WebhookId,
    limit: int = DEFAULT_PAGE_LENGTH,
    cursor: str | None = None,
    *,
    ports: Ports,
) -> Page[QueuedEvent]:
    """Returns a page of what is or was on its way to a webhook, newest first; sent ones are kept for days.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError, InvalidPageError.
    """
    check_webhooks_on(ports)
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        request = requested_page(limit, cursor)
        await get_webhook(webhook_id, repositories)
        found = await repositories.event_deliveries.latest_of(webhook_id, request.limit_with_next, request.after)
    return request.page(found, lambda delivery: Position(delivery.queued_at, delivery.id))


async def retry_webhook_delivery(actor: Actor, webhook_id: WebhookId, delivery_id: str, *, ports: Ports) -> QueuedEvent:
    """Returns a delivery as it is due at once again: one that waits or was given up, or one that was made already.

    A webhook that is disabled, or did not answer just now, gets it once it is enabled or a pause of seconds is over.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    check_webhooks_on(ports)

    async def retry(transaction: Transaction) -> QueuedEvent:
        await lock_active_admins(actor, transaction)
        await get_webhook(webhook_id, transaction)
        found = await transaction.event_deliveries.by_id(delivery_id) if is_storable(delivery_id) else None
        if found is None or found.payload.subscription_id != webhook_id:
            raise NotFoundError
        now = ports.clock.now()
        revived = found.revived(now, now + SCHEDULE.give_up_after)
        # An outbox revives none that was sent; and what is added wakes who delivers.
        await transaction.event_deliveries.remove(found.id)
        await transaction.event_deliveries.add(revived)
        return revived

    return await run_in_transaction(ports.unit_of_work, retry)


async def send_test_event(actor: Actor, webhook_id: WebhookId, *, ports: Ports) -> QueuedEvent:
    """Queues an event of the type `webhook.test` for one webhook alone, whatever types it wants, and returns that.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    check_webhooks_on(ports)

    async def send(transaction: Transaction) -> QueuedEvent:
        await lock_active_admins(actor, transaction)
        await get_webhook(webhook_id, transaction)
        now = ports.clock.now()
        event_id = EventId(new_id(EVENT_ID_PREFIX, ports))
        event = Event(event_id, EventType.WEBHOOK_TEST, now, UserId(actor.id), actor.id)
        delivery = QueuedEvent.new(new_id(DELIVERY_ID_PREFIX, ports), EventDelivery(webhook_id, event), now)
        await transaction.event_deliveries.add(delivery)
        return delivery

    return await run_in_transaction(ports.unit_of_work, send)


async def event_backlog(*, ports: Ports) -> EventBacklog:
    """Returns how many events wait to be delivered, how many were given up, and since when the oldest waits."""
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.event_deliveries.backlog(MAX_COUNTED)
