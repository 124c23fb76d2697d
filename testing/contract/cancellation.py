"""A UnitOfWork survives a caller who hangs up, at any await."""

import asyncio

import pytest

from leadnator_auth.adapters.memory import FakeClock, Mailbox
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, UnitOfWork
from leadnator_auth.domain.use_cases.log_in import log_in
from leadnator_auth.domain.use_cases.mail_delivery import deliver_due_mails
from leadnator_auth.domain.use_cases.password_reset import request_password_reset, reset_password
from leadnator_auth.domain.use_cases.sign_up import sign_up
from leadnator_auth.domain.values.password import Password
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.checking import StoreContract
from leadnator_auth.testing.contract.world import world_over

WHOLE = "who hangs up leaves all of a unit of work or nothing of it: never commit piece by piece"
ENDLESS = "the use case never ran to its end"


class CancellationContract(StoreContract):
    """The part of UnitOfWorkContract about callers who hang up."""

    @pytest.fixture
    def world(self, unit_of_work: UnitOfWork) -> Ports:
        """A complete set of ports with the store in it; its clock and mailbox are those of `memory_ports`."""
        return world_over(unit_of_work)

    async def test_cancelled_at_any_await_a_sign_up_is_kept_whole_or_not_at_all(self, world: Ports) -> None:
        for step in range(200):
            email = f"step{step}@example.com"
            finished = await cancelled_at_step(step, sign_up("Al", email, "secret", ports=world))
            async with world.unit_of_work.snapshot() as repositories:
                user = await repositories.users.by_email(email)
                credentials = await repositories.credentials.of(user.id) if user else None
                sessions = await repositories.sessions.of_user(user, 10) if user else []
            assert (user is None) == (credentials is None) == (not sessions), WHOLE
            if finished:
                assert user is not None, "what ran to its end is kept"
                return
        pytest.fail(ENDLESS)

    async def test_cancelled_at_any_await_a_reset_is_done_whole_or_not_at_all(self, world: Ports) -> None:
        alice = (await sign_up("Al", "al@example.com", "secret-0", ports=world)).user
        password = "secret-0"
        for step in range(200):
            secret = await link_for(world, "al@example.com")
            session = (await log_in("al@example.com", password, ports=world)).session
            new = f"secret-{step + 1}"
            finished = await cancelled_at_step(step, reset_password(secret, new, ports=world))
            is_done = await is_password_of(world, alice, new)
            # A commit may have been under way when its task was cancelled: another writer waits for its outcome.
            async with world.unit_of_work() as repositories:
                await repositories.users.by_id(alice.id)
                token = await repositories.one_time_tokens.by_digest(digest_of(secret))
                is_open = await repositories.sessions.by_id(session.id) is not None
            assert token is not None, "a token is there until it is purged"
            assert (is_done, is_done) == (token.used_at is not None, not is_open), WHOLE
            password = new if is_done else password
            if finished:
                assert is_done, "what ran to its end is kept"
                return
        pytest.fail(ENDLESS)

    async def test_cancelled_at_any_await_nothing_is_leaked(self, world: Ports) -> None:
        """What a connection's fixture may check when the test ends: every one of them is back."""
        await sign_up("Al", "al@example.com", "secret", ports=world)
        for step in range(200):
            clock_of(world).advance(hours=1)  # each of these log-ins is counted as a wrong one
            finished = await cancelled_at_step(step, log_in("al@example.com", "secret", ports=world))
            async with asyncio.timeout(30):
                await request_password_reset("al@example.com", ports=world)
            if finished:
                return
        pytest.fail(ENDLESS)

    async def test_a_crowd_that_hangs_up_leaves_the_store_as_fast_as_before(self, world: Ports) -> None:
        tasks = [asyncio.create_task(request_password_reset("al@example.com", ports=world)) for _ in range(300)]
        for turn, task in enumerate(tasks):
            if turn % 3:
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30):
            await request_password_reset("al@example.com", ports=world)


async def link_for(world: Ports, email: str) -> str:
    """Returns the secret of a reset link that was just mailed, hours after the one before it."""
    clock_of(world).advance(hours=2)
    await request_password_reset(email, ports=world)
    await deliver_due_mails(ports=world)
    assert isinstance(world.mailer, Mailbox), "`world` keeps the mailbox of `memory_ports`"
    return world.mailer.reset_links[-1].secret


async def is_password_of(world: Ports, user: User, password: str) -> bool:
    async with world.unit_of_work() as repositories:
        await repositories.users.by_id(user.id)
        kept = await repositories.credentials.of(user.id)
    assert kept is not None, "credentials are there until their account goes"
    return await world.hasher.verify(Password(password), kept.password_hash)


def clock_of(world: Ports) -> FakeClock:
    assert isinstance(world.clock, FakeClock), "`world` keeps the clock of `memory_ports`"
    return world.clock
