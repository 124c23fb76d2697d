"""A complete set of ports in memory."""

from collections.abc import Iterable

import attrs

from leadnator_auth.adapters.memory.fakes import (
    CheapHasher,
    FakeClock,
    FakeKeyMaker,
    PlainEmailSyntax,
    SeededRandomness,
    UnsignedTokens,
)
from leadnator_auth.adapters.memory.mailbox import Mailbox
from leadnator_auth.adapters.memory.rate_limits import MemoryRateLimits
from leadnator_auth.adapters.memory.store import MemoryIdentities, MemoryUnitOfWork
from leadnator_auth.adapters.memory.webhook_receiver import WebhookReceiver
from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.key_ring import KeyRing
from leadnator_auth.domain.entities.subscription import Subscriber, Subscription, subscribers_by_id
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.master_keys import MasterKeys


@attrs.define
class MemoryReadiness:
    """Ready unless a test says otherwise."""

    is_ready: bool = True

    async def check(self) -> None:
        if not self.is_ready:
            raise UnavailableError("not ready")


@attrs.frozen(kw_only=True)
class MemoryPorts(Ports):
    """Ports whose adapters a test can look into and steer, under their own types."""

    unit_of_work: MemoryUnitOfWork
    hasher: CheapHasher
    mailer: Mailbox
    clock: FakeClock
    randomness: SeededRandomness
    rate_limits: MemoryRateLimits
    readiness: MemoryReadiness
    webhooks: WebhookReceiver

    @property
    def events(self) -> list[Event]:
        """What happened so far, in this order."""
        return list(self.unit_of_work.tables.events.values())


def memory_ports(seed: int = 0, policy: Policy = Policy(), subscribers: Iterable[Subscriber] = ()) -> MemoryPorts:
    """Returns a new, empty world; worlds share nothing, and the same seed gives the same ids and secrets.

    `subscribers` are coroutine functions that `deliver_due_events` calls with what happened.

    Raises: TypeError, ValueError as `subscribers_by_id`.
    """
    clock, unit_of_work, functions = FakeClock(), MemoryUnitOfWork(), subscribers_by_id(subscribers)
    subscriptions = [Subscription(subscription_id, since=clock.now()) for subscription_id in functions]
    unit_of_work.tables.subscriptions.update((each.id, each) for each in subscriptions)
    return MemoryPorts(
        unit_of_work=unit_of_work,
        identities=MemoryIdentities(unit_of_work),
        hasher=CheapHasher(),
        tokens=UnsignedTokens(),
        emails=PlainEmailSyntax(),
        mailer=Mailbox(),
        clock=clock,
        randomness=SeededRandomness(seed),
        rate_limits=MemoryRateLimits(),
        readiness=MemoryReadiness(),
        master_keys=MasterKeys([f"the master key of the world that grows from {seed}"]),
        code_keys=MasterKeys([f"the key of the codes of the world that grows from {seed}"]),
        key_ring=KeyRing(policy.signing_algorithm),
        key_maker=FakeKeyMaker(),
        webhooks=WebhookReceiver(),
        policy=policy,
        subscribers=functions,
    )
