"""The public surface: names that are there, secrets that stay hidden, and a core that pulls nothing in."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

import leadnator_auth.domain as core
from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.domain import (
    Client,
    Credentials,
    EmailAddress,
    MailKind,
    OneTimeToken,
    Password,
    Purpose,
    SecretMail,
    SignedIn,
    User,
    UserId,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMAIL = EmailAddress("alice@example.com", "alice@example.com")
ALICE = User(id=UserId("u_1"), name="Alice", email=EMAIL, created_at=NOW)


def test_every_public_name_is_there_once() -> None:
    assert all(hasattr(core, name) for name in core.__all__)
    assert sorted(set(core.__all__)) == sorted(core.__all__)


def test_frameworks_can_read_what_classes_are_made_of() -> None:
    """Litestar reads the classes of dependencies by msgspec, which refuses a default made of other fields."""
    modules = [module for name, module in sys.modules.items() if name.startswith("leadnator_auth.domain")]
    values = [value for module in modules for value in vars(module).values()]
    classes = {value for value in values if isinstance(value, type) and attrs.has(value)}
    assert core.Session in classes
    computed = [cls for cls in classes if any(getattr(each.default, "takes_self", False) for each in attrs.fields(cls))]
    assert computed == []


def test_the_core_pulls_in_nothing_but_attrs() -> None:
    program = (
        "import sys, importlib.metadata\n"
        "import leadnator_auth.domain\n"
        "third_party = importlib.metadata.packages_distributions()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & set(third_party)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) <= {"attr", "attrs", "leadnator_auth"} | started_with()


def started_with() -> set[str]:
    """What an interpreter here loads by itself, before any import of ours."""
    program = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize(
    "holder",
    [
        Password("hunter2"),
        Credentials(ALICE.id, "hunter2", NOW),
        OneTimeToken(Purpose.RESET, "hunter2", ALICE.id, None, NOW, NOW),
        SecretMail("m_1", MailKind.RESET_LINK, EMAIL, "hunter2", NOW, timedelta(hours=1)),
        SignedIn(ALICE, core.Session(core.SessionId("s_1"), ALICE.id, NOW, NOW), "hunter2"),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_secret_does_not_show(holder: object) -> None:
    assert "hunter2" not in f"{holder} {holder!r} {[holder]}"


def test_what_a_client_says_of_itself_is_cut_and_cleaned() -> None:
    client = Client(ip="1" * 100, user_agent="curl\r\n\x1b[31m\u202e" + "x" * 1000 + "\ud800\0")
    assert client.ip == "1" * 45
    assert client.user_agent == ("curl[31m" + "x" * 1000)[:256]


USE_CASES = [each for name in core.__all__ if inspect.isfunction(each := getattr(core, name))]
RULES = {"is_found", "run_in_transaction"}
"""Functions that are no use cases: they need nothing from outside, or one unit of work."""


@pytest.mark.parametrize(
    "use_case", [each for each in USE_CASES if each.__name__ not in RULES], ids=lambda each: each.__name__
)
def test_a_use_case_takes_all_that_is_outside_in_one_argument(use_case: Callable[..., object]) -> None:
    ports = inspect.signature(use_case).parameters["ports"]
    assert (ports.kind, ports.default, ports.annotation) == (ports.KEYWORD_ONLY, ports.empty, core.Ports)


async def test_a_session_begins_now_and_ends_with_its_lifetime() -> None:
    ports = memory_ports(policy=core.Policy(session_lifetime=timedelta(minutes=5)))
    session = (await core.sign_up("Alice", "alice@example.com", "secret", ports=ports)).session
    assert (session.created_at, session.expires_at) == (ports.clock.now(), ports.clock.now() + timedelta(minutes=5))


def test_one_step_alone_begins_sessions() -> None:
    folder = Path(core.__file__).parent
    callers = [path.name for path in folder.rglob("*.py") if "sessions.add(" in path.read_text()]
    assert callers == ["open_session.py"]
