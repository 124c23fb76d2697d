"""A world in which an intruder has got into somebody's account: what everybody does there, in some order and at times
at once, while commits fail and answers are lost.

Nobody is told apart by the id of an account, for that is what might go wrong: every account that anybody signs up has a
name of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import attrs

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthError,
    EmailTakenError,
    Identity,
    Limits,
    Policy,
    Purpose,
    User,
    UserId,
    add_passkey,
    change_email,
    change_password,
    change_user,
    confirm_email,
    create_api_key,
    delete_account,
    delete_user,
    deliver_due_mails,
    identify,
    log_in,
    purge,
    request_passkey_registration,
    request_password_reset,
    reset_password,
    sign_up,
    step_up,
    undo_email_change,
    verify_email,
)
from leadnator_auth.domain.entities.mail import SecretMail
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.testing import VirtualAuthenticator
from tests.simulation.scheduler import Violation
from tests.simulation.unreliable_store import Unreliable

OWNERS, INTRUDERS = "owner@example.com", ("b@evil.example", "c@evil.example")
STRANGER = "stranger@example.com"
FIRST = "Account 0"
OWNERS_NEW = "owners-new-password"
"""What the owner chooses who signs up again."""
ACTS = 14
USES: dict[str, Callable[..., Awaitable[User]]] = {
    "email": confirm_email,
    "undo": undo_email_change,
    "verify": verify_email,
}


@attrs.frozen
class Known:
    """What somebody can get in with: a token, an API key or a passkey; of the account of this name."""

    account: str
    made_at: datetime
    secret: str = ""
    device: VirtualAuthenticator | None = None


class World:
    """One of them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        memory = memory_ports(seed, policy=Policy(limits=Limits.none(), account_changes=None))
        self.store = Unreliable()
        self.store.chance = self.chance
        fields = attrs.asdict(memory, recurse=False) | {"unit_of_work": self.store}
        fields["identities"] = MemoryIdentities(self.store)
        fields["passkeys"] = Fido2Passkeys("example.org", "Example", ["https://example.org"])
        self.ports = MemoryPorts(**fields)
        self.passwords = ["first-password", "others-password"]
        self.tokens: list[Known] = []
        self.keys: list[Known] = []
        self.passkeys: list[Known] = []
        self.account_of: dict[str, str] = {}
        """The name of the account that each mailed secret is of; none if that was gone before anybody could look."""
        self.signed_up = 0
        self.owners_again: set[str] = set()
        """The accounts that the owner signed up after the first one was gone, as far as that was kept."""
        self.user_id = UserId("")

    async def begin(self) -> None:
        """The owner's account is made, by the owner or by an intruder who signed up with an address not theirs."""
        signed_in = await sign_up(self._next_name(), OWNERS, self.passwords[0], ports=self.ports)
        self.user_id = signed_in.user.id
        self.tokens.append(self._known(signed_in.user, signed_in.token))
        if self.chance.random() < 0.5:
            await self.deliver()
            await verify_email(self.mailed_to(OWNERS)[-1], ports=self.ports)
        self.is_deletable = self.chance.random() < 0.4
        self.store.failures = self.chance.choice((0.0, 0.1, 0.3))

    async def live(self) -> None:
        """Everybody does what they can."""
        acts = (self.ask, self.move, self.move, self.use, self.use, self.use, self.enter, self.set_password)
        others = (self.forget, self.make_key, self.make_passkey, self.register, self.suspend, self.clear)
        rest = (self.deliver, self.deliver, self.pass_time)
        ends = (self.delete, self.delete, self.register, self.register) if self.is_deletable else ()
        for _ in range(ACTS):
            chosen = [
                self.chance.choice((*acts, *others, *rest, *ends)) for _ in range(self.chance.choice((1, 1, 2, 3)))
            ]
            for outcome in await asyncio.gather(*(act() for act in chosen), return_exceptions=True):
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
        self.mailed_to()

    async def ask(self) -> None:
        identity = await self._identity()
        await change_email(identity, self.chance.choice((*INTRUDERS, OWNERS, STRANGER)), ports=self.ports)

    async def use(self) -> None:
        """The intruder uses what was mailed to them, again and again; the owner does not know yet."""
        if secrets := self.mailed_to(*INTRUDERS, STRANGER):
            secret = self.chance.choice(secrets[-6:])
            was_void = self._is_void(secret)
            self.passwords.append(f"password-{len(self.passwords)}")
            done = await self.follow(secret, self.passwords[-1])
            if was_void:
                raise Violation(f"a void link worked: {secret}")
            if done.name != self.account_of[secret]:
                raise Violation(f"a link of one account worked for another: {secret}")

    async def follow(self, secret: str, password: str) -> User:
        """Uses what was mailed."""
        purpose = secret.partition("_")[0]
        if purpose == Purpose.RESET:
            return await reset_password(secret, password, ports=self.ports)
        return await USES[purpose](secret, ports=self.ports)

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
        self.tokens.append(self._known(signed_in.user, signed_in.token))

    async def set_password(self) -> None:
        identity, old = await self._identity(), self.chance.choice(self.passwords)
        self.passwords.append(f"password-{len(self.passwords)}")
        await change_password(identity, old, self.passwords[-1], ports=self.ports)

    async def forget(self) -> None:
        await request_password_reset(self.chance.choice((OWNERS, *INTRUDERS)), ports=self.ports)

    async def make_key(self) -> None:
        identity = await self._identity()
        made = await create_api_key(identity, "a key", ports=self.ports)
        self.keys.append(self._known(identity.user, made.secret))

    async def make_passkey(self) -> None:
        identity = await self._identity()
        asked = await request_passkey_registration(identity, ports=self.ports)
        device = VirtualAuthenticator(algorithms=(-7,))
        self.passkeys.append(attrs.evolve(self._known(identity.user), device=device))  # perhaps nobody hears of it
        await add_passkey(identity, asked.challenge.secret, device.create(asked.options), ports=self.ports)

    async def delete(self) -> None:
        """Whoever is in does it, or an operator for them."""
        identity = await self._identity()
        if self.chance.random() < 0.2:
            await delete_user(Actor.operator(), identity.user.id, ports=self.ports)
        else:
            await delete_account(identity, ports=self.ports)

    async def register(self) -> None:
        """Somebody wants an address, such as one that was just left, or the owner has no account any more."""
        name = self._next_name()
        if self.named(FIRST) is None and self.chance.random() < 0.3:
            self.owners_again.add(name)
            await sign_up(name, OWNERS, OWNERS_NEW, ports=self.ports)
            return
        with suppress(EmailTakenError):
            email = self.chance.choice((OWNERS, INTRUDERS[0]))
            signed_in = await sign_up(name, email, self.passwords[1], ports=self.ports)
            self.tokens.append(self._known(signed_in.user, signed_in.token))

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
        tables = self.store.tables
        mails = [mail for mail in self.ports.mailer.mails if isinstance(mail, SecretMail)]
        for mail in mails[len(self.account_of) :]:
            token = tables.one_time_tokens.get(digest_of(mail.secret))
            user = tables.users.get(token.user_id or UserId("")) if token else None
            self.account_of[mail.secret] = user.name if user else ""
        return [mail.secret for mail in mails if mail.to.canonical in addresses]

    def named(self, account: str) -> User | None:
        """Returns the account, unless it is gone."""
        return next((user for user in self.store.tables.users.values() if user.name == account), None)

    def _next_name(self) -> str:
        self.signed_up += 1
        return f"Account {self.signed_up - 1}"

    def _known(self, user: User, secret: str = "") -> Known:
        return Known(user.name, self.ports.clock.now(), secret)

    async def _identity(self) -> Identity:
        """Returns somebody who is in, and perhaps knows the password, too."""
        known = self.chance.choice(self.tokens)
        identity = await identify(known.secret, ports=self.ports)
        if identity.user.name != known.account:
            raise Violation(f"a session of one account is good for another: {known}")
        if self.chance.random() < 0.3:
            with suppress(AuthError):
                await step_up(identity, self.chance.choice(self.passwords), ports=self.ports)
        return identity
