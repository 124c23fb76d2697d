"""Promises that hold when administrators meet, over every store; above all, one admin always stays."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from leadnator_auth.domain import (
    Actor,
    EmailTakenError,
    Identity,
    Ports,
    SessionId,
    SignedIn,
    User,
    UserId,
    change_user,
    create_user,
    delete_account,
    delete_user,
    identify,
    list_events,
    list_users,
    log_in,
    sign_up,
)
from leadnator_auth.testing.contract.administration_cancellation import (
    OPERATOR,
    WHOLE,
    AdministrationCancellationContract,
    admins_in,
)
from leadnator_auth.testing.contract.checking import in_snapshot, outcomes

TWENTY = 20
LAST_ADMIN = "the last admin stays: units that call `active_admins` to change one of them take turns"


async def demote(actor: Actor, victim: Actor, world: Ports) -> object:
    return await change_user(actor, UserId(victim.id), {"role": "user"}, ports=world)


async def suspend(actor: Actor, victim: Actor, world: Ports) -> object:
    return await change_user(actor, UserId(victim.id), {"status": "suspended"}, ports=world)


async def delete(actor: Actor, victim: Actor, world: Ports) -> object:
    return await delete_user(actor, UserId(victim.id), ports=world)


async def leave(actor: Actor, victim: Actor, world: Ports) -> None:
    await delete_account(await identity_of(victim, world), ports=world)


Lose = Callable[[Actor, Actor, Ports], Awaitable[object]]
LOSSES: list[Lose] = [demote, suspend, delete]


async def identity_of(actor: Actor, world: Ports) -> Identity:
    async with world.unit_of_work.snapshot() as repositories:
        user = await repositories.users.by_id(UserId(actor.id))
        session = await repositories.sessions.by_id(actor.session_id or SessionId(""))
    assert user is not None
    assert session is not None
    return Identity(user, session)


async def active_admins(world: Ports) -> list[User]:
    return await in_snapshot(world.unit_of_work, lambda it: it.users.active_admins())


class AdministrationRacesContract(AdministrationCancellationContract):
    """For a store as a whole, under administrators. Fixture: `unit_of_work`, over an empty store.

    Optional: `world`, a complete set of ports with the store in it, to test its Identities and RateLimits along.
    """

    @pytest.mark.parametrize("lose", [*LOSSES, leave])
    async def test_of_twenty_admins_who_all_leave_at_once_the_last_one_stays(self, world: Ports, lose: Lose) -> None:
        admins = await admins_in(world, TWENTY)
        results = await outcomes(*(lose(admin, admin, world) for admin in admins))
        assert results == {"done": TWENTY - 1, "last_admin": 1}, LAST_ADMIN
        assert len(await active_admins(world)) == 1, LAST_ADMIN

    @pytest.mark.parametrize("lose", LOSSES)
    async def test_of_two_admins_who_turn_on_each_other_one_stays(self, world: Ports, lose: Lose) -> None:
        one, other = await admins_in(world, 2)
        results = await outcomes(lose(one, other, world), lose(other, one, world))
        assert results["done"] == 1, LAST_ADMIN
        assert results.keys() < {"done", "forbidden", "invalid_token"}, "who comes late has no right any more"
        assert len(await active_admins(world)) == 1, LAST_ADMIN

    async def test_of_two_admins_one_who_leaves_and_one_who_is_demoted_one_stays(self, world: Ports) -> None:
        one, other = await admins_in(world, 2)
        results = await outcomes(leave(one, one, world), demote(other, other, world))
        assert results == {"done": 1, "last_admin": 1}, LAST_ADMIN
        assert len(await active_admins(world)) == 1, LAST_ADMIN

    async def test_twenty_admins_who_turn_on_each_other_in_a_circle_leave_an_admin(self, world: Ports) -> None:
        admins = await admins_in(world, TWENTY)
        circle = zip(admins, admins[1:] + admins[:1], strict=True)
        results = await outcomes(*(LOSSES[n % 3](one, other, world) for n, (one, other) in enumerate(circle)))
        left = await active_admins(world)
        assert len(left) == TWENTY - results["done"] >= 1, LAST_ADMIN
        assert results.keys() <= {"done", "forbidden", "invalid_token"}, "who comes late has no right any more"

    @pytest.mark.parametrize("lose", LOSSES)
    async def test_the_operator_cannot_take_the_last_admins_at_once_either(self, world: Ports, lose: Lose) -> None:
        admins = await admins_in(world, 3)
        results = await outcomes(*(lose(OPERATOR, admin, world) for admin in admins))
        assert results == {"done": 2, "last_admin": 1}, LAST_ADMIN
        assert len(await active_admins(world)) == 1, LAST_ADMIN

    async def test_what_was_done_is_an_event_and_what_was_refused_is_not(self, world: Ports) -> None:
        admins = await admins_in(world, 6)
        results = await outcomes(*(demote(admin, admin, world) for admin in admins))
        changed = (await list_events(OPERATOR, None, "user.updated", 100, ports=world)).entries
        assert len(changed) == results["done"] == 5, "an event is kept or lost with the change that it tells of"
        assert len({event.actor for event in changed}) == 5, "each event names who did it"

    async def test_nobody_who_logs_in_while_they_are_suspended_keeps_a_session(self, world: Ports) -> None:
        alice = await sign_up("Alice", "alice@example.com", "secret", ports=world)
        log_ins = [log_in("alice@example.com", "secret", ports=world) for _ in range(10)]
        change = change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=world)
        results = await asyncio.gather(*log_ins[:5], change, *log_ins[5:], return_exceptions=True)
        assert not isinstance(results[5], BaseException), f"a suspension does not fail for a log-in: {results[5]!r}"
        await change_user(OPERATOR, alice.user.id, {"status": "active"}, ports=world)
        for opened in [alice, *results]:
            if isinstance(opened, SignedIn):
                outcome = await outcomes(identify(opened.token, ports=world))
                assert outcome == {"invalid_token": 1}, WHOLE

    async def test_an_account_that_is_deleted_while_its_owner_is_busy_is_gone_whole(self, world: Ports) -> None:
        alice = await sign_up("Alice", "alice@example.com", "secret", ports=world)
        change = {"plan": "Growth"}
        results = await outcomes(
            *(log_in("alice@example.com", "secret", ports=world) for _ in range(8)),
            *(delete_user(OPERATOR, alice.user.id, ports=world) for _ in range(4)),
            *(change_user(OPERATOR, alice.user.id, change, ports=world) for _ in range(4)),
        )
        assert results.keys() <= {"done", "not_found", "invalid_credentials"}, "who comes late finds nobody"
        async with world.unit_of_work.snapshot() as repositories:
            assert await repositories.users.by_id(alice.user.id) is None, WHOLE
            assert await repositories.credentials.of(alice.user.id) is None, WHOLE
            assert await repositories.sessions.of_user(alice.user, 10) == [], WHOLE

    async def test_of_accounts_with_one_address_that_are_made_at_once_one_is(self, world: Ports) -> None:
        results = await outcomes(
            *(create_user(OPERATOR, "Al", "al@example.com", "secret", ports=world) for _ in range(5)),
            *(sign_up("Al", "al@example.com", "secret", ports=world) for _ in range(5)),
        )
        assert results == {"done": 1, EmailTakenError.code: 9}, "one canonical address has one account"

    async def test_changes_of_one_account_at_once_are_all_kept_and_all_told(self, world: Ports) -> None:
        (root,) = await admins_in(world, 1)
        alice = (await sign_up("Alice", "alice@example.com", "secret", ports=world)).user
        changes = [{"name": "Alicia"}, {"plan": "Growth"}, {"role": "admin"}]
        await asyncio.gather(*(change_user(root, alice.id, each, ports=world) for each in changes))
        page = await list_users(root, "alicia", ports=world)
        after = [(user.name, user.plan, user.role.value) for user in page.entries]
        assert after == [("Alicia", "Growth", "admin")], "units that look up one user to change it take turns"
        told = await list_events(root, alice.id, "user.updated", ports=world)
        fields = sorted(str(event.data["fields"]) for event in told.entries)
        assert fields == ["name", "plan", "role"], "every change is told by an event"
