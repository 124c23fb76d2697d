"""Alice, whom most stories are about."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Identity, SignedIn, TokenPair, issue_token_pair, sign_up


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    """A user who just signed up."""
    return await sign_up("Alice", "alice@example.com", "secret", ports=memory)


@pytest.fixture
def identity(alice: SignedIn) -> Identity:
    """Alice, as she is known after her token was checked."""
    return Identity(alice.user, alice.session)


@pytest.fixture
async def pair(memory: MemoryPorts, identity: Identity) -> TokenPair:
    """The first pair of Alice, made a minute after she signed up."""
    memory.clock.advance(minutes=1)
    return await issue_token_pair(identity, ports=memory)
