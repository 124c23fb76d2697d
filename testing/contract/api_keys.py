"""The contract of every ApiKeys."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import ApiKey, ApiKeyId, User
from leadnator_auth.domain.entities.session import USE_NOTED_EVERY
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, at_once, in_snapshot, keep, keep_users
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_user

AT_ONCE = 20


def an_api_key(user: User, number: int = 1) -> ApiKey:
    return ApiKey(
        digest=f"{user.id}-{number}-".ljust(64, "0"),
        id=ApiKeyId(f"k_{user.id}_{number}"),
        user_id=user.id,
        name="Zoë's report ☕",
        scopes=("introspect", "revocations"),
        created_at=NOW + timedelta(microseconds=number),
        expires_at=NOW + HOUR,
        last_used_at=NOW,
    )


async def kept(unit_of_work: UnitOfWork, user: User) -> list[ApiKey]:
    return await in_snapshot(unit_of_work, lambda it: it.api_keys.of_user(user.id))


class ApiKeysContract(StoreContract):
    """For ApiKeys. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_key_comes_back_by_its_id_and_its_digest(self, unit_of_work: UnitOfWork, alice: User) -> None:
        plain = attrs.evolve(an_api_key(alice, 2), scopes=(), expires_at=None, last_used_at=None)
        await keep(unit_of_work, an_api_key(alice), plain)
        async with unit_of_work() as transaction:
            for key in (an_api_key(alice), plain):
                assert await transaction.api_keys.by_id(key.id) == key, "`by_id` returns every field"
                assert await transaction.api_keys.by_digest(key.digest) == key, "`by_digest` returns every field"
            found = await transaction.api_keys.by_id(an_api_key(alice).id)
            assert found is not None
            assert_utc(found.created_at, found.expires_at, found.last_used_at)
            assert await transaction.api_keys.by_id(ApiKeyId("k_none")) is None, "an unknown id finds None"
            assert await transaction.api_keys.by_digest("none") is None, "an unknown digest finds None"

    async def test_the_keys_of_an_account_come_newest_first(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        twins = [attrs.evolve(an_api_key(alice, number), created_at=NOW) for number in (5, 4)]
        await keep(unit_of_work, an_api_key(alice, 2), *twins, an_api_key(alice, 1), an_api_key(bob))
        found = [key.id[-1] for key in await kept(unit_of_work, alice)]
        assert found == ["2", "1", "5", "4"], "`of_user` is for one account, newest first, then by id"
        assert await kept(unit_of_work, a_user("carol")) == [], "an account without any has none"

    async def test_a_use_is_kept_once_a_minute(self, unit_of_work: UnitOfWork, alice: User) -> None:
        never = attrs.evolve(an_api_key(alice, 1), last_used_at=None)
        just, other = an_api_key(alice, 2), an_api_key(alice, 3)
        await keep(unit_of_work, never, just, other)

        async def use(after: timedelta) -> list[ApiKey]:
            async with unit_of_work() as transaction:
                await transaction.api_keys.note_uses(
                    dict.fromkeys([never.id, just.id, ApiKeyId("k_none")], NOW + after)
                )
                await transaction.api_keys.note_uses({})
                await transaction.commit()
            return await kept(unit_of_work, alice)

        soon = USE_NOTED_EVERY - timedelta(microseconds=1)
        first = attrs.evolve(never, last_used_at=NOW + soon)
        assert await use(soon) == [other, just, first], "the first use is kept at once, any other after a minute"
        noted = attrs.evolve(just, last_used_at=NOW + USE_NOTED_EVERY)
        assert await use(USE_NOTED_EVERY) == [other, noted, first], "`note_uses` is for the keys that are named"

    async def test_of_twenty_at_once_one_removes_it(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, an_api_key(alice), an_api_key(alice, 2))
        tries = await at_once(AT_ONCE, unit_of_work, lambda it: it.api_keys.remove(an_api_key(alice).id))
        assert sorted(tries) == [False] * (AT_ONCE - 1) + [True], "one of many is told that it was there"
        assert await kept(unit_of_work, alice) == [an_api_key(alice, 2)], "`remove` removes one key"

    async def test_those_made_since_an_instant_or_all_are_removed(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        mine = [an_api_key(alice, number) for number in (1, 2, 3)]
        await keep(unit_of_work, *mine, an_api_key(bob, 3))
        async with unit_of_work() as transaction:
            removed = await transaction.api_keys.remove_of_user(alice.id, since=mine[1].created_at)
            assert sorted(removed, key=lambda key: key.id) == mine[1:], (
                "those made at this instant or later go, and are returned"
            )
            assert await transaction.api_keys.of_user(alice.id) == mine[:1], "the older ones stay"
            assert await transaction.api_keys.remove_of_user(alice.id) == mine[:1], "without an instant all go"
            assert await transaction.api_keys.remove_of_user(alice.id) == [], "of none there are none"
            assert await transaction.api_keys.of_user(bob.id) == [an_api_key(bob, 3)], "it is for one account"

    async def test_they_go_with_their_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, an_api_key(alice))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            found = await transaction.api_keys.by_digest(an_api_key(alice).digest)
            assert found is None, "`Users.remove` removes the API keys of the account at once"
