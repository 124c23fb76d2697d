"""The commands over a world in memory: the fixture `auth` comes from leadnator_auth's own pytest plugin."""

import asyncio
import io
from collections.abc import Callable

import pytest
from accounts import add, check, everybody

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import InvalidCredentialsError

Type = Callable[[str], None]


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a line into standard input."""
    return lambda line: monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\n"))


def test_an_account_is_added_and_its_password_checked(auth: MemoryPorts, type_in: Type) -> None:
    type_in("correct horse")
    assert asyncio.run(add(auth, "alice@example.com", "Alice")) == "alice@example.com was added"
    type_in("correct horse")
    assert asyncio.run(check(auth, "alice@example.com")) == "Alice knows the password"
    type_in("wrong")
    with pytest.raises(InvalidCredentialsError):
        asyncio.run(check(auth, "alice@example.com"))
    assert asyncio.run(everybody(auth)) == "alice@example.com active"
