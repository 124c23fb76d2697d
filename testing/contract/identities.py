"""The contract of every Identities."""

import asyncio

import attrs
import pytest

from leadnator_auth.domain import ApiKeyId, KeyIdentity, SessionId, Status, UnavailableError, User
from leadnator_auth.domain.entities.session import USE_NOTED_EVERY, Identity
from leadnator_auth.domain.ports import Identities, UnitOfWork
from leadnator_auth.testing.contract.api_keys import an_api_key
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_utc,
    in_transaction,
    keep,
    keep_users,
    must_raise,
)
from leadnator_auth.testing.contract.samples import NOW, a_session, a_user
from leadnator_auth.testing.contract.sessions import keep_sessions


class IdentitiesContract(StoreContract):
    """For Identities. Fixtures: `unit_of_work` over an empty store, and `identities` over the same.

    Optional: `unreachable`, identities over a store that nobody can reach.
    """

    @pytest.fixture
    def unreachable(self) -> Identities:
        """Identities over a store that nobody can reach."""
        pytest.skip("override the fixture `unreachable` to test this")

    async def test_a_session_leads_to_its_user_until_it_ends(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        session = a_session(alice)
        assert await identities.by_session(session.id) is None, "a session that is not there leads to nobody"
        await keep_sessions(unit_of_work, alice, 1)
        found = await identities.by_session(session.id)
        assert found == Identity(alice, session), "the user and the session come as they were kept"
        assert_utc(found.user.created_at, found.session.expires_at)
        await in_transaction(unit_of_work, lambda it: it.sessions.end(session.id))
        ended = await identities.by_session(session.id)
        assert ended is None, "a session that was ended leads to nobody, at once: nothing may be cached"

    async def test_a_use_is_noted_beside_all_else(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        session = a_session(alice)
        await keep_sessions(unit_of_work, alice, 2)
        at = session.created_at + USE_NOTED_EVERY
        for session_id in (SessionId("s_none"), session.id, session.id):
            identities.note_use(session_id, at)
        noted = Identity(alice, attrs.evolve(session, last_used_at=at))
        async with asyncio.timeout(30):
            while await identities.by_session(session.id) != noted:  # noqa: ASYNC110 (nobody tells when)
                await asyncio.sleep(0)
        other = await identities.by_session(a_session(alice, 2).id)
        assert other == Identity(alice, a_session(alice, 2)), "`note_use` is for one session"

    async def test_an_api_key_leads_to_its_user_until_it_is_revoked(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        key, other = an_api_key(alice), an_api_key(bob)
        assert await identities.by_api_key(key.digest) is None, "a key that is not there leads to nobody"
        await keep(unit_of_work, key, other)
        assert await identities.by_api_key(other.digest) == KeyIdentity(bob, other), "a key leads to its own user"
        found = await identities.by_api_key(key.digest)
        assert found == KeyIdentity(alice, key), "the user and the key come as they were kept"
        assert_utc(found.user.created_at, found.key.expires_at)
        async with unit_of_work() as transaction:
            await transaction.api_keys.remove(key.id)
            await transaction.users.save(attrs.evolve(bob, status=Status.SUSPENDED))
            await transaction.commit()
        assert await identities.by_api_key(key.digest) is None, (
            "a key that was revoked leads to nobody, at once: nothing may be cached"
        )
        suspended = await identities.by_api_key(other.digest)
        assert suspended is not None
        assert suspended.user.is_suspended, "the user is as they are now: nothing may be cached"

    async def test_a_use_of_an_api_key_is_noted_beside_all_else(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        key, other = an_api_key(alice), an_api_key(alice, 2)
        await keep(unit_of_work, key, other)
        at = NOW + USE_NOTED_EVERY
        for key_id in (ApiKeyId("k_none"), key.id, key.id):
            identities.note_key_use(key_id, at)
        noted = KeyIdentity(alice, attrs.evolve(key, last_used_at=at))
        async with asyncio.timeout(30):
            while await identities.by_api_key(key.digest) != noted:  # noqa: ASYNC110 (nobody tells when)
                await asyncio.sleep(0)
        assert await identities.by_api_key(other.digest) == KeyIdentity(alice, other), "`note_key_use` is for one key"

    async def test_each_session_leads_to_its_own_user_among_many(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        for user in (alice, bob):
            await keep_sessions(unit_of_work, user, 2)
        for user in (alice, bob):
            for number in (1, 2):
                session = a_session(user, number)
                found = await identities.by_session(session.id)
                assert found == Identity(user, session), "a session leads to the user it belongs to"
        assert await identities.by_session(SessionId("s_none")) is None, "an unknown session leads to nobody"

    async def test_no_session_leads_to_an_account_that_is_gone(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        await keep_sessions(unit_of_work, alice, 1)
        await in_transaction(unit_of_work, lambda it: it.users.remove(alice.id))
        found = await identities.by_session(a_session(alice).id)
        assert found is None, "with an account go its sessions, at once"

    async def test_what_was_not_committed_leads_to_nobody(
        self, unit_of_work: UnitOfWork, identities: Identities, alice: User
    ) -> None:
        async with unit_of_work() as transaction:
            await transaction.sessions.add(a_session(alice))
            found = await identities.by_session(a_session(alice).id)
        assert found is None, "read what is committed, and wait for no writer"

    async def test_a_store_that_is_away_is_told_and_makes_nobody_a_stranger(self, unreachable: Identities) -> None:
        with must_raise(UnavailableError, "a store out of reach is not the same as an ended session"):
            await unreachable.by_session(SessionId("s_1"))
        with must_raise(UnavailableError, "a store out of reach is not the same as a revoked key"):
            await unreachable.by_api_key("digest")
