"""A program for mypy, by somebody who has the installed package and nothing else of ours."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import assert_type

import attrs
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from leadnator_auth.adapters.memory import FakeClock, Mailbox, MemoryPorts, memory_ports
from leadnator_auth.domain import (
    AuthError,
    Charge,
    Identity,
    InvalidTokenError,
    OutgoingMail,
    Page,
    Ports,
    Refusal,
    SecretMail,
    SignedIn,
    User,
    identify,
    log_in,
    sign_up,
)
from leadnator_auth.domain.ports import Clock, Mailer, RateLimits, UnitOfWork
from leadnator_auth.entrypoints.embedding import Settings, SyncBridge, running_ports
from leadnator_auth.entrypoints.http import authenticate, create_app
from leadnator_auth.testing.client import AuthClient
from leadnator_auth.testing.contract import RateLimitsContract


class Printing:
    """A mailer by structure alone: it names no class of ours but the mail."""

    async def send(self, mail: OutgoingMail) -> None:
        assert_type(mail.id, str)
        if isinstance(mail, SecretMail):
            assert_type(mail.secret, str)


class Forgiving:
    """Counters that count nothing."""

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        return None

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None: ...

    async def purge(self, now: datetime, most: int) -> int:
        return 0


class Halting:
    """Not a mailer: it takes no mail."""

    async def send(self) -> None: ...


class TestForgiving(RateLimitsContract):
    @pytest.fixture
    def rate_limits(self) -> RateLimits:
        return Forgiving()


async def main() -> None:
    ports = memory_ports(seed=7)
    assert_type(ports, MemoryPorts)
    assert_type(ports.clock, FakeClock)
    assert_type(ports.mailer, Mailbox)
    signed_in = await sign_up("Alice", "alice@example.com", "correct horse", ports=ports)
    assert_type(signed_in, SignedIn)
    assert_type(signed_in.user, User)
    assert_type(await identify(signed_in.token, ports=ports), Identity)
    try:
        await log_in("alice@example.com", "wrong", ports=ports)
    except InvalidTokenError as error:
        assert_type(error.code, str)
    async with AuthClient(ports) as client:
        assert_type(await client.sign_up("bob@example.com"), str)


async def embed(page: Page[User]) -> None:
    async with running_ports(Settings(bcrypt_cost=10)) as ports:
        assert_type(ports, Ports)
        clock: Clock = ports.clock
        mailer: Mailer = Printing()
        store: UnitOfWork = ports.unit_of_work
        other = attrs.evolve(ports, mailer=mailer, rate_limits=Forgiving(), clock=clock, unit_of_work=store)
        assert_type(create_app(other), Starlette)
    assert_type(page.entries[0], User)


def block(settings: Settings) -> None:
    with SyncBridge(settings) as bridge:
        assert_type(bridge.ports, Ports)
        signed_in = bridge.call(log_in("alice@example.com", "correct horse", ports=bridge.ports), timeout=10)
        assert_type(signed_in, SignedIn)
        assert_type(str(signed_in.user.email), str)
    in_memory = SyncBridge(lambda: nullcontext(memory_ports()))
    assert_type(in_memory.call(identify("token", ports=in_memory.ports)), Identity)
    in_memory.close()


async def bridged(bridge: SyncBridge, error: AuthError) -> str:
    identity = await bridge.acall(identify("token", ports=bridge.ports))
    assert_type(identity, Identity)
    assert_type(error.reason, str)
    return str(identity.user.email)


async def greeted(request: Request, ports: Ports) -> str:
    return (await authenticate(request, ports, media=True)).user.name


async def is_refused(ports: MemoryPorts) -> None:
    await sign_up("Alice", "alice@example.com", ports=ports)  # type: ignore[call-arg]
    await identify("token", ports=None)  # type: ignore[arg-type]
    ports.clock = FakeClock()  # type: ignore[misc]
    mailer: Mailer = Halting()  # type: ignore[assignment]
    SyncBridge(ports)  # type: ignore[arg-type]
    SyncBridge(Settings()).call(log_in)  # type: ignore[arg-type]
    attrs.evolve(ports, mailer=mailer, clok=ports.clock)  # type: ignore[arg-type, call-arg]
