"""The contract of every Passkeys."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import Passkey, PasskeyExistsError, PasskeyId, User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_utc,
    at_once,
    in_snapshot,
    in_transaction,
    keep,
    keep_users,
    must_raise,
    outcomes,
)
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_user

AT_ONCE = 20
HIGHEST_COUNT = 2**32 - 1
"""A counter has 32 bits (WebAuthn Level 3 section 6.1)."""


def a_passkey(user: User, number: int = 1, sign_count: int = 7) -> Passkey:
    return Passkey(
        id=PasskeyId(f"p_{user.id}_{number}"),
        user_id=user.id,
        credential_id=f"{user.id}-{number}-".ljust(1364, "x"),
        name="Zoë's phone ☕",
        public_key="pQECAyYgASFYIA-_",
        algorithm=-257,
        sign_count=sign_count,
        backup_eligible=True,
        backed_up=False,
        transports=("hybrid", "internal"),
        aaguid="08987058-cadc-4b81-b6e1-30de50dcbe96",
        created_at=NOW + timedelta(microseconds=number),
    )


async def used(unit_of_work: UnitOfWork, passkey: Passkey) -> bool:
    return await in_transaction(unit_of_work, lambda it: it.passkeys.record_use(passkey))


async def kept(unit_of_work: UnitOfWork, user: User) -> list[Passkey]:
    return await in_snapshot(unit_of_work, lambda it: it.passkeys.of_user(user.id))


class PasskeysContract(StoreContract):
    """For Passkeys. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_passkey_comes_back_by_each_of_its_keys(self, unit_of_work: UnitOfWork, alice: User) -> None:
        plain = attrs.evolve(a_passkey(alice, 2), transports=(), last_used_at=NOW + HOUR, backed_up=True)
        await keep(unit_of_work, a_passkey(alice), plain)
        async with unit_of_work() as transaction:
            passkeys = transaction.passkeys
            for passkey in (a_passkey(alice), plain):
                assert await passkeys.by_id(passkey.id) == passkey, "`by_id` returns every field"
                assert await passkeys.by_credential_id(passkey.credential_id) == passkey, (
                    "`by_credential_id` returns every field"
                )
            found = await passkeys.by_id(plain.id)
            assert found is not None
            assert_utc(found.created_at, found.last_used_at)
            assert await passkeys.by_id(PasskeyId("p_nobody")) is None, "an unknown id finds None"
            assert await passkeys.by_credential_id(plain.credential_id.swapcase()) is None, (
                "credential ids differ by letter case: they are base64url"
            )

    async def test_the_passkeys_of_an_account_come_oldest_first(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        twins = [attrs.evolve(a_passkey(alice, number), created_at=NOW) for number in (5, 4)]
        await keep(unit_of_work, a_passkey(alice, 2), *twins, a_passkey(alice, 1), a_passkey(bob))
        found = [passkey.id[-1] for passkey in await kept(unit_of_work, alice)]
        assert found == ["4", "5", "1", "2"], "`of_user` is for one account, oldest first, then by id"
        assert await kept(unit_of_work, a_user("carol")) == [], "an account without any has none"

    async def test_a_credential_id_is_there_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await keep(unit_of_work, a_passkey(alice))
        stolen = attrs.evolve(a_passkey(bob), credential_id=a_passkey(alice).credential_id)
        with must_raise(PasskeyExistsError, "no two passkeys have one credential id, of whatever accounts"):
            await keep(unit_of_work, stolen)
        assert await kept(unit_of_work, alice) == [a_passkey(alice)], "the first one stays as it was"

    async def test_of_twenty_at_once_one_gets_the_credential_id(self, unit_of_work: UnitOfWork, alice: User) -> None:
        same = a_passkey(alice).credential_id
        passkeys = [attrs.evolve(a_passkey(alice, number), credential_id=same) for number in range(AT_ONCE)]
        counted = await outcomes(*(keep(unit_of_work, passkey) for passkey in passkeys))
        assert counted == {"done": 1, "passkey_exists": AT_ONCE - 1}, "let a constraint of the store decide"

    async def test_a_use_is_kept_and_nothing_else_changes(self, unit_of_work: UnitOfWork, alice: User) -> None:
        passkey, other = a_passkey(alice), a_passkey(alice, 2)
        await keep(unit_of_work, passkey, other)
        after = attrs.evolve(
            passkey, sign_count=HIGHEST_COUNT, backed_up=True, backup_eligible=False, last_used_at=NOW + HOUR
        )
        changed = attrs.evolve(after, name="another", public_key="another", transports=())
        assert await used(unit_of_work, changed) is True, "a counter that rises is kept"
        assert await kept(unit_of_work, alice) == [after, other], (
            "`record_use` keeps the counter, the flags and the last use of one passkey, and nothing else"
        )
        assert await used(unit_of_work, attrs.evolve(passkey, id=PasskeyId("p_nobody"))) is False, (
            "of none there is none"
        )

    async def test_a_counter_rises_or_is_always_zero(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_passkey(alice, 1, sign_count=7), a_passkey(alice, 2, sign_count=0))
        for sign_count in (7, 6, 0):
            assert await used(unit_of_work, a_passkey(alice, 1, sign_count)) is False, (
                "a counter that does not rise is that of a copy: keep nothing and return False"
            )
        for sign_count, is_kept in ((0, True), (0, True), (1, True), (0, False), (1, False), (2, True)):
            assert await used(unit_of_work, a_passkey(alice, 2, sign_count)) is is_kept, (
                "both zero is an authenticator that does not count; once it counts, it must go on"
            )
        assert [passkey.sign_count for passkey in await kept(unit_of_work, alice)] == [7, 2]

    async def test_of_twenty_uses_with_one_counter_one_is_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_passkey(alice))
        after = attrs.evolve(a_passkey(alice), sign_count=8)
        tries = await at_once(AT_ONCE, unit_of_work, lambda it: it.passkeys.record_use(after))
        assert sorted(tries) == [False] * (AT_ONCE - 1) + [True], "compare and set the counter in one atomic step"

    async def test_a_name_changes_alone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_passkey(alice), a_passkey(alice, 2))
        async with unit_of_work() as transaction:
            await transaction.passkeys.rename(a_passkey(alice).id, "Käthe's key")
            await transaction.passkeys.rename(PasskeyId("p_nobody"), "nothing")
            await transaction.commit()
        renamed = attrs.evolve(a_passkey(alice), name="Käthe's key")
        assert await kept(unit_of_work, alice) == [renamed, a_passkey(alice, 2)], "`rename` changes one name"

    async def test_of_twenty_at_once_one_removes_it(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_passkey(alice), a_passkey(alice, 2))
        tries = await at_once(AT_ONCE, unit_of_work, lambda it: it.passkeys.remove(a_passkey(alice).id))
        assert sorted(tries) == [False] * (AT_ONCE - 1) + [True], "one of many is told that it was there"
        assert await kept(unit_of_work, alice) == [a_passkey(alice, 2)], "`remove` removes one passkey"

    async def test_those_made_since_an_instant_or_all_are_removed(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        mine = [a_passkey(alice, number) for number in (1, 2, 3)]
        await keep(unit_of_work, *mine, a_passkey(bob, 3))
        async with unit_of_work() as transaction:
            removed = await transaction.passkeys.remove_of_user(alice.id, since=mine[1].created_at)
            assert sorted(removed, key=lambda passkey: passkey.id) == mine[1:], (
                "those made at this instant or later go, and are returned"
            )
            assert await transaction.passkeys.of_user(alice.id) == mine[:1], "the older ones stay"
            assert await transaction.passkeys.remove_of_user(alice.id) == mine[:1], "without an instant all go"
            assert await transaction.passkeys.remove_of_user(alice.id) == [], "of none there are none"
            assert await transaction.passkeys.of_user(bob.id) == [a_passkey(bob, 3)], "it is for one account"

    async def test_they_go_with_their_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_passkey(alice))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            found = await transaction.passkeys.by_credential_id(a_passkey(alice).credential_id)
            assert found is None, "`Users.remove` removes the passkeys of the account at once"
            await transaction.commit()
        await keep_users(unit_of_work, a_user("bob"))
        same = attrs.evolve(a_passkey(a_user("bob")), credential_id=a_passkey(alice).credential_id)
        await keep(unit_of_work, same)
        assert await kept(unit_of_work, a_user("bob")) == [same], "its credential id is free then"
