"""Forgetting and resetting a password, in memory."""

import asyncio
from contextlib import AbstractAsyncContextManager

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    Client,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidResetTokenError,
    InvalidTokenError,
    MissingFieldsError,
    Password,
    SignedIn,
    UnavailableError,
    User,
    deliver_due_mails,
    identify,
    is_reset_secret_usable,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories


async def mailed_secret(memory: MemoryPorts, email: str = "alice@example.com") -> str:
    await request_password_reset(email, ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


async def test_a_mailed_secret_sets_a_new_password(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory, "ALICE@example.com"), "new-secret", ports=memory)
    assert await log_in("alice@example.com", "new-secret", ports=memory)
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=memory)


async def test_the_mail_goes_to_the_address_of_the_account(memory: MemoryPorts, alice: SignedIn) -> None:
    await mailed_secret(memory, "aLiCe@EXAMPLE.com")
    assert [mail.to for mail in memory.mailer.mails] == [alice.user.email]


async def test_the_secret_is_kept_nowhere(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    assert secret.startswith("reset_")
    assert len(secret) == 49
    tables = attrs.asdict(memory.unit_of_work.tables)
    assert secret.removeprefix("reset_") not in str(tables)


async def test_a_reset_ends_every_session_and_opens_none(memory: MemoryPorts, alice: SignedIn) -> None:
    other = await log_in("alice@example.com", "secret", ports=memory)
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await reset_password(await mailed_secret(memory), "new-secret", ports=memory)
    for token in (alice.token, other.token):
        with pytest.raises(InvalidTokenError):
            await identify(token, ports=memory)
    assert list(memory.unit_of_work.tables.sessions) == [bob.session.id]
    same_second = await log_in("alice@example.com", "new-secret", ports=memory)
    assert await identify(same_second.token, ports=memory)


async def test_a_reset_ends_every_other_link(memory: MemoryPorts, alice: SignedIn) -> None:
    first, second = await mailed_secret(memory), await mailed_secret(memory)
    assert first != second
    await reset_password(second, "new-secret", ports=memory)
    for secret in (first, second):
        with pytest.raises(InvalidResetTokenError):
            await reset_password(secret, "third-secret", ports=memory)


async def test_of_sixteen_at_once_one_uses_the_link(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    attempts = (reset_password(secret, f"new-secret-{n}", ports=memory) for n in range(16))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    (right,) = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, User)]
    assert sum(isinstance(outcome, InvalidResetTokenError) for outcome in outcomes) == 15
    assert await log_in("alice@example.com", f"new-secret-{right}", ports=memory)


async def test_of_two_links_used_at_once_one_works(memory: MemoryPorts, alice: SignedIn) -> None:
    """Both are good when each looks; the first to be kept voids the other."""
    secrets = [await mailed_secret(memory), await mailed_secret(memory)]
    attempts = (reset_password(secrets[n % 2], f"new-secret-{n}", ports=memory) for n in range(8))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    (right,) = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, User)]
    assert await log_in("alice@example.com", f"new-secret-{right}", ports=memory)


async def test_a_refused_password_leaves_the_link_as_it_was(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    for password, error in (("short", InvalidFieldsError), ("", MissingFieldsError)):
        with pytest.raises(error):
            await reset_password(secret, password, ports=memory)
    await reset_password(secret, "new-secret", ports=memory)


@pytest.mark.parametrize(("minutes", "works"), [(59.99, True), (60, False), (600, False)])
async def test_a_link_lives_an_hour(memory: MemoryPorts, alice: SignedIn, minutes: float, works: bool) -> None:
    secret = await mailed_secret(memory)
    memory.clock.advance(minutes=minutes)
    if works:
        await reset_password(secret, "new-secret", ports=memory)
    else:
        with pytest.raises(InvalidResetTokenError):
            await reset_password(secret, "new-secret", ports=memory)


@pytest.mark.parametrize(
    "secret", ["reset_", "x", "reset_" + "A" * 43, "reset_" + "A" * 42 + "é", "A" * 49, "reset_" + "A" * 44 + "\n"]
)
async def test_what_never_was_a_link_costs_no_hash(memory: MemoryPorts, alice: SignedIn, secret: str) -> None:
    memory.hasher.hashed = 0
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "new-secret", ports=memory)
    assert memory.hasher.hashed == 0


async def test_a_reset_is_told_to_the_owner_without_a_secret(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory), "new-secret", ports=memory)
    await deliver_due_mails(ports=memory)
    (notice,) = memory.mailer.notices
    assert notice.to == alice.user.email
    assert notice.at == memory.clock.now()


async def test_a_link_that_expires_while_its_password_is_hashed_does_not_work(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    class SlowHasher(CheapHasher):
        async def hash(self, password: Password, client: Client = Client()) -> str:
            memory.clock.advance(minutes=2)
            return await super().hash(password, client)

    secret = await mailed_secret(memory)
    memory.clock.advance(minutes=59)
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "new-secret", ports=attrs.evolve(memory, hasher=SlowHasher()))


async def test_asking_costs_the_same_row_for_anybody(memory: MemoryPorts, alice: SignedIn) -> None:
    for email in ("alice@example.com", "nobody@example.com"):
        await request_password_reset(email, ports=memory)
    known, unknown = memory.unit_of_work.tables.mails.values()
    assert attrs.evolve(known, id="", payload=unknown.payload) == attrs.evolve(unknown, id="")
    assert known.payload.kind == unknown.payload.kind
    assert memory.mailer.mails == []


@pytest.mark.parametrize(
    ("email", "error"),
    [(None, MissingFieldsError), ("nonsense", InvalidFieldsError), (["a@example.com"], InvalidFieldsError)],
)
async def test_asking_needs_one_address(memory: MemoryPorts, email: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await request_password_reset(email, ports=memory)
    assert memory.unit_of_work.tables.mails == {}


async def test_an_account_that_vanished_gets_no_notice(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory), "new-secret", ports=memory)
    memory.unit_of_work.tables.users.clear()
    await deliver_due_mails(ports=memory)
    assert memory.mailer.notices == []


async def test_the_link_of_an_account_that_vanished_is_worth_nothing(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    memory.unit_of_work.tables.users.clear()
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "new-secret", ports=memory)


async def test_a_used_link_costs_no_hash(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    await reset_password(secret, "new-secret", ports=memory)
    memory.hasher.hashed = 0
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "third-secret", ports=memory)
    assert memory.hasher.hashed == 0


async def test_the_notice_finds_an_owner_who_typed_capitals(memory: MemoryPorts) -> None:
    zoe = await sign_up("Zoe", "Zoe@Example.com", "secret", ports=memory)
    await reset_password(await mailed_secret(memory, "zoe@example.com"), "new-secret", ports=memory)
    await deliver_due_mails(ports=memory)
    assert [notice.to for notice in memory.mailer.notices] == [zoe.user.email]


async def test_a_link_lives_from_when_it_was_sent_not_from_when_it_was_asked_for(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    memory.clock.advance(hours=5)
    await deliver_due_mails(ports=memory)
    memory.clock.advance(minutes=59)
    await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)


async def test_a_notice_that_is_late_tells_when_the_password_was_changed(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory), "new-secret", ports=memory)
    changed_at = memory.clock.now()
    memory.clock.advance(hours=5)
    await deliver_due_mails(ports=memory)
    assert [notice.at for notice in memory.mailer.notices] == [changed_at]


@pytest.mark.parametrize(
    "secret", ["x", "reset_" + "A" * 42, "reset_" + "A" * 44, "reset_" + "A" * 43 + "\n", "Reset_" + "A" * 43]
)
async def test_what_has_not_the_form_of_a_link_is_not_even_looked_up(memory: MemoryPorts, secret: str) -> None:
    class Away(MemoryUnitOfWork):
        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            raise UnavailableError("away")

    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "new-secret", ports=attrs.evolve(memory, unit_of_work=Away()))


async def test_an_account_without_a_password_gets_one_by_a_reset(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    memory.unit_of_work.tables.credentials.clear()
    await reset_password(secret, "new-secret", ports=memory)
    assert (await log_in("alice@example.com", "new-secret", ports=memory)).user.id == alice.user.id


async def test_a_secret_is_good_for_its_purpose_alone(memory: MemoryPorts, alice: SignedIn) -> None:
    secret = await mailed_secret(memory)
    assert await is_reset_secret_usable(secret, ports=memory)
    for other in ("verify_", "undo_", "_", ""):
        assert not await is_reset_secret_usable(other + secret.removeprefix("reset_"), ports=memory)
