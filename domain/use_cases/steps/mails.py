"""Queuing mails, as many as are good for those who get them."""

from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.mail_rules import MAIL_RULES
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX


async def queue_mail(
    kind: MailKind, recipient: str, transaction: Transaction, ports: Ports, *, client: Client = Client()
) -> QueuedMail | None:
    """Queues a mail to a canonical address, which may be nobody's, unless its owner had their fill of this kind.

    Returns the mail, if there is one. `client` is what the mail tells of, if that is what it does.

    Of uniform ones the fill is known when they are sent: here they are one row for any address, so that the answer and
    its time are the same for all.
    """
    request = MailRequest(kind, recipient, client.ip, client.user_agent)
    rule, now = MAIL_RULES[kind], ports.clock.now()
    if not rule.is_uniform:
        limit = rule.limit(ports.policy)
        if await transaction.mail_queue.count_since(request, now - limit.period) >= limit.count:
            return None
    mail = QueuedMail.new(new_id(MAIL_ID_PREFIX, ports), request, now)
    await transaction.mail_queue.add(mail)
    return mail
