"""Every port in memory, with the semantics of the SQL adapters: for unit tests, which need no file and no server.

    ports = memory_ports()
    alice = await sign_up("Alice", "alice@example.com", "secret!", ports=ports)
    ports.clock.advance(days=8)
    await identify(alice.token, ports=ports)  # raises InvalidTokenError: the session is over

A test controls and inspects it by its parts: `ports.clock` stands still until `advance`; `ports.mailer.reset_links` and
`.notices` hold what was sent, and `ports.mailer.failure` is raised instead while it is set; `ports.events` is what
happened so far, in order, and `memory_ports(subscribers=[…])` takes coroutine functions that `deliver_due_events` tells
of it; `ports.webhooks.received` holds the messages to all webhooks, `.status` and `.failure` say what becomes of the
next; `ports.hasher.verified` and `.hashed` count its work; `ports.readiness.is_ready` says whether it is ready;
`ports.unit_of_work.tables` is everything that was stored. Ids and secrets are the same in every run;
`memory_ports(seed)` gives others. It passes the contract suites that the SQL adapters pass, races and rollbacks
included. Secrets are predictable and tokens are not signed: never serve with it.

The repositories over a copy of `Tables` are a basis for small stores of your own, which only have to keep the tables.
"""

from leadnator_auth.adapters.memory.event_deliveries import MemoryEventDeliveries
from leadnator_auth.adapters.memory.events import MemoryEvents
from leadnator_auth.adapters.memory.fakes import (
    CheapHasher,
    FakeClock,
    FakeKeyMaker,
    PlainEmailSyntax,
    SeededRandomness,
    UnsignedTokens,
)
from leadnator_auth.adapters.memory.mail_queue import MemoryMailQueue
from leadnator_auth.adapters.memory.mailbox import Mailbox
from leadnator_auth.adapters.memory.one_time_tokens import MemoryOneTimeTokens
from leadnator_auth.adapters.memory.passkeys import MemoryPasskeys
from leadnator_auth.adapters.memory.ports import MemoryPorts, MemoryReadiness, memory_ports
from leadnator_auth.adapters.memory.rate_limits import MemoryRateLimits
from leadnator_auth.adapters.memory.sessions import MemorySessions
from leadnator_auth.adapters.memory.store import (
    MemoryIdentities,
    MemoryRepositories,
    MemoryTransaction,
    MemoryUnitOfWork,
    what_is_new,
)
from leadnator_auth.adapters.memory.subscriptions import MemorySubscriptions
from leadnator_auth.adapters.memory.tables import MemoryCredentialStore, MemoryUsers, Tables
from leadnator_auth.adapters.memory.webhook_receiver import ReceivedWebhook, WebhookReceiver

__all__ = [
    "CheapHasher",
    "FakeClock",
    "FakeKeyMaker",
    "Mailbox",
    "MemoryCredentialStore",
    "MemoryEventDeliveries",
    "MemoryEvents",
    "MemoryIdentities",
    "MemoryMailQueue",
    "MemoryOneTimeTokens",
    "MemoryPasskeys",
    "MemoryPorts",
    "MemoryRateLimits",
    "MemoryReadiness",
    "MemoryRepositories",
    "MemorySessions",
    "MemorySubscriptions",
    "MemoryTransaction",
    "MemoryUnitOfWork",
    "MemoryUsers",
    "PlainEmailSyntax",
    "ReceivedWebhook",
    "SeededRandomness",
    "Tables",
    "UnsignedTokens",
    "WebhookReceiver",
    "memory_ports",
    "what_is_new",
]
