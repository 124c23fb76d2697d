"""Pairs of tokens, and whether they work: what the tests of them share."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Client,
    EventType,
    Identity,
    InvalidRefreshTokenError,
    InvalidTokenError,
    Ports,
    SignedIn,
    TokenPair,
    identify,
    refresh_token_pair,
)

EMAIL = "alice@example.com"
HERE, ELSEWHERE = Client("192.0.2.1", "here"), Client("198.51.100.7", "elsewhere")


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def refreshed(token: str, ports: Ports, client: Client = HERE) -> TokenPair:
    return await refresh_token_pair(token, client, ports=ports)


async def works(token: str, ports: Ports) -> bool:
    try:
        await identify(token, ports=ports)
    except InvalidTokenError:
        return False
    return True


async def is_refused(token: str, ports: Ports, client: Client = HERE) -> bool:
    with pytest.raises(InvalidRefreshTokenError):
        await refreshed(token, ports, client)
    return True


def told(memory: MemoryPorts, *types: EventType) -> list[tuple[str, str | None, str | None]]:
    return [
        (event.type.value, event.data.get("session_id"), event.data.get("reason"))
        for event in memory.events
        if event.type in types
    ]
