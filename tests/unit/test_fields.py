"""Checking fields, whatever they hold."""

import unicodedata

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import InvalidFieldsError, Password, identify, sign_up
from leadnator_auth.domain.entities.user import parse_name
from leadnator_auth.domain.values.fields import FieldChecks
from leadnator_auth.domain.values.text import stripped, trimmed, without_white_space


def test_an_error_of_another_kind_is_not_hidden_by_bad_fields() -> None:
    with pytest.raises(ZeroDivisionError), FieldChecks() as check:
        check("name", 5, parse_name)
        raise ZeroDivisionError


@pytest.mark.parametrize("character", "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\t\x85")
async def test_no_name_breaks_its_line_or_reorders_it(memory: MemoryPorts, character: str) -> None:
    with pytest.raises(InvalidFieldsError):
        await sign_up(f"a{character}b", "alice@example.com", "secret", ports=memory)


def test_passwords_that_only_look_alike_differ() -> None:
    ligature, letters = "\N{LATIN SMALL LIGATURE FI}le-secret", "file-secret"
    assert unicodedata.normalize("NFKC", ligature) == letters
    assert Password.typed(ligature) != Password.typed(letters)


async def test_the_times_in_a_token_are_whole_seconds(memory: MemoryPorts) -> None:
    memory.clock.advance(microseconds=999_999)
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    claims = memory.tokens.read(alice.token)
    assert (claims.issued_at.microsecond, claims.expires_at.microsecond) == (0, 0)
    assert (claims.expires_at - claims.issued_at).total_seconds() == 604_800
    assert await identify(alice.token, ports=memory)


def test_fields_that_are_not_known_are_told_with_all_others() -> None:
    with pytest.raises(InvalidFieldsError) as refusal, FieldChecks() as check:
        check.only(["name", "staus", "Role"], ["name", "role"])
        check("name", 5, str)
    assert [(error.field, error.code) for error in refusal.value.errors] == [
        ("staus", "unknown_field"),
        ("Role", "unknown_field"),
        ("name", "wrong_type"),
    ]
    assert "name, role" in refusal.value.errors[0].message
    with FieldChecks() as check:
        check.only(["name"], ["name", "role"])


@pytest.mark.parametrize("edge", ["", " ", "\t\r\n", "\u00a0\u2003", "\u200b\ufeff", "\u2060\u202e\x00"])
def test_what_cannot_be_seen_at_the_ends_is_trimmed(edge: str) -> None:
    assert trimmed(f"{edge}a{edge}b{edge}") == f"a{edge}b"
    assert trimmed(edge) == ""


WHITE_SPACE = [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
"""Unicode 16.0, PropList.txt."""


def test_white_space_is_what_unicode_says() -> None:
    kept = [code for code in range(0x110000) if stripped(f"{chr(code)}a{chr(code)}") != "a"]
    assert sorted({*range(0x110000)} - {*kept}) == WHITE_SPACE
    everywhere = "".join(map(chr, WHITE_SPACE))
    assert without_white_space(f"{everywhere}1{everywhere}2\x1c{everywhere}") == "12\x1c"
