"""The contract of every PasswordHasher."""

import asyncio

import pytest

from leadnator_auth.domain import Client, Password
from leadnator_auth.domain.ports import PasswordHasher
from leadnator_auth.testing.contract.cancelling import cancelled_at_step

SECRET, OTHER = Password("secret"), Password("Secret")


@pytest.mark.asyncio
class PasswordHasherContract:
    """For PasswordHasher. Fixture: `hasher`, a quick one, because it makes some hundred hashes."""

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
        kept = await hasher.hash(SECRET)
        assert await hasher.upgrade(SECRET, kept) is None, "a new hash is as strong as can be: it may stay"

    @pytest.mark.parametrize("broken", ["", "broken", "$2b$12$short"])
    async def test_what_is_no_hash_is_not_upgraded(self, hasher: PasswordHasher, broken: str) -> None:
        assert await hasher.upgrade(SECRET, broken) is None, f"{broken!r} proved nobody's password: leave it"

    async def test_only_what_is_a_hash_can_be_kept(self, hasher: PasswordHasher) -> None:
        made = await hasher.hash(SECRET)
        assert hasher.normalize(made) == made, "`normalize` takes the hashes that are made here, and as they are"
        for text in ("", "secret", "$2b$12$short", "5f4dcc3b5aa765d61d8327deb882cf99"):
            assert hasher.normalize(text) is None, f"{text!r} is no hash: it would keep its owner out for ever"

    @pytest.mark.parametrize("typed", ["e\u0301", "\u2126", "\u09dc", "\u0928\u093c", "\ufb2a"], ids=ascii)
    async def test_what_another_system_hashed_as_it_was_typed_matches_and_is_upgraded(
        self, hasher: PasswordHasher, typed: str
    ) -> None:
        kept = await hasher.hash(Password(f"pass{typed}word"))  # as it is, whatever its normal form
        password = Password.typed(f"pass{typed}word")
        assert await hasher.verify(password, kept), "a hash may be of any of the password's `spellings`"
        assert not await hasher.verify(Password.typed(f"Pass{typed}word"), kept)
        upgraded = await hasher.upgrade(password, kept)
        assert upgraded is not None, "whose hash is of another spelling gets one of the normal form"
        assert await hasher.verify(Password(password.text), upgraded), "a new hash is made of the normal form"
        assert await hasher.upgrade(password, upgraded) is None, "then it may stay"

    async def test_what_is_refused_is_explained_without_being_shown(self, hasher: PasswordHasher) -> None:
        for text in ("5f4dcc3b5aa765d61d8327deb882cf99", "correct horse", "$2b$12$short"):
            reason = hasher.refusal(text)
            assert reason, "say why a hash is not taken"
            assert text not in reason, "a refusal is shown to people: it holds nothing of what may be a password"

    async def test_no_hash_that_was_damaged_makes_it_raise(self, hasher: PasswordHasher) -> None:
        made = await hasher.hash(SECRET)
        cut_short = [made[:length] for length in range(len(made))]
        changed = [
            made[:place] + garbage + made[place + 1 :]
            for place in (0, len(made) // 2, len(made) - 1, len(made))
            for garbage in ("", "$", "a", "\0", "é", "\u0664", "\ud800", " ", "\n")
        ]
        for text in cut_short + changed:
            kept = hasher.normalize(text)
            assert kept is None or hasher.normalize(kept) == kept, f"{kept!r} is not in its last form"
            matches = await _verified(hasher, OTHER, text)
            assert not matches, f"{text!r} matches another password"

    async def test_who_asks_changes_nothing_about_a_hash(self, hasher: PasswordHasher) -> None:
        one, another = Client(ip="192.0.2.1"), Client(ip="2001:db8::1")
        made = await hasher.hash(SECRET, one)
        assert await hasher.verify(SECRET, made, another), "the client says who waits, not whose password it is"
        assert await hasher.upgrade(SECRET, made, another) is None

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


async def _verified(hasher: PasswordHasher, password: Password, password_hash: str) -> bool:
    try:
        return await hasher.verify(password, password_hash)
    except Exception as error:  # noqa: BLE001 (whatever it is, nobody should see it)
        pytest.fail(f"{password_hash!r} made it raise {error!r}: what is no hash matches nothing, return False")
