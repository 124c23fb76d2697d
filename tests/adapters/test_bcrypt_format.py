"""Hashes as other systems write them: what is taken can be verified, as passlib does, and nothing makes it raise."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from passlib.hash import bcrypt as plain_bcrypt
from passlib.hash import bcrypt_sha256

from leadnator_auth.adapters.bcrypt_hasher.format import make_hash, parse
from tests.adapters.hashes import ALPHABET, COST, plain_hash, with_padding

QUICK = 6
PLAIN = "$2b$04$rJv0HNrF5ebrDzILjqNv5eQq9QGVOwRp8qzwXQJYNNrbNbMkFTUF6"

passwords = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40).filter(
    lambda text: len(text.encode()) <= 72
)


def matches(password: str, password_hash: str) -> bool | None:
    """Returns whether the password is right, or None where the hash is not taken."""
    parsed = parse(password_hash)
    return parsed.matches(password.encode()) if parsed else None


@pytest.mark.parametrize("text", ["password", "pässwörd", "x" * 200, " ", "a" * 72 + "b"])
def test_hashes_are_those_of_the_published_format(text: str) -> None:
    assert bcrypt_sha256.verify(text, str(make_hash(text.encode(), COST)))
    assert matches(text, bcrypt_sha256.using(rounds=COST).hash(text))


@pytest.mark.filterwarnings("ignore:encountered a bcrypt")  # passlib says that it repairs them
@given(passwords, st.sampled_from(["2a", "2b", "2y", "sha256"]), st.integers(0, 15), st.integers(0, 3))
@example("secret", "2a", 15, 3)
@example("secret", "sha256", 1, 0)
def test_padding_bits_are_repaired_as_passlib_does(password: str, kind: str, salt_bits: int, digest_bits: int) -> None:
    oracle = bcrypt_sha256 if kind == "sha256" else plain_bcrypt
    clean = str(make_hash(password.encode(), COST)) if kind == "sha256" else plain_hash(password, variant=kind)
    padded = with_padding(clean, salt_bits, digest_bits)
    assert oracle.normhash(padded) == str(parse(padded)) == clean
    assert oracle.verify(password, padded)
    assert matches(password, padded)
    assert not matches(password + "x", padded)
    assert str(parse(clean)) == clean


@pytest.mark.parametrize("cost", [3, 4, 16, 17, 31, 32, 99])
@pytest.mark.parametrize("form", ["$2b$%02d$" + "a" * 53, "$bcrypt-sha256$v=2,t=2b,r=%d$" + "a" * 22 + "$" + "a" * 31])
def test_a_hash_that_would_take_for_ever_is_not_taken(form: str, cost: int) -> None:
    assert (parse(form % cost) is not None) == (4 <= cost <= 16)


@pytest.mark.parametrize(
    "refused",
    [
        "",
        "plain",
        "\0",
        "é",
        PLAIN.replace("$2b$", "$2$"),
        PLAIN.replace("$2b$", "$2x$"),
        PLAIN.replace("$2b$", "$2B$"),
        PLAIN.replace("$04$", "$4$"),
        PLAIN.replace("$04$", "$004$"),
        PLAIN.replace("$04$", "$+4$"),
        PLAIN.replace("$04$", "$\u0660\u0664$"),
        PLAIN[:-1],
        PLAIN + "a",
        PLAIN + "\n",
        " " + PLAIN,
        PLAIN + " ",
        PLAIN[:-1] + "+",
        PLAIN[:-1] + "\ud800",
        "$bcrypt-sha256$v=1,t=2b,r=4$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$2b,4$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2a,r=4$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=004$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=\u0664$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=4$" + "a" * 22 + "$" + "b" * 30 + "\n",
    ],
    ids=ascii,
)
def test_what_nothing_can_be_verified_against_is_not_taken(refused: str) -> None:
    assert parse(refused) is None


def test_a_cost_with_a_zero_before_it_is_that_cost() -> None:
    whole = str(make_hash(b"secret", COST))
    assert matches("secret", whole.replace("r=4$", "r=04$"))
    assert str(parse(whole.replace("r=4$", "r=04$"))) == whole


mutations = st.tuples(
    st.integers(0, 80), st.integers(0, 3), st.one_of(st.text(max_size=3), st.text(ALPHABET + "$=,2abxyrtv", max_size=3))
)


@given(st.booleans(), st.lists(mutations, max_size=4))
def test_what_is_taken_can_be_verified_against_whatever_it_is(
    is_plain: bool, changes: list[tuple[int, int, str]]
) -> None:
    text = plain_hash("secret") if is_plain else str(make_hash(b"secret", COST))
    for place, length, new in changes:
        text = text[:place] + new + text[place + length :]
    parsed = parse(text)
    assume(parsed is None or parsed.cost <= QUICK)
    if parsed is None:
        return
    again = parse(str(parsed))
    assert again == parsed, "what is kept is what was taken"
    assert parsed.matches(b"secret") in (True, False)
    assert not parsed.matches(b"Secret")


def test_nothing_of_a_hash_is_shown() -> None:
    parsed = parse(PLAIN)
    assert parsed is not None
    assert parsed.digest not in repr(parsed)
    assert parsed.salt not in repr(parsed)
