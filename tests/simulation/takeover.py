"""Worlds in which an intruder has got into somebody's account, and moves it from address to address, or deletes it.

The owner reads the mails to one address, the intruder those to others. In each world they do what they can. In the end
the owner takes the account back by what was mailed to them; then it is theirs alone, whatever happened before. Of an
account that was deleted nothing leads anywhere, and its address is the owner's for the asking, whoever had it since.
"""

import sys
from collections.abc import Awaitable, Iterable
from contextlib import suppress

from leadnator_auth.domain import (
    Actor,
    AuthError,
    EmailTakenError,
    Identity,
    KeyIdentity,
    SignedIn,
    User,
    change_user,
    identify,
    identify_key,
    log_in,
    log_in_with_passkey,
    request_passkey_log_in,
    request_password_reset,
    reset_password,
    sign_up,
    undo_email_change,
)
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.one_time_token import digest_of
from tests.simulation.finding import first_violation
from tests.simulation.intrusion import FIRST, INTRUDERS, OWNERS, OWNERS_NEW, STRANGER, Known, World
from tests.simulation.scheduler import Violation

OWNERS_OWN, OTHERS = "owners-own", "intruders-own"
Entered = User | Identity | KeyIdentity | SignedIn


class Takeover(World):
    """One of them, to its end."""

    async def end(self) -> None:
        """Faults stop, and the owner does what can be done."""
        self.store.failures = 0.0
        for user_id in list(self.store.tables.users):
            await change_user(Actor.operator(), user_id, {"status": "active"}, ports=self.ports)
        self.ports.clock.advance(hours=1)
        await self.deliver()
        self.look()
        await self._check_what_is_gone()
        if self.named(FIRST) is None:
            await self._begin_anew()
        else:
            await self._take_back()

    async def _take_back(self) -> None:
        """The first account is there; the owner undoes its first change, if that was told in time."""
        first = next((s for s in self.mailed_to(OWNERS) if s.startswith("undo_")), None)
        if first is None:
            self._check_that_it_never_moved()
            return
        try:
            await self._undo(first)
        except AuthError:
            return  # seven days are over, or the intruder went back and so spent it for the owner
        await self._check_that_it_is_the_owners(FIRST, OWNERS_OWN)

    async def _undo(self, secret: str) -> None:
        """The owner undoes a change, and sets a password by the link that comes with that."""
        change = self._change_of(secret)
        account = (await undo_email_change(secret, ports=self.ports)).name
        self.look()
        passwords = [*self.passwords, OWNERS_NEW]
        guesses = [(email, each) for email in (OWNERS, *INTRUDERS, STRANGER) for each in passwords]
        await self._refused("a password is left", (log_in(*guess, ports=self.ports) for guess in guesses), account)
        if change is None:
            raise Violation(f"a change was undone that is not known: {secret}")
        ways = [*self.keys, *self.passkeys]
        await self._check_ways_in([known for known in ways if known.made_at >= change.changed_at], account)
        await self._set_own_password()
        if change.email_verified_at is None:  # perhaps nobody but the intruder was in before, either
            await self._check_ways_in(ways, account)

    async def _begin_anew(self) -> None:
        """The first account is gone; its address is the owner's, who signs up again, or takes what is there."""
        holder = next((u for u in self.store.tables.users.values() if u.email.canonical == OWNERS), None)
        if holder is None:
            account, password = await self._sign_up()
        elif holder.name in self.owners_again:
            account, password = holder.name, OWNERS_NEW
        else:
            await request_password_reset(OWNERS, ports=self.ports)
            account, password = await self._set_own_password(), OWNERS_OWN
            await self._check_ways_in([*self.keys, *self.passkeys], account)  # nobody ever proved the address
        await self._check_that_it_is_the_owners(account, password)

    async def _sign_up(self) -> tuple[str, str]:
        """Returns the account that the owner has then: a new one, or one that had the address and was moved away."""
        account = self._next_name()
        try:
            await sign_up(account, OWNERS, OWNERS_NEW, ports=self.ports)
        except EmailTakenError:
            for secret in (each for each in self.mailed_to(OWNERS) if each.startswith("undo_")):
                if self._change_of(secret) and self.named(self.account_of[secret]):
                    await self._undo(secret)
                    return self.account_of[secret], OWNERS_OWN
            raise Violation("the owner's address is kept from them") from None
        return account, OWNERS_NEW

    async def _set_own_password(self) -> str:
        """Returns the account that the last link is for which the owner was mailed."""
        await self.deliver()
        links = [secret for secret in self.mailed_to(OWNERS) if secret.startswith("reset_")]
        account = (await reset_password(links[-1], OWNERS_OWN, ports=self.ports)).name
        self.look()
        return account

    def _change_of(self, undo: str) -> EmailChange | None:
        """Returns the change that a link undoes; it may be over, and then it undoes nothing."""
        token = self.store.tables.one_time_tokens.get(digest_of(undo))
        changes = self.store.tables.email_changes
        return changes.get(f"{token.user_id} {token.epoch}") if token else None

    def _check_that_it_never_moved(self) -> None:
        user = self.named(FIRST)
        if user is None or user.email.canonical != OWNERS:
            raise Violation(f"nobody told the old mailbox: {user}")

    async def _check_what_is_gone(self) -> None:
        """Nothing of an account that was deleted leads anywhere."""
        there = {user.name for user in self.store.tables.users.values()}
        ways = [known for known in (*self.tokens, *self.keys, *self.passkeys) if known.account not in there]
        await self._check_ways_in(ways)
        links = [secret for secret, account in self.account_of.items() if account not in there]
        for secret in links:
            await self._refused(f"a link of an account that is gone is left: {secret}", [self.follow(secret, OTHERS)])

    async def _check_that_it_is_the_owners(self, account: str, password: str) -> None:
        await self._check_ways_in(self.tokens, account)
        for secret in self.mailed_to(*INTRUDERS, STRANGER):
            await self._refused(f"a link is left: {secret}", [self.follow(secret, OTHERS)], account)
        owner = (await log_in(OWNERS, password, ports=self.ports)).user
        if owner.name != account or owner.pending_email is not None:
            raise Violation(f"the owner did not get the account back whole: {owner}")

    async def _check_ways_in(self, ways: Iterable[Known], account: str | None = None) -> None:
        for known in ways:
            if known in self.tokens:
                await self._refused("a session is left", [identify(known.secret, ports=self.ports)], account)
            elif known.device is None:
                await self._refused("an API key is left", [identify_key(known.secret, ports=self.ports)], account)
            elif known.device.credentials:
                asked = await request_passkey_log_in(ports=self.ports)
                answer = known.device.get(asked.options)
                tried = log_in_with_passkey(asked.challenge.secret, answer, ports=self.ports)
                await self._refused("a passkey is left", [tried], account)

    async def _refused(self, what: str, calls: Iterable[Awaitable[Entered]], account: str | None = None) -> None:
        """What is another account's by now may work there; without an account nothing may."""
        for call in calls:
            with suppress(AuthError):
                done = await call
                user = done if isinstance(done, User) else done.user
                if account is None or user.name == account:
                    raise Violation(what)


async def live(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """
    world = Takeover(seed)
    await world.begin()
    await world.live()
    await world.end()


if __name__ == "__main__":
    sys.exit(first_violation(live, range(int(sys.argv[1]))))
