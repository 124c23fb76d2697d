"""Signing up, in memory."""

import asyncio

import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Client,
    EmailTakenError,
    InvalidFieldsError,
    MissingFieldsError,
    PasswordPolicy,
    Policy,
    Role,
    SignedIn,
    Status,
    identify,
    log_in,
    sign_up,
)


async def test_a_new_account_is_an_active_user_on_the_first_plan(memory: MemoryPorts) -> None:
    alice = await sign_up("  Alice ", " Alice@Example.com ", "secret", ports=memory)
    user = alice.user
    assert (user.name, user.email.typed) == ("Alice", "Alice@Example.com")
    assert (user.role, user.plan, user.status) == (Role.USER, "Starter", Status.ACTIVE)
    assert user.created_at == memory.clock.now()
    assert user.id.startswith("u_")
    assert len(user.id) == 24


async def test_a_new_account_is_signed_in_for_seven_days(memory: MemoryPorts) -> None:
    client = Client(ip="192.0.2.7", user_agent="curl/8")
    alice = await sign_up("Alice", "alice@example.com", "secret", client, ports=memory)
    identity = await identify(alice.token, ports=memory)
    assert identity.user == alice.user
    assert identity.session == alice.session
    assert identity.session.client == client
    assert (alice.session.expires_at - alice.session.created_at).total_seconds() == 604_800


async def test_the_password_works_in_another_normal_form(memory: MemoryPorts) -> None:
    await sign_up("Zoë", "zoe@example.com", "cafe\u0301s!", ports=memory)
    assert await log_in("zoe@example.com", "caf\u00e9s!", ports=memory)


async def test_an_address_makes_one_account_whatever_its_case(memory: MemoryPorts) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    with pytest.raises(EmailTakenError):
        await sign_up("Eve", "ALICE@example.com", "other-secret", ports=memory)
    assert memory.hasher.hashed == 1, "a sign-up that is bound to fail costs no hash"


async def test_of_twenty_at_once_one_gets_the_address(memory: MemoryPorts) -> None:
    attempts = (sign_up(f"A{n}", "a@example.com", "secret", ports=memory) for n in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EmailTakenError) for outcome in outcomes) == 19


async def test_all_missing_fields_are_named_at_once(memory: MemoryPorts) -> None:
    with pytest.raises(MissingFieldsError) as refused:
        await sign_up(None, "  ", "", ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [
        ("name", "missing"),
        ("email", "missing"),
        ("password", "missing"),
    ]


async def test_wrong_fields_are_named_beside_missing_ones(memory: MemoryPorts) -> None:
    with pytest.raises(MissingFieldsError) as refused:
        await sign_up(" ", "nonsense", 123456, ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [
        ("name", "missing"),
        ("email", "invalid_email"),
        ("password", "wrong_type"),
    ]
    assert "email: invalid_email" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x" * 201, "too_long"),
        ("a\nb", "invalid_characters"),
        ("a\u2028b", "invalid_characters"),
        ("a\u202eb", "invalid_characters"),
        ("a\x7fb", "invalid_characters"),
        ("a\0b", "invalid_characters"),
        ("a\ud800b", "invalid_characters"),
        (["Alice"], "wrong_type"),
        (True, "wrong_type"),
    ],
)
async def test_a_name_is_a_line_of_at_most_200_characters(memory: MemoryPorts, name: object, code: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        await sign_up(name, "alice@example.com", "secret", ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [("name", code)]


INVISIBLE = {
    "zero-width space": "\u200b",
    "zero-width joiners": "\u200c\u200d\u2060\ufeff",
    "soft hyphen": "\u00ad",
    "marks of direction": "\u200e\u200f\u061c",
    "overrides of direction": "\u202e\u2066",
    "Hangul fillers": "\u3164\uffa0\u115f\u1160",
    "Braille without dots": "\u2800",
    "combining grapheme joiner": "\u034f",
    "Khmer inherent vowels": "\u17b4\u17b5",
    "Mongolian selectors": "\u180b\u180e\u180f",
    "variation selectors": "\ufe0f\U000e0100",
    "tags": "\U000e0041\U000e007f",
    "no notehead": "\U0001d159",
    "white space within": "\u200b \u3000 \u2800",
    "invisible operators": "\u2061\u2063\u206f",
    "200 of them": "\u3164" * 200,
    "too many": "\u200b" * 1000,
}


@pytest.mark.parametrize("name", INVISIBLE.values(), ids=INVISIBLE)
async def test_a_name_of_which_nothing_is_seen_is_missing(memory: MemoryPorts, name: str) -> None:
    with pytest.raises(MissingFieldsError) as refused:
        await sign_up(name, "alice@example.com", "secret", ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [("name", "missing")]


@pytest.mark.parametrize(
    "name", ["x" * 200, "é", "山田 太郎", "👩\u200d🚀", "O'Neil <b>", "\u200bA", "ᄒ\u1160", "❤\ufe0f", "."]
)
async def test_people_are_called_many_things(memory: MemoryPorts, name: str) -> None:
    assert (await sign_up(name, "alice@example.com", "secret", ports=memory)).user.name == name


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("12345", "too_short"),
        ("e\u0301" * 5, "too_short"),
        ("x" * 1025, "too_long"),
        ("é" * 513, "too_long"),
        ("secret\0", "invalid_characters"),
        ("secret\udfff", "invalid_characters"),
    ],
)
async def test_a_password_outside_its_bounds_is_refused(memory: MemoryPorts, password: str, code: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        await sign_up("Alice", "alice@example.com", password, ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [("password", code)]


@pytest.mark.parametrize("password", ["123456", "      ", "😀" * 6, "x" * 1024, "é" * 512, "sec\nret"])
async def test_a_password_within_its_bounds_is_taken_as_it_is(memory: MemoryPorts, password: str) -> None:
    await sign_up("Alice", "alice@example.com", password, ports=memory)
    assert await log_in("alice@example.com", password, ports=memory)


async def test_the_least_length_is_a_policy() -> None:
    memory = memory_ports(policy=Policy(password=PasswordPolicy(min_length=12)))
    with pytest.raises(InvalidFieldsError) as refused:
        await sign_up("Alice", "alice@example.com", "x" * 11, ports=memory)
    assert "12" in refused.value.errors[0].message
    assert await sign_up("Alice", "alice@example.com", "x" * 12, ports=memory)
