"""What the worker that hands events over to subscribers needs to know of them."""

from leadnator_auth.domain import renew_event_lease
from leadnator_auth.domain.use_cases.event_delivery import TakenEvent, send_event, take_events
from leadnator_auth.entrypoints.background.delivery_worker import Deliveries

MAX_DELIVERIES = 64
MAX_DELIVERIES_OF_A_SUBSCRIPTION = 16

EVENT_DELIVERIES: Deliveries[TakenEvent] = Deliveries(
    name="event",
    limit=MAX_DELIVERIES,
    limit_of_a_lane=MAX_DELIVERIES_OF_A_SUBSCRIPTION,
    head_start=0.0,
    is_new_in=lambda commit: commit.has_new_deliveries,
    take=lambda full, limit, ports: take_events(full, limit, ports=ports),
    send=lambda taken, keeping_lease, ports: send_event(taken, keeping_lease=keeping_lease, ports=ports),
    renew=lambda entry, ports: renew_event_lease(entry, ports=ports),
)
