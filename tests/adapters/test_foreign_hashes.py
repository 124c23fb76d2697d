"""Hashes of other systems: each is verified as its system does, and what is not taken is told by its name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadnator_auth.adapters.bcrypt_hasher.format import parse as parse_ours
from leadnator_auth.adapters.foreign_hashes import ForeignHashes, scheme
from leadnator_auth.adapters.foreign_hashes.table import SCHEMES
from tests.adapters.foreign_vectors import PUBLISHED

HASHES = ForeignHashes()
BARE = [HASHES.unwrap(text) for _, text in PUBLISHED]
FOREIGN = [text for text in BARE if HASHES.parse(text)]
SALT, DIGEST = "A" * 22, "A" * 43


@pytest.mark.parametrize(("password", "text"), PUBLISHED, ids=[text.strip()[:24] for _, text in PUBLISHED])
def test_each_is_verified_as_its_own_system_does(password: str, text: str) -> None:
    bare = HASHES.unwrap(text)
    kept = parse_ours(bare) or HASHES.parse(bare)
    assert kept is not None
    assert kept.matches(password.encode())
    for other in (password + "x", password.swapcase() + "!", "x" * 5000):
        assert not kept.matches(other.encode()), "no other password"
    assert HASHES.unwrap(str(kept)) == str(kept) == bare, "what is kept is what was taken"


def test_each_row_of_the_table_has_a_published_hash() -> None:
    rows = {row.name for row in SCHEMES for text in FOREIGN if row.pattern.fullmatch(text)}
    assert rows == {row.name for row in SCHEMES} - {"Firebase's scrypt", "PBKDF2 as a PHC string"}


def test_pbkdf2_as_a_phc_string_is_what_passlib_writes_with_other_marks() -> None:
    salt, digest = "yXlvTYmxNuYcw/g/Z2ytNQ", "2Xa00SyQC+llnTWYZ85ZsorbDCC8D70THBiG7Vpqhbs"
    kept = HASHES.parse(f"$pbkdf2-sha256$i=1000,l=32${salt}${digest}")
    assert kept is not None
    assert kept.matches("l\u00e8tmein".encode())


@pytest.mark.parametrize("text", FOREIGN, ids=lambda text: text[:24])
def test_a_hash_has_one_spelling_and_is_whole(text: str) -> None:
    for damaged in (
        text[:-1],
        text + "A",
        text + "\n",
        text + "\0",
        " " + text,
        text.replace("$", "\u0664", 1),
    ):
        assert HASHES.parse(damaged) is None, ascii(damaged)
    assert HASHES.refusal(text[:-1]).startswith(("This begins like ", "This is ")), "told by its name"


@pytest.mark.parametrize(
    ("text", "name", "limit"),
    [
        (f"pbkdf2_sha256$5000001$salt${DIGEST}=", "Django's PBKDF2", "5,000,000"),
        (f"pbkdf2:sha256:999999999$salt${'0' * 64}", "Werkzeug's PBKDF2", "5,000,000"),
        (f"$pbkdf2-sha256$99999999${SALT}${DIGEST}", "passlib's PBKDF2", "5,000,000"),
        (f"scrypt$1048576$salt$8$1${'A' * 86}==", "Django's scrypt", "268,435,456"),
        (f"scrypt:32768:8:999999$salt${'0' * 128}", "Werkzeug's scrypt", "1,073,741,824"),
        (f"$scrypt$ln=99,r=8,p=1${SALT}${DIGEST}", "passlib", "24"),
        (f"$scrypt$ln=22,r=8,p=1${SALT}${DIGEST}", "passlib", "268,435,456"),
        (f"$scrypt$ln=1,r=999999999,p=1${SALT}${DIGEST}", "passlib", "268,435,456"),
        (f"$argon2id$v=19$m=4194304,t=1,p=1${SALT}${DIGEST}", "Argon2", "262,144"),
        (f"argon2$argon2i$v=19$m=65536,t=4000000000,p=1${SALT}${DIGEST}", "Argon2", "1,048,576"),
        (f"$argon2id$v=19$m=65536,t=1,p=4096${SALT}${DIGEST}", "Argon2", "64"),
        (f"$P$T12345678{'.' * 22}", "phpass", "2^18"),
        (f"bcrypt_sha256$$2b$31${'a' * 21}.{'a' * 31}", "Django's bcrypt_sha256", "16"),
        (f"$bcrypt-sha256$2b,17${'a' * 21}.${'a' * 31}", "passlib", "16"),
        (f"$2x$03${'a' * 21}.{'a' * 31}", "crypt_blowfish", "4"),
    ],
)
def test_a_hash_that_would_take_minutes_or_gigabytes_is_refused_with_the_limit(
    text: str, name: str, limit: str
) -> None:
    bare = HASHES.unwrap(text)
    assert HASHES.parse(bare) is None
    reason = HASHES.refusal(bare)
    assert name in reason
    assert limit in reason


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("5f4dcc3b5aa765d61d8327deb882cf99", "MD5"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "SHA-1"),
        ("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "SHA-2"),
        ("5f4dcc3b5aa765d61d8327deb882cf99:salt", "MD5"),
        ("md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3", "MD5"),
        ("sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8", "SHA"),
        ("unsalted_md5$88a434c88cca4e900f7874cd98123f43", "MD5"),
        ("{SSHA}uWg1PmLHZsZUqGOncZBiRTNXE3uHSyGC", "{SSHA}"),
        ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{SHA}"),
        ("{ssha256}x", "{SSHA}"),
        ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "MD5"),
        ("{noop}password", "{noop}"),
        ("{PLAIN}password", "the password itself"),
        ("plain$$password", "the password itself"),
        ("!tU6kwsRqtPuH3UPgDYw7mJXDML7yjKvDgiDvLv4K", "without a password"),
        ("!", "without a password"),
        ("*", "without a password"),
        ("$1$3azHgidD$SrJPt7B.9rekpmwJwtON31", "MD5-crypt"),
        ("$apr1$x$y", "MD5-crypt"),
        ("$5$rounds=80000$wnsT7Yr92oJoP28r$x", "SHA-256-crypt"),
        (
            "$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/",
            "SHA-512",
        ),
        ("$y$j9T$abc$def", "yescrypt"),
        ("$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D", "scrypt"),
        ("$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", "Drupal"),
        ("crypt$$ab1Hv2Lg7ltQo", "Django's crypt"),
        ("{PKCS5S2}abc", "PBKDF2"),
        ("{sha256}abc", "{SHA}"),
        ("{CRYPT}$6$rounds=5000$salt$x", "crypt"),
        ("{unheard-of}abc", "braces"),
        ("lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "Firebase"),
        ("correct horse", "no password hash"),
    ],
)
def test_what_nobody_can_or_should_verify_is_refused_by_its_name_and_with_what_would_do(text: str, name: str) -> None:
    bare = HASHES.unwrap(text)
    assert HASHES.parse(bare) is None
    reason = HASHES.refusal(bare)
    assert name.lower() in reason.lower()
    assert "no-password" in reason
    assert len(text) < 5 or text not in reason, "it may be a password"


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        (f"$argon2id$v=19$m=64,t=1,p=1${SALT}${DIGEST}", "argon2"),
        (f"$firebase-scrypt$ln=14,r=8,p=1${SALT}${'A' * 86}", "firebase"),
    ],
)
def test_what_takes_an_extra_says_which(text: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert HASHES.parse(text)
    monkeypatch.setattr(scheme, "find_spec", lambda name: None)
    assert HASHES.parse(text) is None
    assert f"pip install 'leadnator-auth[{extra}]'" in HASHES.refusal(text)


mutations = st.tuples(st.integers(0, 120), st.integers(0, 3), st.text(st.characters(codec="ascii"), max_size=3))


@given(st.sampled_from(FOREIGN), st.lists(mutations, max_size=4))
def test_whatever_is_made_of_a_hash_is_taken_for_good_or_refused(
    text: str, changes: list[tuple[int, int, str]]
) -> None:
    for place, length, new in changes:
        text = text[:place] + new + text[place + length :]
    kept = HASHES.parse(text)
    assert kept is None or str(kept) == text
    assert kept is not None or re.match(r"This (is|begins) ", HASHES.refusal(text))


@given(st.text(max_size=80))
def test_any_text_is_taken_or_refused(text: str) -> None:
    bare = HASHES.unwrap(text)
    assert HASHES.unwrap(bare) == bare
    assert HASHES.parse(bare) or HASHES.refusal(bare)


def test_nothing_of_a_hash_is_shown() -> None:
    for text in FOREIGN:
        assert text not in repr(HASHES.parse(text))
