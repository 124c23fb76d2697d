"""Values at the edges of what they take, and what they never show."""

import base64
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailAddress, FirebaseScrypt, MasterKeys
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.ids import USER_ID_PREFIX
from leadnator_auth.domain.values.instant import parse_future
from leadnator_auth.domain.values.media_path import MAX_PATH_LENGTH, parse_media_path
from leadnator_auth.domain.values.password import MAX_PASSWORD_BYTES, Password, PasswordPolicy
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm
from leadnator_auth.domain.values.text import is_blank, trimmed
from leadnator_auth.domain.values.totp import PERIOD, code_at, matching_step
from leadnator_auth.domain.values.webhook_url import parse_webhook_url

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DECOMPOSED, COMPOSED = "e\u0301", "\u00e9"
INVISIBLE = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors
    (0x2060, 0x206F),  # invisible operators
    (0x2800, 0x2800),  # Braille cell without dots
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1D159, 0x1D159),  # null notehead
    (0xE0000, 0xE0FFF),  # tags
)
"""Default_Ignorable_Code_Point of Unicode (DerivedCoreProperties), and two symbols without a glyph."""
VISIBLE_BEFORE = {first: first - 1 for first, _ in INVISIBLE} | {0x2060: 0x2010}
VISIBLE_AFTER = {last: last + 1 for _, last in INVISIBLE} | {0xFFF8: 0xFFFC}


def test_an_address_has_a_domain_to_compare_and_a_mailbox_to_mail_to() -> None:
    address = EmailAddress("Ann@B\u00fccher.example", "ann@xn--bcher-kva.example")
    assert address.domain == "xn--bcher-kva.example"
    assert address.mailbox == "Ann@xn--bcher-kva.example"


@pytest.mark.parametrize("code", sorted(set(chain.from_iterable(INVISIBLE))))
def test_what_shows_nothing_is_blank(code: int) -> None:
    assert is_blank(chr(code))


@pytest.mark.parametrize("code", sorted({*VISIBLE_BEFORE.values(), *VISIBLE_AFTER.values()}))
def test_its_neighbours_are_not(code: int) -> None:
    assert not is_blank(chr(code))


def test_what_is_trimmed_keeps_its_middle() -> None:
    assert trimmed(" a b\u3164c\u2060") == "a b\u3164c"


@pytest.mark.parametrize("raw", [DECOMPOSED * 1365 + "a", DECOMPOSED])
def test_a_password_in_another_spelling_is_the_same_and_keeps_both(raw: str) -> None:
    typed = Password.typed(raw)
    assert typed == Password.typed(raw.replace(DECOMPOSED, COMPOSED))
    assert typed.spellings == (raw.replace(DECOMPOSED, COMPOSED).encode(), raw.encode())
    assert repr(typed) == "Password()"


def test_what_no_password_can_be_is_not_normalised() -> None:
    assert Password.typed(DECOMPOSED * 1365 + "ab").text == DECOMPOSED * 1365 + "ab"


def test_a_password_has_1_024_bytes_at_most() -> None:
    policy = PasswordPolicy()
    assert len(policy.choose("a" * MAX_PASSWORD_BYTES).utf8) == 1024
    with pytest.raises(BadFieldError, match=r"1,024 bytes"):
        policy.choose("a" * 1025)


def test_a_list_of_passwords_refuses_those_alone_and_is_not_shown() -> None:
    policy = PasswordPolicy(blocklist={"correct horse"})
    assert policy.choose("incorrect horse").text == "incorrect horse"
    with pytest.raises(BadFieldError, match="Many people"):
        policy.choose("Correct HORSE")
    assert "horse" not in repr(policy)


@pytest.mark.parametrize(("rounds", "mem_cost"), [(1, 1), (1, 14), (8, 1), (7, 13)])
def test_firebase_takes_these(rounds: int, mem_cost: int) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    project = FirebaseScrypt.parse(key, "Bw==", rounds, mem_cost)
    assert (project.rounds, project.mem_cost) == (rounds, mem_cost)
    assert "kkk" not in repr(project)


@pytest.mark.parametrize(
    ("key_bytes", "rounds", "mem_cost"), [(31, 8, 14), (32, 0, 14), (32, 9, 14), (32, 8, 0), (32, 8, 15)]
)
def test_and_not_these(key_bytes: int, rounds: int, mem_cost: int) -> None:
    with pytest.raises(BadFieldError):
        FirebaseScrypt.parse(base64.b64encode(b"k" * key_bytes).decode(), "Bw==", rounds, mem_cost)


@pytest.mark.parametrize(
    ("password_hash", "salt"),
    [
        (b"k" * 33, "QUI="),
        (b"k" * 31, "QUI="),
        (b"k" * 32, "Q0"),  # bits behind the last byte, so that another text is the same byte
        (b"k" * 32, "Q!UI="),
    ],
)
def test_a_hash_of_another_length_and_a_salt_in_two_spellings_are_refused(password_hash: bytes, salt: str) -> None:
    project = FirebaseScrypt(b"s" * 32, b"", 8, 14)
    assert project.encode(base64.b64encode(b"k" * 32).decode(), "QUI").startswith("$firebase-scrypt$")
    with pytest.raises(BadFieldError):
        project.encode(base64.b64encode(password_hash).decode(), salt)


def test_an_id_has_128_bits(memory: MemoryPorts) -> None:
    assert len(base64.urlsafe_b64decode(new_id(USER_ID_PREFIX, memory).removeprefix("u_") + "==")) == 16


@pytest.mark.parametrize(("seconds", "is_future"), [(-1, False), (0, False), (1, True)])
def test_what_is_yet_to_come(seconds: int, is_future: bool) -> None:
    written = (NOW + timedelta(seconds=seconds)).isoformat()
    if is_future:
        assert parse_future(written, NOW) == NOW + timedelta(seconds=seconds)
    else:
        with pytest.raises(BadFieldError):
            parse_future(written, NOW)


def test_a_master_key_has_32_bytes_and_is_not_shown() -> None:
    keys = MasterKeys(["k" * 32])
    assert len(bytes.fromhex(keys.newest_id)) == 8
    assert "k" * 8 not in repr(keys)
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKeys(["k" * 31])


def test_a_media_path_has_1_024_characters_at_most() -> None:
    assert len(parse_media_path("/" + "a" * (MAX_PATH_LENGTH - 1))) == 1024
    with pytest.raises(BadFieldError):
        parse_media_path("/" + "a" * 1024)


def test_a_key_for_ecdsa_is_published_as_one() -> None:
    published = PublicKey(SigningAlgorithm.ES256, "x", "y").jwk
    assert (published["kty"], published["crv"], published["y"]) == ("EC", "P-256", "y")


def test_of_two_steps_with_the_same_code_the_later_one_counts() -> None:
    seed, step = b"12345678901234567890", 40_628_458
    assert code_at(seed, step) == code_at(seed, step + 1) == "669470"
    now = datetime.fromtimestamp(step * PERIOD, UTC)
    assert matching_step(seed, "669470", now, after=0) == step + 1


def test_the_name_of_a_host_has_253_characters_at_most() -> None:
    longest = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 62}.example"
    assert len(longest) == 253
    assert parse_webhook_url(f"https://{longest}/") == f"https://{longest}/"
    with pytest.raises(BadFieldError):
        parse_webhook_url(f"https://{longest}s/")
