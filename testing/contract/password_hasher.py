"""What every PasswordHasher must do."""

import asyncio

import pytest

from leadnator_auth.domain.ports import PasswordHasher
from leadnator_auth.domain.values.password import Password
from leadnator_auth.testing.contract.cancelling import cancelled_at_step

SECRET = Password("secret")


@pytest.mark.asyncio
class PasswordHasherContract:
    """For PasswordHasher. Fixture: `hasher`; a quick one, it makes some hundred hashes."""

    @pytest.mark.parametrize(
        "text",
        ["secret", " secret ", "p\u00e4ss", "x" * 1024, "x" * 71, "x" * 72, "x" * 73, "🔑" * 64, "a\nb"],
        ids=lambda text: f"{text[:6]!r}*{len(text)}",
    )
    async def test_a_password_matches_its_own_hash_and_no_other(self, hasher: PasswordHasher, text: str) -> None:
        password_hash = await hasher.hash(Password(text))
        assert await hasher.verify(Password(text), password_hash), "a password matches its hash"
        for other in (text + "x", text[:-1], text.upper() + "!", text[:-1] + "\N{DEGREE SIGN}"):
            matches = await hasher.verify(Password(other), password_hash)
            assert not matches, f"every byte counts, none is cut off or trimmed: {other[-9:]!r} is another password"

    async def test_two_hashes_of_one_password_both_match(self, hasher: PasswordHasher) -> None:
        hashes = [await hasher.hash(SECRET) for _ in range(2)]
        assert [await hasher.verify(SECRET, each) for each in hashes] == [True, True], "a hash has all to verify it by"

    @pytest.mark.parametrize("password_hash", [None, "", "broken", "$2b$12$short", "$bcrypt-sha256$v=2,t=2b,r=99$x$y"])
    async def test_without_a_hash_to_check_nothing_matches(
        self, hasher: PasswordHasher, password_hash: str | None
    ) -> None:
        message = "None and broken hashes match nothing: return False, do not raise"
        assert not await hasher.verify(SECRET, password_hash), message
        assert not await hasher.verify(Password(""), password_hash), message

    async def test_a_hash_of_today_needs_no_upgrade(self, hasher: PasswordHasher) -> None:
        assert not hasher.needs_upgrade(SECRET, await hasher.hash(SECRET)), "a new hash is as strong as can be"

    async def test_only_what_is_a_hash_can_be_verified_against(self, hasher: PasswordHasher) -> None:
        assert hasher.can_verify(await hasher.hash(SECRET)), "`can_verify` knows the hashes that are made here"
        for text in ("", "secret", "$2b$12$short", "5f4dcc3b5aa765d61d8327deb882cf99"):
            assert not hasher.can_verify(text), f"{text!r} is no hash: it would keep its owner out for ever"

    async def test_a_hash_does_not_hold_the_password(self, hasher: PasswordHasher) -> None:
        assert "correct horse" not in await hasher.hash(Password("correct horse")), "a hash does not hold the password"

    async def test_twenty_at_once_each_get_their_own(self, hasher: PasswordHasher) -> None:
        passwords = [Password(f"secret-{number}") for number in range(20)]
        hashes = await asyncio.gather(*(hasher.hash(password) for password in passwords))
        pairs = zip(passwords, hashes, strict=True)
        matches = await asyncio.gather(*(hasher.verify(password, each) for password, each in pairs))
        assert matches == [True] * 20, "hashes that are made at once are not mixed up"

    async def test_cancelled_at_any_await_it_goes_on_working(self, hasher: PasswordHasher) -> None:
        for step in range(200):
            finished = await cancelled_at_step(step, hasher.hash(SECRET))
            assert await hasher.verify(SECRET, await hasher.hash(SECRET)), "who hangs up leaves the hasher working"
            if finished:
                return
        pytest.fail("`hash` never ran to its end")
