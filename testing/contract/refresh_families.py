"""The contract of every RefreshFamilies."""

from datetime import timedelta

import attrs
import pytest_asyncio

from leadnator_auth.domain import RefreshFamily, Session, SessionId, User
from leadnator_auth.domain.ports import Expired, Transaction, UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, at_once
from leadnator_auth.testing.contract.samples import a_session

GOES = "a family goes with its session (FOREIGN KEY … ON DELETE CASCADE)"
TURNS = "what was looked up to be changed stays as it was read: lock with the look-up, or one writer at a time"


def a_family(session: Session, newest: int = 1) -> RefreshFamily:
    return RefreshFamily(session.id, "0123456789abcdef", newest)


class RefreshFamiliesContract(StoreContract):
    """For RefreshFamilies. Fixture: `unit_of_work`, over an empty store."""

    @pytest_asyncio.fixture
    async def sessions(self, unit_of_work: UnitOfWork, alice: User) -> list[Session]:
        """Two sessions of Alice, each with its family."""
        sessions = [a_session(alice, number) for number in (1, 2)]
        async with unit_of_work() as transaction:
            for newest, session in enumerate(sessions, 1):
                await transaction.sessions.add(session)
                await transaction.refresh_families.add(a_family(session, newest))
            await transaction.commit()
        return sessions

    async def test_a_family_comes_back_as_it_was_kept_last(
        self, unit_of_work: UnitOfWork, sessions: list[Session]
    ) -> None:
        first, second = sessions
        many = 2**40
        async with unit_of_work() as transaction:
            await transaction.refresh_families.save(a_family(first, many))
            await transaction.refresh_families.save(RefreshFamily(SessionId("s_none"), "k", 7))
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            families = repositories.refresh_families
            assert await families.of_session(first.id) == a_family(first, many), "`save` keeps any number"
            assert await families.of_session(second.id) == a_family(second, 2), "`save` is for one family"
            assert await families.of_session(SessionId("s_none")) is None, "`save` makes no family"

    async def test_what_is_kept_is_its_newest_token_and_not_another_key(
        self, unit_of_work: UnitOfWork, sessions: list[Session]
    ) -> None:
        async with unit_of_work() as transaction:
            changed = attrs.evolve(a_family(sessions[0], 5), key_id="fedcba9876543210")
            await transaction.refresh_families.save(changed)
            kept = await transaction.refresh_families.of_session(sessions[0].id)
        assert kept == a_family(sessions[0], 5), "`save` keeps the newest, and the key is what it was"

    async def test_of_sixteen_at_once_each_finds_what_the_one_before_left(
        self, unit_of_work: UnitOfWork, sessions: list[Session]
    ) -> None:
        session = sessions[0]

        async def rotate(transaction: Transaction) -> None:
            family = await transaction.refresh_families.of_session(session.id)
            assert family is not None
            await transaction.refresh_families.save(attrs.evolve(family, newest=family.newest + 1))

        await at_once(16, unit_of_work, rotate)
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.refresh_families.of_session(session.id) == a_family(session, 17), TURNS

    async def test_a_family_goes_when_its_session_is_ended(
        self, unit_of_work: UnitOfWork, sessions: list[Session]
    ) -> None:
        first, second = sessions
        async with unit_of_work() as transaction:
            await transaction.sessions.end(first.id)
            assert await transaction.refresh_families.of_session(first.id) is None, GOES
            assert await transaction.refresh_families.of_session(second.id), "`end` is for one session"

    async def test_families_go_with_sessions_that_are_too_many(
        self, unit_of_work: UnitOfWork, alice: User, sessions: list[Session]
    ) -> None:
        async with unit_of_work() as transaction:
            await transaction.sessions.trim(alice.id, keep=1, limit=10)
            left = [await transaction.refresh_families.of_session(session.id) for session in sessions]
        assert left == [None, a_family(sessions[1], 2)], GOES

    async def test_families_go_with_sessions_that_expired(
        self, unit_of_work: UnitOfWork, sessions: list[Session]
    ) -> None:
        async with unit_of_work() as transaction:
            await transaction.purge(Expired.SESSIONS, sessions[0].expires_at + timedelta(days=1), 10)
            left = [await transaction.refresh_families.of_session(session.id) for session in sessions]
        assert left == [None, None], GOES

    async def test_families_go_with_their_account(
        self, unit_of_work: UnitOfWork, alice: User, sessions: list[Session]
    ) -> None:
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            left = [await transaction.refresh_families.of_session(session.id) for session in sessions]
        assert left == [None, None], GOES
