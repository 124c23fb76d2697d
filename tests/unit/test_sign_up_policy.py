"""Who may make an account for themselves, in memory."""

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    Client,
    EmailAddress,
    InvalidFieldsError,
    Policy,
    SignUpClosedError,
    SignUpPolicy,
    create_user,
    import_users,
    log_in,
    sign_up,
)

CLOSED = SignUpPolicy(frozenset())
STAFF = SignUpPolicy(frozenset({"example.com", "xn--bcher-kva.example"}))
MEMBERS = ["alice@example.com", "Alice@EXAMPLE.com", "a.b+c@example.com", "a@XN--BCHER-KVA.example"]
STRANGERS = [
    "alice@example.org",
    "alice@sub.example.com",
    "alice@notexample.com",
    "alice@example.com.evil.example",
    "example.com@evil.example",
]


def world(policy: SignUpPolicy) -> MemoryPorts:
    return memory_ports(policy=Policy(sign_up=policy))


def address(text: str) -> EmailAddress:
    return EmailAddress(text, text)


@pytest.mark.parametrize("email", MEMBERS)
async def test_whoever_has_a_mailbox_at_the_domains_may_sign_up(email: str) -> None:
    memory = world(STAFF)
    assert (await sign_up("Alice", email, "secret", ports=memory)).user.email.typed == email
    assert await log_in(email, "secret", ports=memory)


@pytest.mark.parametrize("email", STRANGERS)
async def test_nobody_else_may_and_it_costs_no_hash(email: str) -> None:
    memory = world(STAFF)
    with pytest.raises(SignUpClosedError, match="domain"):
        await sign_up("Eve", email, "secret", ports=memory)
    assert memory.hasher.hashed == 0
    assert not memory.unit_of_work.tables.users


async def test_nobody_may_while_it_is_closed_whether_or_not_the_address_is_taken(memory: MemoryPorts) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    closed = attrs.evolve(memory, policy=Policy(sign_up=CLOSED))
    for email in ("alice@example.com", "bob@example.com"):
        with pytest.raises(SignUpClosedError):
            await sign_up("Bob", email, "secret", ports=closed)
    assert await log_in("alice@example.com", "secret", ports=closed), "who has an account goes on"


async def test_a_refusal_is_told_before_anything_is_counted_or_looked_up() -> None:
    memory = world(CLOSED)
    with pytest.raises(SignUpClosedError):
        await sign_up("Eve", "eve@example.com", "secret", Client("192.0.2.1"), ports=memory)
    assert not memory.rate_limits.empty_at


async def test_fields_that_are_wrong_are_told_first() -> None:
    with pytest.raises(InvalidFieldsError):
        await sign_up("Eve", "nonsense", "secret", ports=world(STAFF))


@pytest.mark.parametrize("policy", [CLOSED, STAFF], ids=["closed", "domains"])
async def test_an_administrator_makes_accounts_for_whom_they_like(policy: SignUpPolicy) -> None:
    memory = world(policy)
    await create_user(Actor.operator(), "Bob", "bob@elsewhere.example", "secret", ports=memory)
    record = {"name": "Carol", "email": "carol@elsewhere.example", "password_hash": "cheap$1$abc"}
    (outcome,) = await import_users([record], ports=memory)
    assert not outcome.errors
    assert await log_in("bob@elsewhere.example", "secret", ports=memory)


def test_whoever_has_an_account_moves_within_the_domains_alone() -> None:
    STAFF.check_move(address("alice@example.com"))
    with pytest.raises(SignUpClosedError):
        STAFF.check_move(address("alice@elsewhere.example"))
    for policy in (SignUpPolicy(), CLOSED):
        policy.check_move(address("alice@elsewhere.example"))
