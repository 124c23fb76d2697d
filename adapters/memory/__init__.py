"""Every port in memory, with the semantics of the SQL adapters: for unit tests, which need no file and no server.

ports = memory_ports()
alice = await sign_up("Alice", "alice@example.com", "secret!", **ports.for_sign_in)
ports.clock.advance(days=8)
await identify(alice.token, **ports.for_identify)  # raises InvalidTokenError: the session is over
"""

from leadnator_auth.adapters.memory.fakes import (
    CheapHasher,
    FakeClock,
    PlainEmailSyntax,
    SeededRandomness,
    UnsignedTokens,
)
from leadnator_auth.adapters.memory.mailbox import Mailbox
from leadnator_auth.adapters.memory.ports import MemoryPorts, memory_ports
from leadnator_auth.adapters.memory.rate_limits import MemoryRateLimits
from leadnator_auth.adapters.memory.store import MemoryIdentities, MemoryUnitOfWork

__all__ = [
    "CheapHasher",
    "FakeClock",
    "Mailbox",
    "MemoryIdentities",
    "MemoryPorts",
    "MemoryRateLimits",
    "MemoryUnitOfWork",
    "PlainEmailSyntax",
    "SeededRandomness",
    "UnsignedTokens",
    "memory_ports",
]
