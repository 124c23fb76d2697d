"""Alice, whom most stories are about."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Identity, SignedIn, sign_up


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    """A user who just signed up."""
    return await sign_up("Alice", "alice@example.com", "secret", ports=memory)


@pytest.fixture
def identity(alice: SignedIn) -> Identity:
    """Alice, as she is known after her token was checked."""
    return Identity(alice.user, alice.session)
