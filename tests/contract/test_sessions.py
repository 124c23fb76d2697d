"""What every Sessions and Identities must do."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import Identity, Ports, SessionId, User
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import a_session, a_user


async def keep_sessions(unit_of_work: UnitOfWork, user: User, count: int) -> None:
    async with unit_of_work() as transaction:
        for number in range(1, count + 1):
            await transaction.sessions.add(a_session(user, number))
        await transaction.commit()


async def test_a_session_comes_back_as_it_was_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_sessions(unit_of_work, alice, 1)
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.sessions.by_id(a_session(alice).id) == a_session(alice)
        assert await repositories.sessions.by_id(SessionId("s_other")) is None


async def test_sessions_are_listed_newest_first(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_sessions(unit_of_work, alice, 3)
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.sessions.of_user(alice.id) == [a_session(alice, n) for n in (3, 2, 1)]
        assert await repositories.sessions.of_user(a_user("bob").id) == []


async def test_a_session_ends_once(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_sessions(unit_of_work, alice, 2)
    async with unit_of_work() as transaction:
        assert await transaction.sessions.end(a_session(alice, 1).id)
        assert not await transaction.sessions.end(a_session(alice, 1).id)
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.sessions.of_user(alice.id) == [a_session(alice, 2)]


async def test_ending_all_spares_the_one_to_keep_and_other_users(unit_of_work: UnitOfWork, alice: User) -> None:
    bob = a_user("bob")
    async with unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.commit()
    await keep_sessions(unit_of_work, alice, 3)
    await keep_sessions(unit_of_work, bob, 1)
    async with unit_of_work() as transaction:
        assert await transaction.sessions.end_all(alice.id, keep=a_session(alice, 2).id) == 2
        assert await transaction.sessions.of_user(alice.id) == [a_session(alice, 2)]
        assert await transaction.sessions.end_all(alice.id) == 1
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.sessions.of_user(alice.id) == []
        assert await repositories.sessions.of_user(bob.id) == [a_session(bob)]


async def test_a_session_leads_to_its_user_until_it_ends(ports: Ports, alice: User) -> None:
    session = a_session(alice)
    assert await ports.identities.by_session(session.id) is None
    await keep_sessions(ports.unit_of_work, alice, 1)
    assert await ports.identities.by_session(session.id) == Identity(alice, session)
    async with ports.unit_of_work() as transaction:
        await transaction.sessions.end(session.id)
        await transaction.commit()
    assert await ports.identities.by_session(session.id) is None


async def test_expired_sessions_are_purged_a_few_at_a_time(unit_of_work: UnitOfWork, alice: User) -> None:
    await keep_sessions(unit_of_work, alice, 5)
    expiry = a_session(alice).expires_at
    living = attrs.evolve(a_session(alice, 9), expires_at=expiry + timedelta(microseconds=1))
    async with unit_of_work() as transaction:
        await transaction.sessions.add(living)
        assert await transaction.sessions.purge(expiry, 10) == 0, "expired at this instant is not before it"
        assert await transaction.sessions.purge(living.expires_at, 2) == 2
        assert await transaction.sessions.purge(living.expires_at, 10) == 3
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.sessions.of_user(alice.id) == [living]


async def test_each_session_leads_to_its_own_user_among_many(ports: Ports, alice: User) -> None:
    bob = a_user("bob")
    async with ports.unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.commit()
    for user in (alice, bob):
        await keep_sessions(ports.unit_of_work, user, 2)
    for user in (alice, bob):
        for number in (1, 2):
            session = a_session(user, number)
            assert await ports.identities.by_session(session.id) == Identity(user, session)
    assert await ports.identities.by_session(SessionId("s_none")) is None


async def test_sessions_of_one_instant_have_an_order_all_the_same(unit_of_work: UnitOfWork, alice: User) -> None:
    sessions = [attrs.evolve(a_session(alice, n), created_at=a_session(alice).created_at) for n in (2, 3, 1)]
    older = attrs.evolve(a_session(alice, 9), created_at=a_session(alice).created_at - timedelta(microseconds=1))
    async with unit_of_work() as transaction:
        for session in (*sessions, older):
            await transaction.sessions.add(session)
        await transaction.commit()
    async with unit_of_work.snapshot() as repositories:
        listed = await repositories.sessions.of_user(alice.id)
    assert listed == [sessions[1], sessions[0], sessions[2], older]
