"""Worlds in which passkeys are made, used, copied and removed, while somebody overhears all answers and tries them.

Commits fail and answers are lost meanwhile. Whatever happens, a challenge takes one answer, a counter counts once, and
a passkey lets in whose it says it is, as long as it is there.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any

import attrs

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, memory_ports
from leadnator_auth.domain import (
    AuthError,
    Identity,
    Limits,
    PasskeyId,
    Policy,
    SignedIn,
    add_passkey,
    deliver_due_mails,
    list_passkeys,
    log_in,
    log_in_with_passkey,
    purge,
    remove_passkey,
    rename_passkey,
    request_passkey_log_in,
    request_passkey_registration,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.passkey import MAX_PASSKEYS
from leadnator_auth.testing import VirtualAuthenticator
from leadnator_auth.testing.virtual_authenticator import decoded, encoded
from tests.simulation.finding import first_violation
from tests.simulation.scheduler import Violation
from tests.simulation.unreliable_store import Unreliable

ACTS = 16
NAMES = ("alice", "bob")


@attrs.define
class Person:
    """Somebody with an account."""

    email: str
    password: str
    id: str = ""
    identities: list[Identity] = attrs.Factory(list)
    devices: list[VirtualAuthenticator] = attrs.Factory(list)


@attrs.frozen
class Answer:
    """What was overheard on its way to a log-in."""

    challenge_id: str
    credential: dict[str, Any]

    @property
    def user_id(self) -> str:
        return decoded(self.credential["response"].get("userHandle", "")).decode()

    @property
    def use(self) -> tuple[str, int]:
        """Which passkey was used, and for which time."""
        data = decoded(self.credential["response"]["authenticatorData"])
        return self.credential["id"], int.from_bytes(data[33:37])


class World:
    """One of them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        memory = memory_ports(seed, policy=Policy(limits=Limits.none(), account_changes=None))
        self.store = Unreliable()
        self.store.turns = (0, 0, 1, 3)
        self.store.chance = self.chance
        fields = attrs.asdict(memory, recurse=False) | {"unit_of_work": self.store}
        fields["identities"] = MemoryIdentities(self.store)
        fields["passkeys"] = Fido2Passkeys("example.org", "Example", ["https://example.org"])
        self.ports = MemoryPorts(**fields)
        self.people = [Person(f"{name}@example.org", f"{name}-password") for name in NAMES]
        self.overheard: list[Answer] = []
        self.answered: set[str] = set()
        self.used: set[tuple[str, int]] = set()

    async def begin(self) -> None:
        """Both sign up."""
        for person in self.people:
            signed_in = await sign_up("Somebody", person.email, person.password, ports=self.ports)
            person.id = signed_in.user.id
            person.identities.append(Identity(signed_in.user, signed_in.session))
        self.store.failures = self.chance.choice((0.0, 0.1, 0.3))

    async def live(self) -> None:
        """Everybody does what they can."""
        owners: tuple[Callable[[], Awaitable[None]], ...] = (self.add, self.add, self.enter, self.enter, self.renew)
        others = (self.replay, self.replay, self.copy, self.lie, self.mix, self.rush)
        rest = (self.remove, self.reset, self.pass_time, self.clear)
        for _ in range(ACTS):
            acts = [self.chance.choice((*owners, *others, *rest))() for _ in range(self.chance.choice((1, 2, 3)))]
            for outcome in await asyncio.gather(*acts, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, AuthError):
                    raise outcome
            self.look()

    def look(self) -> None:
        """What must hold at every moment."""
        passkeys = self.store.tables.passkeys.values()
        for person in self.people:
            if sum(each.user_id == person.id for each in passkeys) > MAX_PASSKEYS:
                raise Violation("an account has too many")
        if len({each.credential_id for each in passkeys}) != len(passkeys):
            raise Violation("a credential is there twice")

    async def add(self) -> None:
        person = self.chance.choice(self.people)
        identity = self.chance.choice(person.identities)
        device = VirtualAuthenticator(algorithms=(-7,), counts=self.chance.random() < 0.5)
        asked = await request_passkey_registration(identity, ports=self.ports)
        answer = device.create(asked.options)
        tries = self.chance.choice((1, 1, 2))
        added = await asyncio.gather(
            *(add_passkey(identity, asked.challenge.secret, answer, ports=self.ports) for _ in range(tries)),
            return_exceptions=True,
        )
        if sum(not isinstance(each, BaseException) for each in added) > 1:
            raise Violation("a challenge worked twice")
        person.devices.append(device)

    async def enter(self) -> None:
        person = self.chance.choice(self.people)
        if person.devices:
            await self.send(await self.answer(self.chance.choice(person.devices)))

    async def renew(self) -> None:
        person = self.chance.choice(self.people)
        signed_in = await log_in(person.email, person.password, ports=self.ports)
        person.identities.append(Identity(signed_in.user, signed_in.session))

    async def answer(self, device: VirtualAuthenticator) -> Answer:
        asked = await request_passkey_log_in(ports=self.ports)
        answer = Answer(asked.challenge.secret, device.get(asked.options))
        self.overheard.append(answer)
        return answer

    async def send(self, answer: Answer) -> SignedIn:
        """Returns who is signed in by an answer; it must not have worked before."""
        before = set(self.store.tables.passkeys.values())
        known = {each.credential_id: each for each in before}
        signed_in = await log_in_with_passkey(answer.challenge_id, answer.credential, ports=self.ports)
        if answer.challenge_id in self.answered:
            raise Violation(f"a challenge worked twice: {answer}")
        if answer.use[1] and answer.use in self.used:
            raise Violation(f"a counter counted twice: {answer}")
        if answer.user_id != signed_in.user.id:
            raise Violation(f"somebody got in as another: {answer}")
        if answer.credential["id"] not in known:
            raise Violation(f"a passkey that was removed got in: {answer}")
        self.answered.add(answer.challenge_id)
        self.used.add(answer.use)
        return signed_in

    async def replay(self) -> None:
        """Whoever overheard an answer sends it once more, with its challenge or with a new one."""
        if self.overheard:
            answer = self.chance.choice(self.overheard[-4:])
            if self.chance.random() < 0.3:
                asked = await request_passkey_log_in(ports=self.ports)
                answer = attrs.evolve(answer, challenge_id=asked.challenge.secret)
                await self.send(answer)
                raise Violation(f"an answer worked for another challenge: {answer}")
            await self.send(answer)

    async def rush(self) -> None:
        """A copy of a key, or a client that tries again, is as quick as its owner."""
        if devices := [each for person in self.people for each in person.devices]:
            device = self.chance.choice(devices)
            answers = [await self.answer(device)]
            answers += answers if self.chance.random() < 0.5 else [await self.answer(self._behind(device))]
            sent = await asyncio.gather(*(self.send(each) for each in answers), return_exceptions=True)
            for outcome in sent:
                if isinstance(outcome, Violation):
                    raise outcome

    def _behind(self, device: VirtualAuthenticator) -> VirtualAuthenticator:
        clone = device.clone()
        for credential in clone.credentials:
            credential.sign_count -= clone.counts
        return clone

    async def copy(self) -> None:
        if devices := [each for person in self.people for each in person.devices]:
            await self.send(await self.answer(self._behind(self.chance.choice(devices))))

    async def lie(self) -> None:
        """A device says that its passkey is somebody else's, or nobody's."""
        person, other = self.chance.sample(self.people, 2)
        if person.devices:
            liar = self.chance.choice(person.devices).clone()
            for credential in liar.credentials:
                credential.user = {**credential.user, "id": encoded(other.id.encode())}
            liar.tells_user = self.chance.random() < 0.7
            await self.send(await self.answer(liar))

    async def mix(self) -> None:
        """Somebody answers for their own account what another was asked."""
        person, other = self.chance.sample(self.people, 2)
        asked = await request_passkey_registration(self.chance.choice(person.identities), ports=self.ports)
        answer = VirtualAuthenticator(algorithms=(-7,)).create(asked.options)
        await add_passkey(self.chance.choice(other.identities), asked.challenge.secret, answer, ports=self.ports)
        raise Violation("a challenge was answered by another account")

    async def remove(self) -> None:
        person = self.chance.choice(self.people)
        identity = self.chance.choice(person.identities)
        passkeys = await list_passkeys(identity, ports=self.ports)
        if passkeys:
            passkey_id: PasskeyId = self.chance.choice(passkeys).id
            await rename_passkey(identity, passkey_id, {"name": "Old"}, ports=self.ports)
            await remove_passkey(identity, passkey_id, ports=self.ports)

    async def reset(self) -> None:
        """Nobody verified these addresses: a reset leaves no passkey, and no session."""
        person = self.chance.choice(self.people)
        await request_password_reset(person.email, ports=self.ports)
        await deliver_due_mails(ports=self.ports)
        links = [mail.secret for mail in self.ports.mailer.reset_links if mail.to.canonical == person.email]
        before = {each.id for each in self.store.tables.passkeys.values() if each.user_id == person.id}
        was_verified = self.store.tables.users[self._user_id(person)].is_email_verified
        if links:
            await reset_password(links[-1], person.password, ports=self.ports)
            if not was_verified and before & self.store.tables.passkeys.keys():
                raise Violation("a reset left a passkey")

    def _user_id(self, person: Person) -> Any:
        return person.id

    async def pass_time(self) -> None:
        self.ports.clock.instant += self.chance.choice((timedelta(seconds=1), timedelta(minutes=4)))

    async def clear(self) -> None:
        while await purge(ports=self.ports):
            pass


async def live(seed: int) -> None:
    """Lives one world from its beginning to its end.

    Raises: Violation.
    """
    world = World(seed)
    await world.begin()
    await world.live()


if __name__ == "__main__":
    sys.exit(first_violation(live, range(int(sys.argv[1]))))
