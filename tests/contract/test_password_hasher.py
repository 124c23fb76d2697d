"""What every PasswordHasher must do."""

from collections.abc import Iterator

import pytest

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.memory import CheapHasher
from leadnator_auth.domain import Password
from leadnator_auth.domain.ports import PasswordHasher


@pytest.fixture(params=["memory", "bcrypt"])
def hasher(request: pytest.FixtureRequest) -> Iterator[PasswordHasher]:
    if request.param == "memory":
        yield CheapHasher()
        return
    hasher = BcryptHasher(cost=4, workers=2)
    yield hasher
    hasher.close()


@pytest.mark.parametrize(
    "text",
    ["secret", " secret ", "p\u00e4ss", "x" * 1024, "x" * 71, "x" * 72, "x" * 73, "🔑" * 64, "a\nb"],
    ids=lambda text: f"{text[:6]!r}*{len(text)}",
)
async def test_a_password_matches_its_own_hash_and_no_other(hasher: PasswordHasher, text: str) -> None:
    password_hash = await hasher.hash(Password(text))
    assert await hasher.verify(Password(text), password_hash)
    for other in (text + "x", text[:-1], text.upper() + "!", text[:-1] + "\N{DEGREE SIGN}"):
        assert not await hasher.verify(Password(other), password_hash)


async def test_two_hashes_of_one_password_both_match(hasher: PasswordHasher) -> None:
    hashes = [await hasher.hash(Password("secret")) for _ in range(2)]
    assert [await hasher.verify(Password("secret"), each) for each in hashes] == [True, True]


@pytest.mark.parametrize("password_hash", [None, "", "broken", "$2b$12$short", "$bcrypt-sha256$v=2,t=2b,r=99$x$y"])
async def test_without_a_hash_to_check_nothing_matches(hasher: PasswordHasher, password_hash: str | None) -> None:
    assert not await hasher.verify(Password("secret"), password_hash)
    assert not await hasher.verify(Password(""), password_hash)


async def test_a_hash_of_today_needs_no_upgrade(hasher: PasswordHasher) -> None:
    password = Password("secret")
    assert not hasher.needs_upgrade(password, await hasher.hash(password))


async def test_only_what_is_a_hash_can_be_verified_against(hasher: PasswordHasher) -> None:
    assert hasher.can_verify(await hasher.hash(Password("secret")))
    assert not any(
        hasher.can_verify(text) for text in ("", "secret", "$2b$12$short", "5f4dcc3b5aa765d61d8327deb882cf99")
    )


async def test_a_hash_does_not_hold_the_password(hasher: PasswordHasher) -> None:
    assert "correct horse" not in await hasher.hash(Password("correct horse"))
