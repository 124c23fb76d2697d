"""Promises of refresh tokens that hold whatever meets, over every store."""

import asyncio

import pytest

from leadnator_auth.adapters.memory import Mailbox
from leadnator_auth.domain import (
    Actor,
    Identity,
    LogOutScope,
    Ports,
    SignedIn,
    TokenPair,
    change_user,
    deliver_due_mails,
    identify,
    issue_token_pair,
    log_in,
    log_out,
    refresh_token_pair,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.event import EventFilter, EventType
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import outcomes
from leadnator_auth.testing.contract.world import world_over

EMAIL = "alice@example.com"
TURNS = "a refresh and what ends its session take turns: lock with the look-up of the user, or one writer at a time"
SAME = "whoever presents one refresh token gets the same successor"


async def first_pair(world: Ports) -> tuple[SignedIn, TokenPair]:
    alice = await sign_up("Alice", EMAIL, "first-password", ports=world)
    return alice, await issue_token_pair(Identity(alice.user, alice.session), ports=world)


async def assert_over(world: Ports, *pairs: TokenPair) -> None:
    """Fails unless nothing of these pairs works any more."""
    for pair in pairs:
        assert await outcomes(identify(pair.access_token, ports=world)) == {"invalid_token": 1}, TURNS
        assert await outcomes(refresh_token_pair(pair.refresh_token, ports=world)) == {"invalid_refresh_token": 1}, (
            TURNS
        )


@pytest.mark.asyncio
class RefreshRacesContract:
    """For a store as a whole. Fixture: `unit_of_work`, over an empty store; optional: `world`, as for RacesContract."""

    @pytest.fixture
    def world(self, unit_of_work: UnitOfWork) -> Ports:
        """A complete set of ports with the store in it; its mailbox is that of `memory_ports`."""
        return world_over(unit_of_work)

    async def test_sixteen_refreshes_with_one_token_get_the_same_successor(self, world: Ports) -> None:
        _, pair = await first_pair(world)
        for _ in range(2):
            tries = (refresh_token_pair(pair.refresh_token, ports=world) for _ in range(16))
            pairs = await asyncio.gather(*tries)
            assert len({each.refresh_token for each in pairs}) == 1, SAME
            assert await outcomes(*(identify(each.access_token, ports=world) for each in pairs)) == {"done": 16}
            pair = pairs[0]

    async def test_an_older_token_ends_the_session_once_whoever_else_refreshes(self, world: Ports) -> None:
        _, first = await first_pair(world)
        second = await refresh_token_pair(first.refresh_token, ports=world)
        third = await refresh_token_pair(second.refresh_token, ports=world)
        tokens = [*[first.refresh_token] * 4, *[second.refresh_token] * 4, *[third.refresh_token] * 4]
        tries = (refresh_token_pair(token, ports=world) for token in tokens)
        results = await asyncio.gather(*tries, return_exceptions=True)
        await assert_over(world, first, second, third, *(each for each in results if isinstance(each, TokenPair)))
        async with world.unit_of_work.snapshot() as repositories:
            reused = EventFilter(type=EventType.REFRESH_TOKEN_REUSED)
            assert len(await repositories.events.latest(reused, 10, None)) == 1, TURNS

    async def test_of_exchanges_of_one_session_one_counts(self, world: Ports) -> None:
        alice = await sign_up("Alice", EMAIL, "first-password", ports=world)
        identity = Identity(alice.user, alice.session)
        tries = (issue_token_pair(identity, ports=world) for _ in range(8))
        assert await outcomes(*tries) == {"done": 1, "invalid_token": 7}, TURNS

    @pytest.mark.parametrize("end", ["log_out", "log_out_everywhere", "suspend", "reset"])
    async def test_a_refresh_that_races_the_end_of_its_session_leaves_nothing_that_works(
        self, world: Ports, end: str
    ) -> None:
        alice, pair = await first_pair(world)
        identity = await identify(pair.access_token, ports=world)
        await request_password_reset(EMAIL, ports=world)
        await deliver_due_mails(ports=world)
        assert isinstance(world.mailer, Mailbox), "`world` keeps the mailbox of `memory_ports`"
        ends = {
            "log_out": log_out(identity, ports=world),
            "log_out_everywhere": log_out(identity, LogOutScope.GLOBAL, ports=world),
            "suspend": change_user(Actor.operator(), alice.user.id, {"status": "suspended"}, ports=world),
            "reset": reset_password(world.mailer.reset_links[-1].secret, "second-password", ports=world),
        }
        ending = ends.pop(end)
        for other in ends.values():
            other.close()
        refreshes = [refresh_token_pair(pair.refresh_token, ports=world) for _ in range(8)]
        results = await asyncio.gather(*refreshes[:4], ending, *refreshes[4:], return_exceptions=True)
        assert not isinstance(results[4], BaseException), f"what ends a session does not fail: {results[4]!r}"
        await assert_over(world, pair, *(each for each in results if isinstance(each, TokenPair)))

    async def test_an_exchange_that_races_a_log_out_everywhere_leaves_nothing_that_works(self, world: Ports) -> None:
        alice = await sign_up("Alice", EMAIL, "first-password", ports=world)
        others = [await log_in(EMAIL, "first-password", ports=world) for _ in range(6)]
        exchanges = [issue_token_pair(Identity(other.user, other.session), ports=world) for other in others]
        ending = log_out(Identity(alice.user, alice.session), LogOutScope.GLOBAL, ports=world)
        results = await asyncio.gather(*exchanges[:3], ending, *exchanges[3:], return_exceptions=True)
        assert not isinstance(results[3], BaseException), f"a log-out does not fail: {results[3]!r}"
        await assert_over(world, *(each for each in results if isinstance(each, TokenPair)))
