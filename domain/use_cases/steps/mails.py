"""Queuing mails, as many as are good for those who get them."""

import attrs

from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.mail_rules import MAIL_RULES
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX


async def queue_mail(
    kind: MailKind,
    recipient: str,
    transaction: Transaction,
    ports: Ports,
    *,
    client: Client = Client(),
    account: User | None = None,
) -> QueuedMail | None:
    """Queues a mail to a canonical address, which may be nobody's, unless its owner had their fill of this kind.

    Returns the mail, if there is one. `client` is what the mail tells of, if that is what it does.

    Of uniform ones the fill is known when they are sent: here they are one row for any address, so that the answer and
    its time are the same for all.

    With an `account`, it is a mail of that account to an address that it does not have, whoever has it; it has its
    fill, too.
    """
    rule, now = MAIL_RULES[kind], ports.clock.now()
    limit = None if rule.is_uniform or rule.limit is None else rule.limit(ports.policy)
    if limit is not None:
        queue, since = transaction.mail_queue, now - limit.period
        if await queue.count_since(kind, recipient, since) >= limit.count:
            return None
        if account is not None and await queue.count_of_user_since(kind, account.id, since) >= limit.count:
            return None
    request = MailRequest(kind, recipient, ip=client.ip, user_agent=client.user_agent)
    if account is not None:
        request = attrs.evolve(request, user_id=account.id, epoch=account.secret_epoch)
    mail = QueuedMail.new(new_id(MAIL_ID_PREFIX, ports), request, now)
    await transaction.mail_queue.add(mail)
    return mail
