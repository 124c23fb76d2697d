"""Notices of log-ins from new clients, over HTTP and on every store."""

from collections.abc import Callable

import attrs
import httpx2

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import MailKind, Policy, Ports, deliver_due_mails

ClientOver = Callable[[Ports], httpx2.AsyncClient]

ALICE = {"email": "alice@example.com", "password": "secret"}
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1"}
DESK = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}


async def test_the_owner_is_told_of_a_new_client_once(
    client_over: ClientOver, ports: Ports, memory: MemoryPorts
) -> None:
    told = attrs.evolve(ports, policy=Policy(new_sign_in_notice=True))
    http = client_over(told)
    assert (await http.post("/api/auth/signup", json=ALICE | {"name": "Alice"}, headers=PHONE)).status_code == 200
    for headers in (PHONE, DESK, PHONE, DESK):
        assert (await http.post("/api/auth/login", json=ALICE, headers=headers)).status_code == 200
    await deliver_due_mails(ports=told)
    (mail,) = memory.mailer.notices
    assert (mail.kind, mail.to.typed) == (MailKind.NEW_SIGN_IN, "alice@example.com")
    assert (mail.client.ip, mail.client.user_agent) == ("192.0.2.1", DESK["User-Agent"])
    memory.clock.advance(days=31)
    assert (await http.post("/api/auth/login", json=ALICE, headers=PHONE)).status_code == 200
    await deliver_due_mails(ports=told)
    assert len(memory.mailer.notices) == 2
