"""What every UnitOfWork must do: keep all or nothing, apart from others, and survive being cancelled anywhere."""

import asyncio
from contextlib import suppress

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Password,
    Ports,
    User,
    deliver_due_mails,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.domain.reset_token import digest_of
from tests.contract.cancelling import cancelled_at_step
from tests.contract.worlds import NOW, a_mail, a_session, a_token, a_user, some_credentials


async def test_nothing_is_kept_without_a_commit(unit_of_work: UnitOfWork) -> None:
    bob = a_user("bob")
    async with unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.credentials.add(some_credentials(bob))
        await transaction.sessions.add(a_session(bob))
        await transaction.reset_tokens.add(a_token(bob))
        await transaction.mail_queue.add(a_mail())
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(bob.id) is None
        assert await repositories.credentials.of(bob.id) is None
        assert await repositories.sessions.by_id(a_session(bob).id) is None
        assert await repositories.reset_tokens.by_digest(a_token(bob).digest) is None
        assert await repositories.mail_queue.next_due_at() is None


async def test_an_error_undoes_everything_and_the_next_one_works(unit_of_work: UnitOfWork) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        async with unit_of_work() as transaction:
            await transaction.users.add(a_user("bob"))
            raise RuntimeError("half way")
    async with unit_of_work() as transaction:
        assert await transaction.users.by_id(a_user("bob").id) is None
        await transaction.users.add(a_user("bob"))
        await transaction.commit()


async def test_nothing_written_after_the_commit_is_kept(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work() as transaction:
        await transaction.users.add(a_user("bob"))
        await transaction.commit()
        with suppress(RuntimeError):
            await transaction.users.add(a_user("carol"))
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("bob").id) is not None
        assert await repositories.users.by_id(a_user("carol").id) is None


async def test_a_transaction_sees_its_own_writes_and_nobody_else_does(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work() as transaction:
        await transaction.users.add(a_user("bob"))
        assert await transaction.users.by_id(a_user("bob").id) is not None
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(a_user("bob").id) is None
        await transaction.commit()


async def test_a_snapshot_does_not_change_under_its_reader(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("bob").id) is None
        async with unit_of_work() as transaction:
            await transaction.users.add(a_user("bob"))
            await transaction.commit()
        assert await repositories.users.by_id(a_user("bob").id) is None


async def test_read_then_write_never_loses_an_update(unit_of_work: UnitOfWork, alice: User) -> None:
    async def change() -> None:
        async with unit_of_work() as transaction:
            before = await transaction.credentials.of(alice.id)
            assert before is not None
            await transaction.credentials.change(alice.id, f"hash-{before.version + 1}", NOW)
            await transaction.commit()

    await asyncio.gather(*(change() for _ in range(30)))
    async with unit_of_work.snapshot() as repositories:
        after = await repositories.credentials.of(alice.id)
    assert after is not None
    assert (after.version, after.password_hash) == (31, "hash-31")


async def test_cancelled_at_any_await_a_sign_up_is_kept_whole_or_not_at_all(ports: Ports) -> None:
    for step in range(200):
        email = f"step{step}@example.com"
        finished = await cancelled_at_step(step, sign_up("Al", email, "secret", **ports.for_sign_in))
        async with ports.unit_of_work.snapshot() as repositories:
            user = await repositories.users.by_email(email)
            credentials = await repositories.credentials.of(user.id) if user else None
            sessions = await repositories.sessions.of_user(user.id) if user else []
        assert (user is None) == (credentials is None) == (not sessions)
        if finished:
            assert user is not None
            return
    pytest.fail("never ran to its end")


async def test_cancelled_at_any_await_a_reset_is_done_whole_or_not_at_all(ports: Ports, memory: MemoryPorts) -> None:
    alice = await sign_up("Al", "al@example.com", "secret-0", **ports.for_sign_in)
    password = "secret-0"
    for step in range(200):
        memory.clock.advance(hours=2)
        await request_password_reset("al@example.com", **ports.for_reset_request)
        await deliver_due_mails(**ports.for_delivery)
        secret = memory.mailer.reset_links[-1].secret
        session = (await log_in("al@example.com", password, **ports.for_sign_in)).session
        new = f"secret-{step + 1}"
        finished = await cancelled_at_step(step, reset_password(secret, new, **ports.for_reset))
        # A commit may have been under way when its task was cancelled: another writer waits for what became of it.
        async with ports.unit_of_work() as repositories:
            await repositories.users.by_id(alice.user.id)
            kept = await repositories.credentials.of(alice.user.id)
            token = await repositories.reset_tokens.by_digest(digest_of(secret))
            is_open = await repositories.sessions.by_id(session.id) is not None
        assert kept is not None
        assert token is not None
        is_done = await ports.hasher.verify(Password(new), kept.password_hash)
        assert (is_done, is_done) == (token.used_at is not None, not is_open)
        password = new if is_done else password
        if finished:
            assert is_done
            return
    pytest.fail("never ran to its end")


async def test_cancelled_at_any_await_nothing_is_leaked(ports: Ports, memory: MemoryPorts) -> None:
    """The `ports` fixture fails the test when a connection is not back."""
    await sign_up("Al", "al@example.com", "secret", **ports.for_sign_in)
    for step in range(200):
        memory.clock.advance(hours=1)  # each of these log-ins is counted as a wrong one
        finished = await cancelled_at_step(step, log_in("al@example.com", "secret", **ports.for_sign_in))
        await request_password_reset("al@example.com", **ports.for_reset_request)
        if finished:
            return
    pytest.fail("never ran to its end")


async def test_a_crowd_that_hangs_up_leaves_the_store_as_fast_as_before(ports: Ports) -> None:
    tasks = [
        asyncio.create_task(request_password_reset("al@example.com", **ports.for_reset_request)) for _ in range(300)
    ]
    for turn, task in enumerate(tasks):
        if turn % 3:
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await request_password_reset("al@example.com", **ports.for_reset_request)


async def test_nothing_is_kept_from_a_snapshot(unit_of_work: UnitOfWork) -> None:
    async with unit_of_work.snapshot() as repositories:
        await repositories.users.add(a_user("bob"))
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(a_user("bob").id) is None
