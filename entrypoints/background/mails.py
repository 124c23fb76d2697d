"""What the worker that sends the queued mails needs to know of them."""

from collections.abc import Collection, Sequence

from leadnator_auth.domain import DeliveryReport, Ports, renew_lease
from leadnator_auth.domain.use_cases.mail_delivery import send_mail, take_mail
from leadnator_auth.domain.use_cases.steps.mail_fate import TakenMail
from leadnator_auth.entrypoints.background.delivery_worker import Deliveries

MAX_CONVERSATIONS = 16
MAX_CONVERSATIONS_OF_A_DOMAIN = 8
HEAD_START_SECONDS = 0.1
"""A server that is quick sees one connection."""


async def _take_one(full: Collection[str], limit: int, ports: Ports) -> tuple[Sequence[TakenMail], DeliveryReport]:
    taken, report = await take_mail(full, ports=ports)
    return ([] if taken is None else [taken]), report


MAILS: Deliveries[TakenMail] = Deliveries(
    name="mail",
    about=lambda entry: {"mail": entry.id},
    limit=MAX_CONVERSATIONS,
    limit_of_a_lane=MAX_CONVERSATIONS_OF_A_DOMAIN,
    is_new_in=lambda commit: commit.has_new_mail,
    head_start=HEAD_START_SECONDS,
    take=_take_one,
    send=lambda taken, keeping_lease, ports: send_mail(taken, keeping_lease=keeping_lease, ports=ports),
    renew=lambda mail, ports: renew_lease(mail, ports=ports),
)
