"""Hashing is fair among networks: every use case says for whom it hashes."""

import attrs
import pytest

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Client,
    Identity,
    InvalidCredentialsError,
    Password,
    SignedIn,
    change_password,
    create_user,
    deliver_due_mails,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)

CLIENT = Client(ip="192.0.2.9")


@attrs.define
class Attributing(CheapHasher):
    """Remembers what it did, and for whom."""

    work: list[tuple[str, Client]] = attrs.field(factory=list)

    async def hash(self, password: Password, client: Client = Client()) -> str:
        self.work.append(("hash", client))
        return await super().hash(password, client)

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        self.work.append(("verify", client))
        return await super().verify(password, password_hash, client)


@pytest.fixture
def hasher() -> Attributing:
    return Attributing()


@pytest.fixture
def ports(memory: MemoryPorts, hasher: Attributing) -> MemoryPorts:
    return attrs.evolve(memory, hasher=hasher)


async def test_a_sign_up(hasher: Attributing, ports: MemoryPorts) -> None:
    await sign_up("Alice", "alice@example.com", "secret", CLIENT, ports=ports)
    assert hasher.work == [("hash", CLIENT)]


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
async def test_a_failing_log_in(alice: SignedIn, hasher: Attributing, ports: MemoryPorts, email: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        await log_in(email, "wrong", CLIENT, ports=ports)
    assert hasher.work == [("verify", CLIENT)]


async def test_a_log_in_that_upgrades_the_hash(alice: SignedIn, hasher: Attributing, ports: MemoryPorts) -> None:
    hasher.strength = 2
    await log_in("alice@example.com", "secret", CLIENT, ports=ports)
    assert hasher.work == [("verify", CLIENT), ("hash", CLIENT)]


async def test_a_change_of_password(
    alice: SignedIn, identity: Identity, hasher: Attributing, ports: MemoryPorts
) -> None:
    await change_password(identity, "secret", "new-secret", CLIENT, ports=ports)
    assert hasher.work == [("verify", CLIENT), ("hash", CLIENT)]


async def test_a_reset(alice: SignedIn, hasher: Attributing, ports: MemoryPorts) -> None:
    await request_password_reset("alice@example.com", ports=ports)
    await deliver_due_mails(ports=ports)
    await reset_password(ports.mailer.reset_links[0].secret, "new-secret", CLIENT, ports=ports)
    assert hasher.work == [("hash", CLIENT)]


async def test_an_operator_has_no_client(hasher: Attributing, ports: MemoryPorts) -> None:
    await create_user(Actor.operator(), "Bob", "bob@example.com", "secret", ports=ports)
    assert hasher.work == [("hash", Client())]
