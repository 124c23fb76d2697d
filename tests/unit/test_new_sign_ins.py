"""Notices of log-ins from clients that were not seen for long, in memory."""

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    Client,
    Identity,
    InvalidCredentialsError,
    MailKind,
    NoticeMail,
    Policy,
    change_password,
    change_user,
    deliver_due_mails,
    log_in,
    parse_user_ref,
    purge,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.known_client import MAX_KNOWN_CLIENTS
from leadnator_auth.domain.entities.rate_limit import Limits

EMAIL = "alice@example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEWER_FIREFOX = FIREFOX.replace("128.0", "140.0.1")
HOME = Client("192.0.2.1", FIREFOX)
UPDATED = Client("192.0.2.1", NEWER_FIREFOX)
ON_THE_WAY = Client("198.51.100.7", FIREFOX)
CURL = Client("192.0.2.1", "curl/8.0")
ELSEWHERE = Client("203.0.113.9", "curl/8.0")


@pytest.fixture
def told() -> MemoryPorts:
    """A world in which owners are told of log-ins from new clients."""
    return memory_ports(policy=Policy(new_sign_in_notice=True))


async def sign_alice_up(ports: MemoryPorts) -> Identity:
    signed_in = await sign_up("Alice", EMAIL, "secret", HOME, ports=ports)
    return Identity(signed_in.user, signed_in.session)


async def notices(ports: MemoryPorts) -> list[Client]:
    """Returns where the log-ins came from that owners were told of since it was asked last."""
    await deliver_due_mails(ports=ports)
    mails = [mail for mail in ports.mailer.notices if mail.kind is MailKind.NEW_SIGN_IN]
    ports.mailer.mails.clear()
    assert all(mail.to.typed == EMAIL for mail in mails)
    return [mail.client for mail in mails]


async def logged_in_from(client: Client, ports: MemoryPorts, password: str = "secret") -> list[Client]:
    await log_in(EMAIL, password, client, ports=ports)
    return await notices(ports)


async def test_the_client_of_the_sign_up_is_known(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    assert await logged_in_from(HOME, told) == []
    assert await logged_in_from(UPDATED, told) == [], "an update makes no other agent of it"


@pytest.mark.parametrize("client", [ON_THE_WAY, CURL, ELSEWHERE], ids=["network", "agent", "both"])
async def test_a_new_network_or_agent_is_told_once(told: MemoryPorts, client: Client) -> None:
    await sign_alice_up(told)
    assert await logged_in_from(client, told) == [client]
    for known in (client, HOME, client):
        assert await logged_in_from(known, told) == []


async def test_a_notice_says_when_and_where(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    told.clock.advance(hours=1)
    at = told.clock.now()
    await log_in(EMAIL, "secret", ELSEWHERE, ports=told)
    told.clock.advance(minutes=1)
    await deliver_due_mails(ports=told)
    (mail,) = told.mailer.notices
    assert mail == NoticeMail(mail.id, MailKind.NEW_SIGN_IN, mail.to, at, ELSEWHERE)


async def test_what_was_not_seen_for_thirty_days_is_new_again(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    for _ in range(3):
        told.clock.advance(days=29)
        assert await logged_in_from(HOME, told) == []
    told.clock.advance(days=30)
    assert await logged_in_from(HOME, told) == [HOME]


async def test_nobody_is_told_of_a_wrong_password(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    with pytest.raises(InvalidCredentialsError):
        await log_in(EMAIL, "wrong!", ELSEWHERE, ports=told)
    assert await notices(told) == []
    assert await logged_in_from(ELSEWHERE, told) == [ELSEWHERE]


async def test_a_new_password_makes_all_but_its_own_client_new(told: MemoryPorts) -> None:
    identity = await sign_alice_up(told)
    await logged_in_from(ELSEWHERE, told)
    await change_password(identity, "secret", "second", HOME, ports=told)
    await notices(told)
    assert await logged_in_from(HOME, told, "second") == []
    assert await logged_in_from(ELSEWHERE, told, "second") == [ELSEWHERE]
    await request_password_reset(EMAIL, ports=told)
    await deliver_due_mails(ports=told)
    await reset_password(told.mailer.reset_links[-1].secret, "third!", ON_THE_WAY, ports=told)
    await notices(told)
    assert await logged_in_from(ON_THE_WAY, told, "third!") == []
    assert await logged_in_from(HOME, told, "third!") == [HOME]


async def test_a_suspension_makes_all_clients_new(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    for status in ("suspended", "active"):
        await change_user(Actor.operator(), parse_user_ref(EMAIL, ports=told), {"status": status}, ports=told)
    assert await logged_in_from(HOME, told) == [HOME]


async def test_notices_have_a_limit_and_the_log_ins_go_on(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    for number in range(8):
        await log_in(EMAIL, "secret", Client(f"203.0.113.{number}", "curl"), ports=told)
    assert len(await notices(told)) == 5


async def test_an_account_has_so_many_agents_and_its_networks_beside_them(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    await log_in(EMAIL, "secret", HOME, ports=told)
    for number in range(MAX_KNOWN_CLIENTS + 5):
        told.clock.advance(seconds=1)
        await log_in(EMAIL, "secret", Client("192.0.2.1", f"agent {'x' * number}"), ports=told)
    known = list(told.unit_of_work.tables.known_clients.values())
    assert sum(bool(each.agent) for each in known) == MAX_KNOWN_CLIENTS
    assert [each.network for each in known if not each.agent] == ["192.0.2.1"]
    assert all("agent" not in each.agent for each in known), "what a client says is not kept there"
    told.clock.advance(days=31)
    await purge(ports=told)
    assert not told.unit_of_work.tables.known_clients


async def test_without_limits_of_tries_notices_are_sent_all_the_same() -> None:
    told = memory_ports(policy=Policy(new_sign_in_notice=True, limits=Limits.none()))
    await sign_alice_up(told)
    assert await logged_in_from(HOME, told) == []
    assert await logged_in_from(ELSEWHERE, told) == [ELSEWHERE]


async def test_who_comes_from_nowhere_is_nobody_new(told: MemoryPorts) -> None:
    await sign_alice_up(told)
    assert await logged_in_from(Client(), told) == []


async def test_off_nobody_is_told_and_nothing_is_kept(memory: MemoryPorts) -> None:
    await sign_alice_up(memory)
    assert await logged_in_from(ELSEWHERE, memory) == []
    assert not any(each.agent for each in memory.unit_of_work.tables.known_clients.values())
    assert await logged_in_from(ELSEWHERE, attrs.evolve(memory, policy=Policy(new_sign_in_notice=True))) == [ELSEWHERE]
