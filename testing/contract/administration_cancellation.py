"""An administrator who hangs up, at any await, leaves either all of the work done or none of it."""

import pytest

from leadnator_auth.domain import Actor, Identity, Ports, UserId, change_user, create_user, delete_user, log_in, sign_up
from leadnator_auth.domain.entities.event import EventFilter
from leadnator_auth.domain.ports import Repositories, UnitOfWork
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.world import world_over

OPERATOR = Actor.operator()
WHOLE = "an account is made, suspended or deleted with all that belongs to it, or not at all"
TOLD = "an entry of the trail is kept or lost with the change that it tells of"
ENDLESS = "the use case never ran to its end"


async def admins_in(world: Ports, count: int) -> list[Actor]:
    """Returns admins, each with a session."""
    signed_in = []
    for number in range(count):
        email = f"admin{number}@example.com"
        await create_user(OPERATOR, "Admin", email, "secret", is_admin=True, ports=world)
        signed_in.append(await log_in(email, "secret", ports=world))
    return [Actor.through(Identity(each.user, each.session)) for each in signed_in]


async def told_of(user_id: UserId, repositories: Repositories) -> list[str]:
    """Returns the types of the events of an account, newest first."""
    return [event.type.value for event in await repositories.events.latest(EventFilter(user_id), 1000, None)]


@pytest.mark.asyncio
class AdministrationCancellationContract:
    """The part of AdministrationRacesContract about administrators who hang up."""

    @pytest.fixture
    def world(self, unit_of_work: UnitOfWork) -> Ports:
        """A complete set of ports with the store in it."""
        return world_over(unit_of_work)

    async def test_cancelled_at_any_await_a_suspension_is_done_whole_or_not_at_all(self, world: Ports) -> None:
        (root,) = await admins_in(world, 1)
        alice = (await sign_up("Alice", "alice@example.com", "secret", ports=world)).user
        done = 0
        for step in range(200):
            await log_in("alice@example.com", "secret", ports=world)
            change = change_user(root, alice.id, {"status": "suspended"}, ports=world)
            finished = await cancelled_at_step(step, change)
            # A commit may have been under way when its task was cancelled: another writer waits for its outcome.
            async with world.unit_of_work() as repositories:
                user = await repositories.users.by_id(alice.id)
                sessions = await repositories.sessions.of_user(user, 100) if user else []
                told = await told_of(alice.id, repositories)
            assert user is not None, "an account is there until it is deleted"
            assert user.is_suspended == (not sessions), WHOLE
            done += user.is_suspended
            assert told.count("user.suspended") == done, TOLD
            if finished:
                assert user.is_suspended, "what ran to its end is kept"
                return
            await change_user(root, alice.id, {"status": "active"}, ports=world)
        pytest.fail(ENDLESS)

    async def test_cancelled_at_any_await_an_account_is_made_whole_or_not_at_all(self, world: Ports) -> None:
        for step in range(200):
            email = f"step{step}@example.com"
            creation = create_user(OPERATOR, "Al", email, "secret", ports=world)
            finished = await cancelled_at_step(step, creation)
            async with world.unit_of_work.snapshot() as repositories:
                user = await repositories.users.by_email(email)
                credentials = await repositories.credentials.of(user.id) if user else None
                told = await told_of(user.id, repositories) if user else []
            assert (user is None) == (credentials is None), WHOLE
            assert (user is None) == (not told), TOLD
            if finished:
                assert user is not None, "what ran to its end is kept"
                return
        pytest.fail(ENDLESS)

    async def test_cancelled_at_any_await_an_account_is_deleted_whole_or_not_at_all(self, world: Ports) -> None:
        for step in range(200):
            user = await create_user(OPERATOR, "Al", f"step{step}@example.com", "secret", ports=world)
            finished = await cancelled_at_step(step, delete_user(OPERATOR, user.id, ports=world))
            async with world.unit_of_work.snapshot() as repositories:
                is_there = await repositories.users.by_id(user.id) is not None
                credentials = await repositories.credentials.of(user.id)
                told = await told_of(user.id, repositories)
            assert is_there == (credentials is not None), WHOLE
            assert is_there == ("user.deleted" not in told), TOLD
            if finished:
                assert not is_there, "what ran to its end is kept"
                return
        pytest.fail(ENDLESS)
