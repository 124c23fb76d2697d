"""Handing an event over to a webhook."""

from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import Ports


async def post_webhook(event: Event, subscription: Subscription, ports: Ports) -> int:
    """Returns the status that the receiver answered with, whatever it is.

    What follows from it is the caller's: from 200 to 299 the delivery is made, 410 disables the webhook, and after all
    others it is tried again.

    Raises: UnavailableError when there is no answer or no sender, in words that hold no secret.
    """
    raise UnavailableError("there is no sender")
