"""The contract of every Sessions."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import Client, Proof, Session, SessionId, User
from leadnator_auth.domain.policy import MOST_SESSIONS
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_five_purged,
    assert_utc,
    at_once,
    in_snapshot,
    in_transaction,
    keep,
    keep_users,
)
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_session, a_user

LONG = 300
SHORT = "`of_user` returns no more than `limit`, the newest"


async def keep_sessions(unit_of_work: UnitOfWork, user: User, count: int) -> None:
    await keep(unit_of_work, *(a_session(user, number) for number in range(1, count + 1)))


async def sessions_of(unit_of_work: UnitOfWork, user: User) -> list[Session]:
    return await in_snapshot(unit_of_work, lambda it: it.sessions.of_user(user, 100))


class SessionsContract(StoreContract):
    """For Sessions. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_session_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 1)
        async with unit_of_work.snapshot() as repositories:
            kept = await repositories.sessions.by_id(a_session(alice).id)
            assert kept == a_session(alice), "`by_id` returns every field as it was added, times to the microsecond"
            assert_utc(kept.created_at, kept.expires_at, kept.authenticated_at)
            assert await repositories.sessions.by_id(SessionId("s_other")) is None, "an unknown id finds None"

    async def test_another_proof_is_kept_and_nothing_else(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 2)
        proven = a_session(alice, 1).proven_by(Proof(NOW + HOUR, ()))
        await in_transaction(
            unit_of_work, lambda it: it.sessions.save(attrs.evolve(proven, expires_at=NOW, client=Client()))
        )
        listed = await sessions_of(unit_of_work, alice)
        assert listed == [a_session(alice, 2), proven], "`save` keeps the epoch and the last proof of one session"

    async def test_sessions_are_listed_newest_first(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 3)
        expected = [a_session(alice, number) for number in (3, 2, 1)]
        assert await sessions_of(unit_of_work, alice) == expected, "`of_user` returns the newest first"
        assert await sessions_of(unit_of_work, a_user("bob")) == [], "`of_user` returns those of one user"

    async def test_sessions_of_one_instant_have_an_order_all_the_same(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        sessions = [attrs.evolve(a_session(alice, n), created_at=a_session(alice).created_at) for n in (2, 3, 1)]
        older = attrs.evolve(a_session(alice, 9), created_at=a_session(alice).created_at - timedelta(microseconds=1))
        await keep(unit_of_work, *sessions, older)
        listed = await sessions_of(unit_of_work, alice)
        assert listed == [sessions[1], sessions[0], sessions[2], older], "those of one instant come by descending id"

    async def test_a_session_ends_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 2)
        async with unit_of_work() as transaction:
            assert await transaction.sessions.end(a_session(alice, 1).id), "`end` returns True for one that was there"
            again = await transaction.sessions.end(a_session(alice, 1).id)
            assert not again, "`end` returns False for one that was not there (any more)"
            await transaction.commit()
        assert await sessions_of(unit_of_work, alice) == [a_session(alice, 2)], "`end` ends one session, for good"

    async def test_of_twenty_who_end_a_session_at_once_one_did(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 1)
        done = await at_once(20, unit_of_work, lambda it: it.sessions.end(a_session(alice).id))
        assert done.count(True) == 1, "`end` is one atomic step: of twenty at once, one is told that it did"

    async def test_a_list_has_an_end_and_one_epoch(self, unit_of_work: UnitOfWork, alice: User) -> None:
        later = attrs.evolve(alice, session_epoch=1)
        await keep_sessions(unit_of_work, alice, 3)
        async with unit_of_work() as transaction:
            assert await transaction.sessions.of_user(alice, 2) == [a_session(alice, 3), a_session(alice, 2)], SHORT
            assert await transaction.sessions.of_user(later, 10) == [], "`of_user` returns those of the user's epoch"
            spared = attrs.evolve(a_session(alice, 1), epoch=1)
            await transaction.sessions.save(spared)
            await transaction.sessions.save(attrs.evolve(a_session(alice, 9), epoch=1))
            assert await transaction.sessions.of_user(later, 10) == [spared], "`save` moves a session that is there"
            await transaction.commit()

    async def test_a_long_list_is_whole(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, LONG)
        newest_first = [a_session(alice, number) for number in range(LONG, 0, -1)]
        for limit in (LONG - 1, LONG, LONG + 1, MOST_SESSIONS):
            async with unit_of_work.snapshot() as repositories:
                listed = await repositories.sessions.of_user(alice, limit)
            assert listed == newest_first[:limit], "`of_user` returns each session once, however many there are"

    async def test_the_sessions_beyond_a_number_go_those_of_earlier_epochs_first(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await keep_sessions(unit_of_work, alice, 5)
        await keep_sessions(unit_of_work, bob, 1)
        oldest = attrs.evolve(a_session(alice, 1), epoch=1)
        async with unit_of_work() as transaction:
            await transaction.sessions.save(oldest)
            assert len(await transaction.sessions.trim(alice.id, keep=5, limit=10)) == 0, "`trim` leaves `keep` of them"
            assert len(await transaction.sessions.trim(alice.id, keep=2, limit=2)) == 2, (
                "`trim` removes no more than `limit`"
            )
            assert await transaction.sessions.by_id(a_session(alice, 5).id), "of one epoch the newest stays"
            assert len(await transaction.sessions.trim(alice.id, keep=2, limit=2)) == 1, (
                "`trim` returns those that it removed"
            )
            assert len(await transaction.sessions.trim(alice.id, keep=1, limit=2)) == 1, "earlier epochs go first"
            assert await transaction.sessions.by_id(oldest.id) == oldest, "earlier epochs go first, however new"
            assert len(await transaction.sessions.trim(alice.id, keep=0, limit=2)) == 1, "nothing need be kept"
            await transaction.commit()
        assert await sessions_of(unit_of_work, bob) == [a_session(bob)], "`trim` is for one user"

    async def test_expired_sessions_are_purged_a_few_at_a_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 5)
        expiry = a_session(alice).expires_at
        living = attrs.evolve(a_session(alice, 9), expires_at=expiry + timedelta(microseconds=1))
        async with unit_of_work() as transaction:
            await transaction.sessions.add(living)
            await assert_five_purged(transaction, Expired.SESSIONS, expiry, living.expires_at)
            await transaction.commit()
        assert await sessions_of(unit_of_work, alice) == [living], "`purge` leaves those that have not expired"

    async def test_the_latest_use_is_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 2)
        session, other = a_session(alice, 1), a_session(alice, 2)
        first = session.created_at + timedelta(microseconds=1)
        async with unit_of_work() as transaction:
            for at, noted in (
                (session.created_at, None),
                (first, first),
                (first - HOUR, first),
                (first + HOUR, first + HOUR),
            ):
                await transaction.sessions.note_uses({session.id: at, SessionId("s_none"): at})
                kept = await transaction.sessions.by_id(session.id)
                assert kept == attrs.evolve(session, last_used_at=noted), "an earlier use takes the place of none"
            assert await transaction.sessions.by_id(other.id) == other, "`note_uses` is for the sessions that are named"
            await transaction.sessions.note_uses({})
            await transaction.commit()
        assert attrs.evolve(session, last_used_at=noted) in await sessions_of(unit_of_work, alice)

    async def test_sessions_that_were_not_used_for_long_are_purged(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_sessions(unit_of_work, alice, 1)
        used_at = NOW + HOUR
        idle, living = (
            attrs.evolve(a_session(alice, number), last_used_at=used_at + timedelta(microseconds=number))
            for number in (2, 3)
        )
        async with unit_of_work() as transaction:
            await transaction.sessions.add(idle)
            await transaction.sessions.add(living)
            assert await transaction.purge(Expired.IDLE_SESSIONS, living.last_used_at or NOW, 10) == 1, (
                "`purge` removes those whose use was noted last before the instant"
            )
            await transaction.commit()
        assert await sessions_of(unit_of_work, alice) == [living, a_session(alice, 1)], (
            "`purge` leaves those that were used later, and those whose use is not noted"
        )

    async def test_when_the_last_session_expires_is_known(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work() as transaction:
            assert await transaction.sessions.last_expiry() is None, "`last_expiry` is None without a session"
            for number, hours in ((1, 9), (2, 3), (3, 7)):
                expires_at = NOW + hours * HOUR
                await transaction.sessions.add(attrs.evolve(a_session(alice, number), expires_at=expires_at))
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.sessions.last_expiry() == NOW + 9 * HOUR, "`last_expiry` is that of all sessions"
