"""What the link to set a new password is good for, and whether a reset that is sent again was done before."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Client,
    InvalidFieldsError,
    Limits,
    LinkState,
    MailedLink,
    MissingFieldsError,
    RateLimit,
    TooManyRequestsError,
    deliver_due_mails,
    log_in,
    look_at_reset_link,
    request_password_reset,
    reset_password,
    sign_up,
    was_password_reset,
)

NEW = "new-secret"


@pytest.fixture
async def secret(memory: MemoryPorts) -> str:
    await sign_up("Alice", "Alice@example.com", "secret", ports=memory)
    return await another(memory)


async def another(memory: MemoryPorts) -> str:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


async def test_a_usable_link_says_whose_it_is(memory: MemoryPorts, secret: str) -> None:
    for _ in range(2):
        link = await look_at_reset_link(secret, ports=memory)
        assert (link.state, link.address and link.address.typed) == (LinkState.USABLE, "Alice@example.com")


async def test_a_used_link_says_that_it_was_and_no_more(memory: MemoryPorts, secret: str) -> None:
    await reset_password(secret, NEW, ports=memory)
    assert await look_at_reset_link(secret, ports=memory) == MailedLink(LinkState.USED)
    memory.clock.advance(hours=2)
    assert await look_at_reset_link(secret, ports=memory) == MailedLink(LinkState.USED)


async def test_what_never_was_is_over_or_was_replaced_is_void(memory: MemoryPorts, secret: str) -> None:
    later = await another(memory)
    await reset_password(later, NEW, ports=memory)
    for text in (secret, "", "reset_x", "reset_" + "x" * 43, secret + " ", None, 5):
        assert await look_at_reset_link(text, ports=memory) == MailedLink(LinkState.VOID)
    expired = await another(memory)
    memory.clock.advance(hours=1)
    assert await look_at_reset_link(expired, ports=memory) == MailedLink(LinkState.VOID)


async def test_the_link_of_an_account_that_is_gone_is_void(memory: MemoryPorts, secret: str) -> None:
    memory.unit_of_work.tables.users.clear()
    assert await look_at_reset_link(secret, ports=memory) == MailedLink(LinkState.VOID)
    assert not await was_password_reset(secret, NEW, ports=memory)


async def test_the_same_reset_again_was_done(memory: MemoryPorts, secret: str) -> None:
    assert not await was_password_reset(secret, "secret", ports=memory), "it was not used"
    await reset_password(secret, NEW, ports=memory)
    assert await was_password_reset(secret, NEW, ports=memory)
    assert not await was_password_reset(secret, "other-secret", ports=memory)
    await reset_password(await another(memory), "third-secret", ports=memory)
    assert not await was_password_reset(secret, NEW, ports=memory), "it is no more the password"


async def test_after_its_lifetime_nothing_is_said_of_it(memory: MemoryPorts, secret: str) -> None:
    await reset_password(secret, NEW, ports=memory)
    memory.clock.advance(minutes=59, seconds=59)
    assert await was_password_reset(secret, NEW, ports=memory)
    for _ in range(2):
        memory.clock.advance(seconds=1)
        assert not await was_password_reset(secret, NEW, ports=memory)


async def test_no_other_secret_tells_anything(memory: MemoryPorts, secret: str) -> None:
    await reset_password(secret, NEW, ports=memory)
    for text in ("reset_x", "reset_" + "x" * 43, secret + " "):
        assert not await was_password_reset(text, NEW, ports=memory)
    for fields in ((None, NEW), (secret, ""), ("", None)):
        with pytest.raises(MissingFieldsError):
            await was_password_reset(*fields, ports=memory)
    with pytest.raises(InvalidFieldsError):
        await was_password_reset(secret, 5, ports=memory)


async def test_a_guess_costs_what_one_at_log_in_does(memory: MemoryPorts, secret: str) -> None:
    limits = Limits(log_in=RateLimit("login", 3, timedelta(minutes=1)))
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, limits=limits))
    client = Client("192.0.2.1")
    await reset_password(secret, NEW, client, ports=ports)
    for _ in range(2):
        assert not await was_password_reset(secret, "a guess", client, ports=ports)
    assert await was_password_reset(secret, NEW, client, ports=ports), "which forgives the guesses, as a log-in does"
    for _ in range(3):
        assert not await was_password_reset(secret, "a guess", client, ports=ports)
    with pytest.raises(TooManyRequestsError):
        await was_password_reset(secret, NEW, client, ports=ports)
    with pytest.raises(TooManyRequestsError):
        await log_in("alice@example.com", NEW, client, ports=ports)
