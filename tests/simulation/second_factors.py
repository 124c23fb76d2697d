"""Lives those worlds to their end, in which the owner takes the account back, whoever has it by then."""

import sys
from collections.abc import Awaitable
from datetime import datetime

from leadnator_auth.domain import (
    Actor,
    AuthError,
    Purpose,
    SecondFactorRequiredError,
    identify,
    log_in,
    log_in_with_second_factor,
    recover_user,
    request_password_reset,
    reset_password,
    undo_email_change,
)
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.use_cases.steps.complete_recovery import ADDED_LATELY
from leadnator_auth.domain.values.totp import shown
from tests.simulation.factor_store import counting
from tests.simulation.factor_world import World
from tests.simulation.finding import first_violation
from tests.simulation.intrusion import OWNERS
from tests.simulation.scheduler import Violation

OWNERS_OWN = "owners-own"


async def take_back(world: World) -> None:
    """The owner takes the account back, by a link to where it was, by a new password, or by an operator's help."""
    world.store.failures = 0.0
    world.ports.clock.advance(hours=1)
    await world.deliver()
    since = await _undone(world)
    if world.address != OWNERS:
        return  # nobody undid it in time: that is for another simulation
    is_helped = since is None and world.chance.random() < 0.3
    if is_helped:
        await recover_user(Actor.operator(), world.user_id, ports=world.ports)
    world.ports.clock.advance(hours=1)  # the account may have had all its links of an hour
    if is_helped:
        await _reset(world)
        await _check(world, None)
        return
    lately, undone = world.ports.clock.now() - ADDED_LATELY, since
    since = min(filter(None, (since, lately))) if world.is_proved else None
    await _reset(world)
    await _check(world, since, undone or world.ports.clock.now())
    await recover_user(Actor.operator(), world.user_id, ports=world.ports)
    await _check(world, None)


async def _undone(world: World) -> datetime | None:
    """Returns when the first change was that can be undone, and was by now."""
    links, tables = world.mailed(Purpose.UNDO), world.store.tables
    if not links or world.address == OWNERS:
        return None
    token = tables.one_time_tokens.get(digest_of(links[0]))
    changes = [each for each in tables.email_changes.values() if token and each.epoch == token.epoch]
    try:
        await undo_email_change(links[0], ports=world.ports)
    except AuthError:
        return None
    return changes[0].changed_at


async def _reset(world: World) -> None:
    await request_password_reset(OWNERS, ports=world.ports)
    await world.deliver()
    await reset_password(world.mailed(Purpose.RESET)[-1], OWNERS_OWN, ports=world.ports)


async def _check(world: World, since: datetime | None, codes_since: datetime | None = None) -> None:
    """No app that was added since works, and no code of an app that stays; with None nothing at all; the owner gets in.

    A reset leaves the codes of an app that stays, an undo those that were made before the change.
    """
    for token in world.tokens:
        await _refused("a session is left", identify(token, ports=world.ports))
    world.ports.clock.advance(seconds=90)  # every step that was used is over
    apps = {app.secret: app for app in world.apps}
    for what, added in world.added.items():
        limit = since if what in apps else codes_since
        if limit is not None and added < limit:
            continue
        await _keeps_out(world, apps[what].code if what in apps else what)
    counts = counting(world.user_id, world.store.tables)
    if not counts:
        await log_in(OWNERS, OWNERS_OWN, ports=world.ports)
        return
    if since is None:
        raise Violation("an app is left")
    await _enter(world, apps[shown(counts[0].seed(world.ports.master_keys))].code)


async def _keeps_out(world: World, code: str) -> None:
    try:
        await log_in(OWNERS, OWNERS_OWN, ports=world.ports)
    except SecondFactorRequiredError as required:
        answer = log_in_with_second_factor(required.challenge, code, ports=world.ports)
        await _refused(f"what was added lately is left: {code}", answer)


async def _enter(world: World, code: str) -> None:
    try:
        await log_in(OWNERS, OWNERS_OWN, ports=world.ports)
    except SecondFactorRequiredError as required:
        try:
            await log_in_with_second_factor(required.challenge, code, ports=world.ports)
        except AuthError as error:
            raise Violation(f"the owner is locked out: {error}") from error
        return
    raise Violation("a password lets in where there is a factor")


async def _refused(what: str, call: Awaitable[object]) -> None:
    try:
        await call
    except AuthError:
        return
    raise Violation(what)


async def live(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """
    world = World(seed)
    await world.begin()
    await world.live()
    await take_back(world)


if __name__ == "__main__":
    sys.exit(first_violation(live, range(int(sys.argv[1]))))
