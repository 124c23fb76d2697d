"""Worlds in which an intruder has got into somebody's account, and moves it from address to address.

The owner reads the mails to one address, the intruder those to others. In each world they do what they can, in some
order and at times at once, while commits fail and answers are lost. In the end the owner takes the account back by what
was mailed to them; then it is theirs alone, whatever happened before.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from random import Random

import attrs

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    EmailTakenError,
    Identity,
    KeyIdentity,
    Purpose,
    SignedIn,
    UnavailableError,
    User,
    UserId,
    change_email,
    change_password,
    change_user,
    confirm_email,
    create_api_key,
    deliver_due_mails,
    identify,
    identify_key,
    log_in,
    purge,
    request_password_reset,
    reset_password,
    sign_up,
    undo_email_change,
    verify_email,
)
from leadnator_auth.domain.entities.mail import SecretMail
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.ports import Transaction
from tests.simulation.scheduler import Violation

OWNERS, INTRUDERS = "owner@example.com", ("b@evil.example", "c@evil.example")
STRANGER = "stranger@example.com"
ACTS = 14
USES: dict[str, Callable[..., Awaitable[object]]] = {
    "email": confirm_email,
    "undo": undo_email_change,
    "verify": verify_email,
}


class Unreliable(MemoryUnitOfWork):
    """Units of work some of which are not kept, and of some of which nobody hears that they were."""

    chance: Random
    failures = 0.0

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            if self.chance.random() < self.failures:
                raise UnavailableError("the database is away")
            yield transaction
        if self.chance.random() < self.failures:
            raise UnavailableError("the answer was lost")


class World:
    """One of them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        memory = memory_ports(seed)
        self.store = Unreliable()
        self.store.chance = self.chance
        fields = attrs.asdict(memory, recurse=False) | {"unit_of_work": self.store}
        fields["identities"] = MemoryIdentities(self.store)
        self.ports = MemoryPorts(**fields)
        self.passwords = ["first-password"]
        self.tokens: list[str] = []
        self.keys: list[tuple[str, datetime]] = []
        """API keys that somebody made, and when."""
        self.user_id = UserId("")

    async def begin(self) -> None:
        """The owner's account is made, by the owner or by an intruder who signed up with an address not theirs."""
        signed_in = await sign_up("Owner", OWNERS, self.passwords[0], ports=self.ports)
        self.user_id = signed_in.user.id
        self.tokens.append(signed_in.token)
        self.store.failures = self.chance.choice((0.0, 0.1, 0.3))

    async def live(self) -> None:
        """Everybody does what they can."""
        acts = (
            self.ask,
            self.move,
            self.move,
            self.use,
            self.use,
            self.use,
            self.enter,
            self.set_password,
            self.forget,
            self.make_key,
        )
        others = (self.deliver, self.deliver, self.pass_time, self.register, self.suspend, self.clear)
        for _ in range(ACTS):
            at_once = [self.chance.choice((*acts, *others))() for _ in range(self.chance.choice((1, 1, 2, 3)))]
            for outcome in await asyncio.gather(*at_once, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, AuthError):
                    raise outcome
            self.look()

    def look(self) -> None:
        """What must hold at every moment: whoever has an address read its mails, or signed up when it was free."""
        tables, now = self.store.tables, self.ports.clock.now()
        addresses = [user.email.canonical for user in tables.users.values()]
        if len(set(addresses)) != len(addresses):
            raise Violation(f"two accounts have one address: {addresses}")
        for change in tables.email_changes.values():
            holders = [user for user in tables.users.values() if user.email.canonical == change.email.canonical]
            if change.is_undoable(now) and [user for user in holders if user.id != change.user_id]:
                raise Violation(f"a reserved address was given away: {change}")

    async def ask(self) -> None:
        identity = await self._identity()
        await change_email(identity, self.chance.choice((*INTRUDERS, OWNERS, STRANGER)), ports=self.ports)

    async def use(self) -> None:
        """The intruder uses what was mailed to them, again and again; the owner does not know yet."""
        if secrets := self.mailed_to(*INTRUDERS, STRANGER):
            secret = self.chance.choice(secrets[-6:])
            purpose, was_void = secret.partition("_")[0], self._is_void(secret)
            if purpose == Purpose.RESET:
                await self._new_password(lambda password: reset_password(secret, password, ports=self.ports))
            else:
                await USES[purpose](secret, ports=self.ports)
            if was_void:
                raise Violation(f"a void link worked: {secret}")

    async def move(self) -> None:
        """What seldom comes together by chance."""
        address = self.chance.choice(INTRUDERS)
        await change_email(await self._identity(), address, ports=self.ports)
        await self.deliver()
        links = [secret for secret in self.mailed_to(address) if secret.startswith("email_")]
        if links:
            await confirm_email(links[-1], ports=self.ports)

    def _is_void(self, secret: str) -> bool:
        """Returns whether something happened since that voids it, as long as it is kept."""
        token = self.store.tables.one_time_tokens.get(digest_of(secret))
        user = self.store.tables.users.get(token.user_id or UserId("")) if token else None
        return bool(token and user and token.purpose is not Purpose.UNDO and token.epoch < user.secret_epoch)

    async def enter(self) -> None:
        email = self.chance.choice((OWNERS, *INTRUDERS, STRANGER))
        signed_in = await log_in(email, self.chance.choice(self.passwords), ports=self.ports)
        if signed_in.user.id == self.user_id:
            self.tokens.append(signed_in.token)

    async def set_password(self) -> None:
        identity, old = await self._identity(), self.chance.choice(self.passwords)
        await self._new_password(lambda password: change_password(identity, old, password, ports=self.ports))

    async def forget(self) -> None:
        await request_password_reset(self.chance.choice((OWNERS, *INTRUDERS)), ports=self.ports)

    async def make_key(self) -> None:
        made = await create_api_key(await self._identity(), "a key", ports=self.ports)
        self.keys.append((made.secret, made.key.created_at))

    async def register(self) -> None:
        """Somebody else wants an address, such as one that was just left."""
        with suppress(EmailTakenError):
            await sign_up("Else", self.chance.choice((OWNERS, INTRUDERS[0])), "others-password", ports=self.ports)

    async def suspend(self) -> None:
        for status in ("suspended", "active"):
            await change_user(Actor.operator(), self.user_id, {"status": status}, ports=self.ports)

    async def deliver(self) -> None:
        await deliver_due_mails(ports=self.ports)

    async def pass_time(self) -> None:
        self.ports.clock.instant += self.chance.choice((timedelta(minutes=1), timedelta(hours=1), timedelta(days=2)))

    async def clear(self) -> None:
        while await purge(ports=self.ports):
            pass

    def mailed_to(self, *addresses: str) -> list[str]:
        """Returns the secrets that were mailed there, oldest first."""
        mails = [mail for mail in self.ports.mailer.mails if isinstance(mail, SecretMail)]
        return [mail.secret for mail in mails if mail.to.canonical in addresses]

    async def _identity(self) -> Identity:
        return await identify(self.chance.choice(self.tokens), ports=self.ports)

    async def _new_password(self, act: Callable[[str], Awaitable[object]]) -> None:
        self.passwords.append(f"password-{len(self.passwords)}")
        await act(self.passwords[-1])

    async def end(self) -> None:
        """Faults stop, and the owner takes the account back, if anything was mailed to them in time."""
        self.store.failures = 0.0
        await change_user(Actor.operator(), self.user_id, {"status": "active"}, ports=self.ports)
        self.ports.clock.advance(hours=1)
        await self.deliver()
        first = next((s for s in self.mailed_to(OWNERS) if s.startswith("undo_")), None)
        if first is None:
            self._check_that_it_never_moved()
            return
        moved_at = self._moved_at(first)
        try:
            await undo_email_change(first, ports=self.ports)
        except AuthError:
            return  # seven days are over, or the intruder went back and so spent it for the owner
        self.look()
        guesses = [(email, password) for email in (OWNERS, *INTRUDERS, STRANGER) for password in self.passwords]
        entered = [log_in(email, password, ports=self.ports) for email, password in guesses]
        await self._refused("a password is left", entered)
        added = [secret for secret, made_at in self.keys if made_at >= moved_at]
        await self._refused("an API key is left", [identify_key(secret, ports=self.ports) for secret in added])
        await self.deliver()
        links = [secret for secret in self.mailed_to(OWNERS) if secret.startswith("reset_")]
        await reset_password(links[-1], "owners-own", ports=self.ports)
        self.look()
        await self._check_that_it_is_the_owners()

    def _moved_at(self, undo: str) -> datetime:
        """Returns when the change was that a link undoes; it may be over, and then it undoes nothing."""
        token = self.store.tables.one_time_tokens.get(digest_of(undo))
        change = self.store.tables.email_changes.get(f"{self.user_id} {token.epoch}") if token else None
        return change.changed_at if change else self.ports.clock.now()

    def _check_that_it_never_moved(self) -> None:
        user = self.store.tables.users[self.user_id]
        if user.email.canonical != OWNERS:
            raise Violation(f"nobody told the old mailbox: {user}")

    async def _check_that_it_is_the_owners(self) -> None:
        await self._refused("a session is left", [identify(token, ports=self.ports) for token in self.tokens])
        stale = self.mailed_to(*INTRUDERS, STRANGER)
        for secret in stale:
            act = USES.get(secret.partition("_")[0])
            tried = act(secret, ports=self.ports) if act else reset_password(secret, "intruders", ports=self.ports)
            await self._refused(f"a link is left: {secret}", [tried])
        owner = (await log_in(OWNERS, "owners-own", ports=self.ports)).user
        if owner.id != self.user_id or owner.pending_email is not None:
            raise Violation(f"the owner did not get the account back whole: {owner}")

    async def _refused(self, what: str, calls: Sequence[Awaitable[object]]) -> None:
        """What is another account's by now may work there."""
        for call in calls:
            with suppress(AuthError):
                done = await call
                user = (
                    done
                    if isinstance(done, User)
                    else done.user
                    if isinstance(done, Identity | KeyIdentity | SignedIn)
                    else None
                )
                if user is None or user.id == self.user_id:
                    raise Violation(what)


def run(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """

    async def lived() -> None:
        world = World(seed)
        await world.begin()
        await world.live()
        await world.end()

    asyncio.run(lived())


def first_violation(seeds: int) -> str | None:
    """Returns what went wrong in the first world in which something did."""
    for seed in range(seeds):
        try:
            run(seed)
        except Violation as violation:
            return f"{seed}: {violation}"
    return None


if __name__ == "__main__":
    found = first_violation(int(sys.argv[1]))
    sys.exit(found)
