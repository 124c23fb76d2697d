"""What administrators who meet each other keep, over every store; first of all an admin."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from leadnator_auth.domain import (
    Actor,
    EmailTakenError,
    Identity,
    InvalidTokenError,
    Ports,
    SignedIn,
    User,
    UserId,
    change_user,
    create_user,
    delete_user,
    identify,
    list_audit_entries,
    list_users,
    log_in,
    sign_up,
)
from tests.contract.cancelling import cancelled_at_step
from tests.contract.test_races import outcomes

OPERATOR = Actor.operator()
TWENTY = 20


async def admins_in(ports: Ports, count: int) -> list[Actor]:
    """Returns admins, each with a session."""
    signed_in = []
    for number in range(count):
        email = f"admin{number}@example.com"
        await create_user(OPERATOR, "Admin", email, "secret", is_admin=True, **ports.for_user_creation)
        signed_in.append(await log_in(email, "secret", **ports.for_sign_in))
    return [Actor.through(Identity(each.user, each.session)) for each in signed_in]


async def demote(actor: Actor, victim: Actor, ports: Ports) -> object:
    return await change_user(actor, UserId(victim.name), {"role": "user"}, **ports.for_administration)


async def suspend(actor: Actor, victim: Actor, ports: Ports) -> object:
    return await change_user(actor, UserId(victim.name), {"status": "suspended"}, **ports.for_administration)


async def delete(actor: Actor, victim: Actor, ports: Ports) -> object:
    return await delete_user(actor, UserId(victim.name), **ports.for_administration)


Lose = Callable[[Actor, Actor, Ports], Awaitable[object]]
LOSSES: list[Lose] = [demote, suspend, delete]


async def active_admins(ports: Ports) -> list[User]:
    async with ports.unit_of_work.snapshot() as repositories:
        return await repositories.users.active_admins()


@pytest.mark.parametrize("lose", LOSSES)
async def test_of_twenty_admins_who_all_leave_at_once_the_last_one_stays(ports: Ports, lose: Lose) -> None:
    admins = await admins_in(ports, TWENTY)
    results = await outcomes(*(lose(admin, admin, ports) for admin in admins))
    assert results == {"done": TWENTY - 1, "last_admin": 1}
    assert len(await active_admins(ports)) == 1


@pytest.mark.parametrize("lose", LOSSES)
async def test_of_two_admins_who_turn_on_each_other_one_stays(ports: Ports, lose: Lose) -> None:
    one, other = await admins_in(ports, 2)
    results = await outcomes(lose(one, other, ports), lose(other, one, ports))
    assert results["done"] == 1
    assert results.keys() < {"done", "forbidden", "invalid_token"}
    assert len(await active_admins(ports)) == 1


async def test_twenty_admins_who_turn_on_each_other_in_a_circle_leave_an_admin(ports: Ports) -> None:
    admins = await admins_in(ports, TWENTY)
    circle = zip(admins, admins[1:] + admins[:1], strict=True)
    results = await outcomes(*(LOSSES[n % 3](one, other, ports) for n, (one, other) in enumerate(circle)))
    left = await active_admins(ports)
    assert len(left) == TWENTY - results["done"] >= 1
    assert results.keys() <= {"done", "forbidden", "invalid_token"}


@pytest.mark.parametrize("lose", LOSSES)
async def test_the_operator_cannot_take_the_last_admins_at_once_either(ports: Ports, lose: Lose) -> None:
    admins = await admins_in(ports, 3)
    results = await outcomes(*(lose(OPERATOR, admin, ports) for admin in admins))
    assert results == {"done": 2, "last_admin": 1}
    assert len(await active_admins(ports)) == 1


async def test_what_was_done_is_in_the_trail_and_what_was_refused_is_not(ports: Ports) -> None:
    admins = await admins_in(ports, 6)
    results = await outcomes(*(demote(admin, admin, ports) for admin in admins))
    page = await list_audit_entries(OPERATOR, None, 100, unit_of_work=ports.unit_of_work)
    changed = [entry for entry in page.entries if entry.action.value == "user_changed"]
    assert len(changed) == results["done"] == 5
    assert len({entry.actor for entry in changed}) == 5


async def test_nobody_who_logs_in_while_they_are_suspended_keeps_a_session(ports: Ports) -> None:
    alice = await sign_up("Alice", "alice@example.com", "secret", **ports.for_sign_in)
    log_ins = [log_in("alice@example.com", "secret", **ports.for_sign_in) for _ in range(10)]
    change = change_user(OPERATOR, alice.user.id, {"status": "suspended"}, **ports.for_administration)
    results = await asyncio.gather(*log_ins[:5], change, *log_ins[5:], return_exceptions=True)
    assert not isinstance(results[5], BaseException)
    await change_user(OPERATOR, alice.user.id, {"status": "active"}, **ports.for_administration)
    for opened in [alice, *results]:
        if isinstance(opened, SignedIn):
            with pytest.raises(InvalidTokenError):
                await identify(opened.token, **ports.for_identify)


async def test_an_account_that_is_deleted_while_its_owner_is_busy_is_gone_whole(ports: Ports) -> None:
    alice = await sign_up("Alice", "alice@example.com", "secret", **ports.for_sign_in)
    results = await outcomes(
        *(log_in("alice@example.com", "secret", **ports.for_sign_in) for _ in range(8)),
        *(delete_user(OPERATOR, alice.user.id, **ports.for_administration) for _ in range(4)),
        *(
            change_user(OPERATOR, alice.user.id, {"plan": f"Plan {number}"}, **ports.for_administration)
            for number in range(4)
        ),
    )
    assert results.keys() <= {"done", "not_found", "invalid_credentials"}
    async with ports.unit_of_work.snapshot() as repositories:
        assert await repositories.users.by_id(alice.user.id) is None
        assert await repositories.credentials.of(alice.user.id) is None
        assert await repositories.sessions.of_user(alice.user.id) == []


async def test_of_accounts_with_one_address_that_are_made_at_once_one_is(ports: Ports) -> None:
    results = await outcomes(
        *(create_user(OPERATOR, "Al", "al@example.com", "secret", **ports.for_user_creation) for _ in range(5)),
        *(sign_up("Al", "al@example.com", "secret", **ports.for_sign_in) for _ in range(5)),
    )
    assert results == {"done": 1, EmailTakenError.code: 9}


async def test_changes_of_one_account_at_once_are_all_kept_and_all_told(ports: Ports) -> None:
    (root,) = await admins_in(ports, 1)
    alice = (await sign_up("Alice", "alice@example.com", "secret", **ports.for_sign_in)).user
    changes = [{"name": "Alicia"}, {"plan": "Growth"}, {"role": "admin"}]
    await asyncio.gather(*(change_user(root, alice.id, each, **ports.for_administration) for each in changes))
    page = await list_users(root, "alicia", unit_of_work=ports.unit_of_work)
    (after,) = page.entries
    assert (after.name, after.plan, after.role.value) == ("Alicia", "Growth", "admin")
    trail = await list_audit_entries(root, alice.id, unit_of_work=ports.unit_of_work)
    assert sorted(change.field for entry in trail.entries for change in entry.changes) == ["name", "plan", "role"]


async def test_cancelled_at_any_await_a_suspension_is_done_whole_or_not_at_all(ports: Ports) -> None:
    (root,) = await admins_in(ports, 1)
    alice = (await sign_up("Alice", "alice@example.com", "secret", **ports.for_sign_in)).user
    done = 0
    for step in range(200):
        await log_in("alice@example.com", "secret", **ports.for_sign_in)
        change = change_user(root, alice.id, {"status": "suspended"}, **ports.for_administration)
        finished = await cancelled_at_step(step, change)
        # A commit may have been under way when its task was cancelled: another writer waits for what became of it.
        async with ports.unit_of_work() as repositories:
            user = await repositories.users.by_id(alice.id)
            sessions = await repositories.sessions.of_user(alice.id)
            entries = await repositories.audit_trail.latest(alice.id, 1000, None)
        assert user is not None
        assert user.is_suspended == (not sessions)
        done += user.is_suspended
        assert len(entries) == 2 * done - user.is_suspended
        if finished:
            assert user.is_suspended
            return
        await change_user(root, alice.id, {"status": "active"}, **ports.for_administration)
    pytest.fail("never ran to its end")


async def test_cancelled_at_any_await_an_account_is_made_whole_or_not_at_all(ports: Ports) -> None:
    for step in range(200):
        email = f"step{step}@example.com"
        creation = create_user(OPERATOR, "Al", email, "secret", **ports.for_user_creation)
        finished = await cancelled_at_step(step, creation)
        async with ports.unit_of_work.snapshot() as repositories:
            user = await repositories.users.by_email(email)
            credentials = await repositories.credentials.of(user.id) if user else None
            entries = await repositories.audit_trail.latest(user.id, 10, None) if user else []
        assert (user is None) == (credentials is None) == (not entries)
        if finished:
            assert user is not None
            return
    pytest.fail("never ran to its end")


async def test_cancelled_at_any_await_an_account_is_deleted_whole_or_not_at_all(ports: Ports) -> None:
    for step in range(200):
        user = await create_user(OPERATOR, "Al", f"step{step}@example.com", "secret", **ports.for_user_creation)
        finished = await cancelled_at_step(step, delete_user(OPERATOR, user.id, **ports.for_administration))
        async with ports.unit_of_work.snapshot() as repositories:
            is_there = await repositories.users.by_id(user.id) is not None
            credentials = await repositories.credentials.of(user.id)
            entries = await repositories.audit_trail.latest(user.id, 10, None)
        assert is_there == (credentials is not None) == (len(entries) == 1)
        if finished:
            assert not is_there
            return
    pytest.fail("never ran to its end")
