"""Worlds in which a session with a token pair is refreshed, copied and ended, while commits fail and answers are lost.

The tabs of one browser share what they heard last, and refresh at once. Somebody else may have copied a refresh token
and try it. Log-outs, suspensions and new passwords come in between. Whoever only lost an answer stays logged in;
whoever presents what was replaced ends the session; and nothing works once its end was acknowledged.
"""

import asyncio
import sys
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from random import Random
from typing import TypeVar

import attrs

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    Event,
    EventType,
    Identity,
    InvalidRefreshTokenError,
    InvalidTokenError,
    Limits,
    LogOutScope,
    MailKind,
    Policy,
    SessionId,
    SignedIn,
    TokenPair,
    UnavailableError,
    change_user,
    deliver_due_mails,
    identify,
    issue_token_pair,
    log_in,
    log_out,
    purge,
    refresh_token_pair,
    request_password_reset,
    reset_password,
    sign_up,
)
from tests.simulation.finding import first_violation
from tests.simulation.scheduler import Violation
from tests.simulation.unreliable_store import Unreliable

EMAIL = "owner@example.com"
ACTS = 14

Result = TypeVar("Result")


def number_of(refresh_token: str) -> int:
    return int(refresh_token.split(".")[1])


class World:
    """One of them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        memory = memory_ports(seed, Policy(limits=Limits.none()))
        self.store = Unreliable()
        self.store.chance = self.chance
        fields = attrs.asdict(memory, recurse=False) | {"unit_of_work": self.store}
        fields["identities"] = MemoryIdentities(self.store)
        self.ports = MemoryPorts(**fields)
        self.failures = self.chance.choice((0.0, 0.1, 0.3))
        self.password = "password-0"
        self.session_id = SessionId("")
        self.heard: list[TokenPair] = []
        """All pairs of this session that anybody heard of; what the tabs go on with is at the end."""
        self.is_shared = False
        """Whether somebody else refreshed, too: then it may end by what its owner does."""

    async def begin(self) -> None:
        """The owner logs in, and exchanges the token for a pair; nothing fails meanwhile."""
        self.store.failures = 0.0
        signed_in = await self._signed_in()
        pair = await issue_token_pair(Identity(signed_in.user, signed_in.session), ports=self.ports)
        await self._refused("the token of the log-in still works", [identify(signed_in.token, ports=self.ports)])
        self.session_id = (await identify(pair.access_token, ports=self.ports)).session.id
        self.heard, self.is_shared = [pair], False
        self.store.failures = self.failures

    async def live(self) -> None:
        """Everybody does what they can."""
        acts = (self.refresh, self.refresh, self.refresh, self.steal, self.steal, self.end, self.exchange)
        for _ in range(ACTS):
            await self.chance.choice((*acts, self.pass_time))()
            if self.session_id not in self.store.tables.sessions:
                await self._check_that_it_is_over()
                await self.begin()

    async def refresh(self) -> None:
        """Some tabs refresh at once with what was heard last."""
        pairs, refused = await self._tabs(self.chance.choice((1, 2, 3, 5)))
        if len({pair.refresh_token for pair in pairs}) > 1:
            raise Violation("one token has two successors")
        if refused and not self.is_shared:
            raise Violation("the owner was logged out")
        self.heard += pairs

    async def steal(self) -> None:
        """Somebody else presents what they copied at some time."""
        stolen = self.chance.choice(self.heard).refresh_token
        newest = self.store.tables.refresh_families[self.session_id].newest
        is_older = number_of(stolen) < newest - 1
        try:
            pair = await refresh_token_pair(stolen, ports=self.ports)
        except InvalidRefreshTokenError:
            if not is_older:
                raise Violation("the owner was logged out by a retry") from None
            if self.session_id in self.store.tables.sessions:
                raise Violation("an older token left the session as it was") from None
        except UnavailableError:
            self.is_shared |= not is_older
        else:
            if is_older:
                raise Violation("an older token was taken")
            self.is_shared = True
            self.heard.insert(0, pair)

    async def end(self) -> None:
        """The session ends in some way while tabs refresh."""
        identity = await self._identity()
        ways: dict[str, Awaitable[object]] = {
            "log_out": log_out(identity, ports=self.ports),
            "everywhere": log_out(identity, LogOutScope.GLOBAL, ports=self.ports),
            "suspend": self._suspend(identity),
            "reset": self._reset(),
        }
        way = self.chance.choice(list(ways))
        for name, other in ways.items():
            if name != way:
                other.close()  # type: ignore[attr-defined]  # each is a coroutine
        (pairs, _), ended = await asyncio.gather(self._tabs(3), self._tried(ways[way]))
        self.heard += pairs
        if ended:
            self.store.failures = 0.0
            await self._nothing_works()
        if way == "suspend":
            self.store.failures = 0.0
            await change_user(Actor.operator(), identity.user.id, {"status": "active"}, ports=self.ports)
        self.store.failures = self.failures

    async def exchange(self) -> None:
        """Other sessions are exchanged for pairs while they are logged out, each for itself or all at once."""
        self.store.failures = 0.0
        others = [await self._signed_in() for _ in range(3)]
        identities = [Identity(each.user, each.session) for each in others]
        scope = self.chance.choice((LogOutScope.LOCAL, LogOutScope.GLOBAL))
        self.store.failures = self.failures
        results = await asyncio.gather(
            *(self._late(issue_token_pair(identity, ports=self.ports)) for identity in identities),
            *(self._tried(log_out(identity, scope, ports=self.ports)) for identity in identities),
            return_exceptions=True,
        )
        self.store.failures = 0.0
        if True in results and scope is LogOutScope.GLOBAL:
            calls = [identify(each.token, ports=self.ports) for each in others]
            await self._refused("a log-in outlived its end", calls)
            await self._nothing_works([pair for pair in results if isinstance(pair, TokenPair)])
        for identity in identities:
            if len(self._ends_of(identity.session.id)) > 1:
                raise Violation("an end is not told once")
        self.store.failures = self.failures

    async def pass_time(self) -> None:
        self.ports.clock.instant += self.chance.choice((timedelta(minutes=1), timedelta(hours=5), timedelta(days=3)))
        self.store.failures = 0.0
        while await purge(ports=self.ports):
            pass
        expires_at = self.heard[-1].refresh_expires_at
        if self.ports.clock.now() >= expires_at:
            await self.begin()
        self.store.failures = self.failures

    async def _tabs(self, count: int) -> tuple[list[TokenPair], bool]:
        """Returns what tabs that refresh at once heard, in some order, and whether one was refused."""
        token = self.heard[-1].refresh_token
        tries = [self._late(refresh_token_pair(token, ports=self.ports)) for _ in range(count)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, AuthError):
                raise result
        pairs = [result for result in results if isinstance(result, TokenPair)]
        self.chance.shuffle(pairs)
        return pairs, any(isinstance(result, InvalidRefreshTokenError) for result in results)

    async def _tried(self, act: Awaitable[object]) -> bool:
        """Returns whether it was acknowledged."""
        try:
            await self._late(act)
        except UnavailableError:
            return False
        return True

    async def _late(self, act: Awaitable[Result]) -> Result:
        """Lets others go first, as it happens."""
        for _ in range(self.chance.randrange(6)):
            await asyncio.sleep(0)
        return await act

    async def _signed_in(self) -> SignedIn:
        if not self.store.tables.users:
            return await sign_up("Owner", EMAIL, self.password, ports=self.ports)
        return await log_in(EMAIL, self.password, ports=self.ports)

    async def _identity(self) -> Identity:
        tables = self.store.tables
        session = tables.sessions[self.session_id]
        return Identity(tables.users[session.user_id], session)

    async def _suspend(self, identity: Identity) -> None:
        await change_user(Actor.operator(), identity.user.id, {"status": "suspended"}, ports=self.ports)

    async def _reset(self) -> None:
        await request_password_reset(EMAIL, ports=self.ports)
        await deliver_due_mails(ports=self.ports)
        if not self.ports.mailer.reset_links:
            raise UnavailableError("no link left")
        new, secret = self.password + "x", self.ports.mailer.reset_links[-1].secret
        before = self.store.tables.credentials
        try:
            await reset_password(secret, new, ports=self.ports)
        except AuthError as error:
            raise UnavailableError("the link is used up, or the answer was lost") from error
        finally:
            self.password = new if self.store.tables.credentials != before else self.password

    async def _nothing_works(self, pairs: Sequence[TokenPair] = ()) -> None:
        for pair in (*self.heard, *pairs):
            calls = [
                identify(pair.access_token, ports=self.ports),
                refresh_token_pair(pair.refresh_token, ports=self.ports),
            ]
            await self._refused("something works after its end", calls)

    async def _refused(self, what: str, calls: Sequence[Awaitable[object]]) -> None:
        for call in calls:
            try:
                await call
            except (InvalidTokenError, InvalidRefreshTokenError):
                continue
            raise Violation(what)

    async def _check_that_it_is_over(self) -> None:
        """What ended is told once, and where a token was reused, its owner is told."""
        self.store.failures = 0.0
        await self._nothing_works()
        ends = self._ends_of(self.session_id)
        reused = [each for each in self._events_of(self.session_id) if each.type is EventType.REFRESH_TOKEN_REUSED]
        if len(ends) != 1 or len(reused) != (ends == ["refresh_token.reused"]):
            raise Violation(f"an end is not told once: {ends}, {reused}")
        queued = [mail.payload.kind for mail in self.store.tables.mails.values()]
        if reused and MailKind.REFRESH_TOKEN_REUSED not in queued:
            raise Violation("nobody told the owner of a reuse")

    def _ends_of(self, session_id: SessionId) -> list[str | None]:
        """Returns why a session ended, as often as that was told."""
        return [each.data["reason"] for each in self._events_of(session_id) if each.type is EventType.SESSION_ENDED]

    def _events_of(self, session_id: SessionId) -> list[Event]:
        return [each for each in self.store.tables.events.values() if each.data.get("session_id") == session_id]


async def live(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """
    world = World(seed)
    await world.begin()
    await world.live()


if __name__ == "__main__":
    sys.exit(first_violation(live, range(int(sys.argv[1]))))
