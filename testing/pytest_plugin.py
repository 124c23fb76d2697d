"""Fixtures for the tests of those who use the core; pytest finds them by itself where this package is installed.

`auth` is a complete world in memory, `auth_clock` and `auth_mailbox` are parts of it, and `auth_client` speaks HTTP to
the application over it, in process. A run that uses none of them pays for none: nothing is imported before that.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leadnator_auth.adapters.memory import FakeClock, Mailbox, MemoryPorts
    from leadnator_auth.testing.client import AuthClient

__all__ = ["auth", "auth_client", "auth_clock", "auth_mailbox"]


@pytest.fixture
def auth() -> "MemoryPorts":
    """A new, empty world in memory: every port, for `await sign_up(…, ports=auth)`."""
    from leadnator_auth.adapters.memory import memory_ports

    return memory_ports()


@pytest.fixture
def auth_clock(auth: "MemoryPorts") -> "FakeClock":
    """The clock of `auth`, which stands still until `auth_clock.advance(hours=1)`."""
    return auth.clock


@pytest.fixture
def auth_mailbox(auth: "MemoryPorts") -> "Mailbox":
    """The mails that were sent in `auth`; `deliver_due_mails(ports=auth)` sends those still queued."""
    return auth.mailer


@pytest.fixture
def auth_client(auth: "MemoryPorts") -> "AuthClient":
    """A client of the HTTP application over `auth`, for tests that are coroutines."""
    try:
        from leadnator_auth.testing.client import AuthClient
    except ModuleNotFoundError as error:
        pytest.fail(f"`auth_client` needs {error.name}: pip install 'leadnator-auth[testing]'", pytrace=False)

    return AuthClient(auth)
