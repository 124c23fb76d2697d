"""What the worker that sends the queued mails needs to know of them."""

from leadnator_auth.domain import renew_lease
from leadnator_auth.domain.use_cases.mail_delivery import TakenMail, send_mail, take_mail
from leadnator_auth.entrypoints.background.delivery_worker import Deliveries

MAX_CONVERSATIONS = 16
MAX_CONVERSATIONS_OF_A_DOMAIN = 8

MAILS: Deliveries[TakenMail] = Deliveries(
    name="mail",
    limit=MAX_CONVERSATIONS,
    limit_of_a_lane=MAX_CONVERSATIONS_OF_A_DOMAIN,
    is_new_in=lambda commit: commit.has_new_mail,
    take=lambda full, ports: take_mail(full, ports=ports),
    send=lambda taken, keeping_lease, ports: send_mail(taken, keeping_lease=keeping_lease, ports=ports),
    renew=lambda mail, ports: renew_lease(mail, ports=ports),
)
