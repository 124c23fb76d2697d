"""Worlds in which other services verify tokens, while answers are lost, late or odd, and keys are exchanged.

The service is the real core in memory. Its sessions end in every way, its events get their places now and then, and
verifiers ask for what ended and for keys, and come and go. What is checked at any moment: whoever is let in has a
session that was there a moment ago, which is as long as `MAX_AGE`; and nobody is refused whose session and key a
verifier knows to be good. In the end, when everything is answered, verifiers and the service agree.
"""

import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import attrs

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    InvalidPageError,
    LogOutScope,
    SignedIn,
    change_password,
    change_user,
    dispatch_events,
    identify,
    log_in,
    log_out,
    read_revocations,
    sign_up,
)
from leadnator_auth.domain.use_cases import revocations as revocations_module
from leadnator_auth.entrypoints.views import rfc3339_ceiling
from leadnator_auth.verifier import feed as feed_module
from leadnator_auth.verifier.errors import InvalidTokenError, VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.keys import UnknownKeyError
from leadnator_auth.verifier.knowledge import Knowledge
from tests.simulation.finding import first_violation
from tests.simulation.scheduler import Violation
from tests.verifier.minting import Key, jwks, payload

PAGE, MAX_AGE, STEPS = 3, 30.0, 120
KEYS = [Key("EdDSA" if number % 2 else "ES256", f"k-{number}") for number in range(3)]
"""Made once: no world depends on what is in them."""
ODD = [(500, b""), (503, b""), (404, b""), (200, b""), (200, b"<html>"), (200, b'{"keys":[]}'), (401, b"{}")]
ODD_PAGES = [*ODD, (200, b'{"revocations":[],"cursor":""}'), (200, b'{"revocations":[{}],"cursor":"ff"}'), (429, b"")]


@attrs.define
class Token:
    """A token that was handed out, and what became of its session."""

    text: str
    session_id: str
    bearer: SignedIn
    kid: str
    ended_at: float | None = None
    """When the end of its session could be read."""


class World:
    """A service, its callers and its verifiers."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.ports: MemoryPorts = memory_ports(seed)
        self.tokens: list[Token] = []
        self.signing, self.published = 0, {0}
        self.verifiers = [self._verifier() for _ in range(2)]
        self.actions: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *[self.log_in] * 3,
            *[self.end_some] * 3,
            *[self.dispatch] * 3,
            *[self.follow] * 8,
            *[self.fetch_keys] * 2,
            *[self.wait] * 3,
            self.exchange_keys,
            self.restart,
        ]

    @property
    def now(self) -> float:
        return self.ports.clock.now().timestamp()

    def _verifier(self) -> Knowledge:
        return Knowledge(Feed(MAX_AGE, 1000, self.chance.random), "leadnator-auth", "leadnator")

    async def run(self) -> None:
        for name in ("a", "b"):
            await sign_up(name, f"{name}@example.com", "secret", ports=self.ports)
        for _ in range(STEPS):
            await self.chance.choice(self.actions)()
            await self.check()
        await self.settle()

    async def log_in(self) -> None:
        try:
            signed_in = await log_in(f"{self.chance.choice('ab')}@example.com", "secret", ports=self.ports)
        except AuthError:
            return
        key, session = KEYS[self.signing], signed_in.session
        times = {"iat": int(self.now), "exp": int(session.expires_at.timestamp())}
        text = key.signed(payload(session.id, sub=session.user_id, jti=f"j-{len(self.tokens)}", **times))
        self.tokens.append(Token(text, session.id, signed_in, key.kid))

    async def end_some(self) -> None:
        if not self.tokens:
            return
        token = self.chance.choice(self.tokens)
        try:
            identity = await identify(token.bearer.token, ports=self.ports)
            way = self.chance.randrange(5)
            if way < 3:
                await log_out(identity, list(LogOutScope)[way], ports=self.ports)
            elif way == 3:
                await change_password(identity, "secret", "secret2", ports=self.ports)
                await change_password(identity, "secret2", "secret", ports=self.ports)
            else:
                for status in ("suspended", "active"):
                    await change_user(Actor.operator(), identity.user.id, {"status": status}, ports=self.ports)
        except AuthError:
            return

    async def dispatch(self) -> None:
        """Gives events their places: from now on, whoever asks hears of them."""
        await dispatch_events(ports=self.ports)
        tables = self.ports.unit_of_work.tables
        placed = {tables.events[key].data.get("session_id") for key in tables.places if key in tables.events}
        over = {each for each in placed if each not in tables.sessions or not await self._is_live(each)}
        for token in self.tokens:
            if token.ended_at is None and token.session_id in over:
                token.ended_at = self.now

    async def _is_live(self, session_id: Any) -> bool:
        of_session = [each for each in self.tokens if each.session_id == session_id]
        return all([await self._is_good(each) for each in of_session])

    async def _is_good(self, token: Token) -> bool:
        try:
            await identify(token.bearer.token, ports=self.ports)
        except AuthError:
            return False
        return True

    async def follow(self) -> None:
        verifier = self.chance.choice(self.verifiers)
        fate = self.chance.random()
        asked_at = self.now
        if fate < 0.1:
            verifier.feed.failed("no answer")
        elif fate < 0.2:
            verifier.feed.answered(*self.chance.choice(ODD_PAGES), asked_at, self.now)
        else:
            status, body = await self._page(verifier.feed)
            if self.chance.random() < 0.3:  # the answer takes its time
                await self.end_some()
                await self.dispatch()
                self.ports.clock.advance(seconds=self.chance.choice([1, 12]))
            if fate < 0.3:
                verifier.feed.failed("the answer was lost")
            else:
                verifier.feed.answered(status, body, asked_at, self.now)

    async def _page(self, feed: Feed) -> tuple[int, bytes]:
        cursor = feed.target.partition("cursor=")[2].partition("&")[0]
        try:
            page = await read_revocations(cursor, ports=self.ports)
        except InvalidPageError:
            return 400, b"{}"
        told = [{"session_id": each.session_id, "until": rfc3339_ceiling(each.until)} for each in page.revocations]
        return 200, json.dumps({"revocations": told, "cursor": page.cursor}).encode()

    async def fetch_keys(self) -> None:
        verifier = self.chance.choice(self.verifiers)
        if self.chance.random() < 0.4:
            verifier.keys_answered(*self.chance.choice(ODD), self.now)
        else:
            verifier.keys_answered(200, self._keys(), self.now)

    def _keys(self) -> bytes:
        return jwks(*(KEYS[number] for number in sorted(self.published)))

    async def wait(self) -> None:
        self.ports.clock.advance(seconds=self.chance.choice([1, 5, 20, 40, 400]))

    async def exchange_keys(self) -> None:
        """Publishes the next key, lets every verifier hear of it, and signs with it."""
        self.signing = (self.signing + 1) % len(KEYS)
        self.published |= {self.signing}
        for verifier in self.verifiers:
            verifier.keys_answered(200, self._keys(), self.now)

    async def restart(self) -> None:
        self.verifiers[self.chance.randrange(len(self.verifiers))] = self._verifier()

    async def check(self) -> None:
        for verifier in self.verifiers:
            for token in self.tokens:
                self._check(verifier, token, is_good=await self._is_good(token))

    def _check(self, verifier: Knowledge, token: Token, *, is_good: bool) -> None:
        try:
            verifier.check(token.text, self.now, self.now)
        except VerifierUnavailableError:
            return
        except UnknownKeyError as error:
            raise Violation(f"{token.kid} is forgotten: {error}") from None
        except InvalidTokenError as error:
            if is_good:
                raise Violation(f"{token.session_id} is refused, and good: {error}") from None
            return
        if token.ended_at is not None and self.now >= token.ended_at + MAX_AGE:
            raise Violation(f"{token.session_id} is let in {self.now - token.ended_at} s after its end")

    async def settle(self) -> None:
        """Answers everything, and checks that verifiers and the service agree."""
        while (await dispatch_events(ports=self.ports)).has_more:
            pass
        for verifier in self.verifiers:
            verifier.keys_answered(200, self._keys(), self.now)
            for _ in range(len(self.tokens) + 3):
                verifier.feed.answered(*await self._page(verifier.feed), self.now, self.now)
            for token in self.tokens:
                is_good = await self._is_good(token)
                try:
                    is_let_in = bool(verifier.check(token.text, self.now, self.now))
                except InvalidTokenError:
                    is_let_in = False
                if is_let_in != is_good:
                    raise Violation(f"{token.session_id} is {'good' if is_good else 'over'}, and not so for a verifier")


@contextmanager
def short_pages() -> Iterator[None]:
    """Has full pages of three entries meanwhile."""
    before = revocations_module.MAX_REVOCATIONS, feed_module.PAGE_LENGTH
    revocations_module.MAX_REVOCATIONS = feed_module.PAGE_LENGTH = PAGE
    try:
        yield
    finally:
        revocations_module.MAX_REVOCATIONS, feed_module.PAGE_LENGTH = before


async def live(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """
    with short_pages():
        await World(seed).run()


if __name__ == "__main__":
    sys.exit(first_violation(live, range(int(sys.argv[1]))))
