"""The bcrypt hasher's own features: its upgrades, and that every failure costs the same."""

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import attrs
import bcrypt
import pytest

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.bcrypt_hasher.format import make_hash, parse
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    InvalidCredentialsError,
    Password,
    Ports,
    log_in,
)
from tests.adapters.hashes import COST, HeldPassword, plain_hash, with_padding

SECRET = Password("secret")
Result = TypeVar("Result")


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    hasher = BcryptHasher(cost=COST, workers=1, queue=2)
    yield hasher
    hasher.close()


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_hashes_of_other_systems_are_verified_and_upgraded(hasher: BcryptHasher, prefix: str) -> None:
    imported = plain_hash("secret", variant=prefix)
    assert await hasher.verify(SECRET, imported)
    assert not await hasher.verify(Password("Secret"), imported)
    upgraded = await hasher.upgrade(SECRET, imported)
    assert upgraded is not None
    assert upgraded.startswith("$bcrypt-sha256$")
    assert await hasher.verify(SECRET, upgraded)


async def test_a_hash_that_cut_the_password_off_is_not_upgraded(hasher: BcryptHasher) -> None:
    imported = plain_hash("x" * 72)
    for length, needs in ((72, True), (73, False), (200, False)):
        assert await hasher.verify(Password("x" * length), imported), "as the system it comes from did"
        assert (await hasher.upgrade(Password("x" * length), imported) is not None) is needs
    of_two_bytes = plain_hash("é" * 36)
    assert await hasher.upgrade(Password("é" * 36), of_two_bytes)
    assert await hasher.upgrade(Password("é" * 37), of_two_bytes) is None


@pytest.mark.parametrize(
    ("is_plain", "cost", "ours", "upgraded"),
    [
        (True, 4, 4, 4),
        (True, 4, 5, 5),
        (True, 6, 4, 6),
        (True, 7, 6, 7),
        (False, 4, 4, None),
        (False, 4, 6, 6),
        (False, 5, 4, None),
        (False, 7, 4, None),
    ],
)
async def test_an_upgrade_never_lowers_the_cost(is_plain: bool, cost: int, ours: int, upgraded: int | None) -> None:
    hasher = BcryptHasher(cost=ours, workers=1)
    kept = plain_hash("secret", cost) if is_plain else str(make_hash(b"secret", cost))
    replaced_by = await hasher.upgrade(SECRET, kept)
    parsed = parse(replaced_by) if replaced_by else None
    assert (parsed and parsed.cost) == upgraded
    assert parsed is None or not parsed.is_plain
    hasher.close()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "plain",
        "$2b$12$" + "!" * 53,
        "$2b$99$" + "a" * 53,
        "$bcrypt-sha256$v=1,t=2b,r=4$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=3$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=32$" + "a" * 22 + "$" + "b" * 31,
        "$bcrypt-sha256$v=2,t=2b,r=4$" + "a" * 22 + "$" + "b" * 30 + "\n",
        "\0",
        "é",
    ],
)
async def test_a_broken_hash_matches_nothing_and_raises_an_alarm(
    hasher: BcryptHasher, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not await hasher.verify(SECRET, broken)
    assert "unusable_password_hash" in caplog.text
    assert await hasher.upgrade(SECRET, broken) is None
    assert hasher.normalize(broken) is None


async def test_whatever_bcrypt_raises_is_a_wrong_password_at_the_usual_cost(
    hasher: BcryptHasher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored, computed = str(make_hash(b"secret", COST)), list[bytes]()
    salt = stored.split("$")[3]

    def failing(password: bytes, setting: bytes, hashpw: Callable[[bytes, bytes], bytes] = bcrypt.hashpw) -> bytes:
        if salt.encode() in setting:
            raise ValueError("SECRET")
        computed.append(setting)
        return hashpw(password, setting)

    monkeypatch.setattr(bcrypt, "hashpw", failing)
    assert not await hasher.verify(SECRET, stored)
    assert [setting[:7] for setting in computed] == [b"$2b$04$"]
    assert "unusable_password_hash" in caplog.text
    assert "ValueError" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize("garbage", ["x", "\n", "$"])
@pytest.mark.parametrize("is_plain", [False, True])
async def test_a_hash_with_something_behind_it_matches_nothing(
    hasher: BcryptHasher, garbage: str, is_plain: bool
) -> None:
    whole = plain_hash("secret") if is_plain else str(make_hash(b"secret", COST))
    assert await hasher.verify(SECRET, whole)
    assert not await hasher.verify(SECRET, whole + garbage)


async def test_a_log_in_of_nobody_raises_no_alarm(
    hasher: BcryptHasher, memory: MemoryPorts, caplog: pytest.LogCaptureFixture
) -> None:
    world = attrs.asdict(memory, recurse=False) | {"hasher": hasher}
    with pytest.raises(InvalidCredentialsError):
        await log_in("nobody@example.com", "secret", ports=Ports(**world))
    assert "unusable_password_hash" not in caplog.text


@pytest.mark.parametrize("cost", [4, 12, 16])
def test_the_hash_of_nobody_costs_what_a_real_one_costs(cost: int) -> None:
    hasher = BcryptHasher(cost=cost, workers=1)
    dummy = hasher._dummy  # noqa: SLF001 (equal work cannot be seen from outside without timing)
    hasher.close()
    assert (dummy.cost, dummy.is_plain) == (cost, False)


@pytest.mark.parametrize("cost", [-1, 0, 3, 17, 31])
def test_a_cost_of_which_no_hash_could_be_verified_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="from 4 to 16"):
        BcryptHasher(cost=cost)


@pytest.mark.parametrize("stored_cost", [4, 5, 6, 7])
async def test_a_wrong_password_costs_the_same_whatever_the_age_of_the_hash(
    monkeypatch: pytest.MonkeyPatch, stored_cost: int
) -> None:
    hasher = BcryptHasher(cost=7, workers=1)
    stored, plain = str(make_hash(b"secret", stored_cost)), plain_hash("secret", stored_cost)
    padded = with_padding(stored, 15, 3)
    rounds: list[int] = []

    def counting(compute: Callable[[bytes, bytes], Result]) -> Callable[[bytes, bytes], Result]:
        def count(password: bytes, setting: bytes) -> Result:
            rounds.append(2 ** int(setting[4:6]))
            return compute(password, setting)

        return count

    monkeypatch.setattr(bcrypt, "hashpw", counting(bcrypt.hashpw))
    monkeypatch.setattr(bcrypt, "checkpw", counting(bcrypt.checkpw))
    for password_hash in (None, "broken", stored, plain, padded):
        rounds.clear()
        assert not await hasher.verify(Password("wrong"), password_hash)
        assert sum(rounds) == 2**7
    hasher.close()


async def test_as_many_hash_at_once_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    hasher, held = BcryptHasher(cost=COST, queue=0), [HeldPassword("secret") for _ in range(3)]
    hashing = [asyncio.create_task(hasher.hash(password)) for password in held]
    for password in held:
        await asyncio.to_thread(password.asked_for.wait)
    assert (hasher.running, hasher.waiting) == (3, 0)
    for password in held:
        password.released.set()
    await asyncio.gather(*hashing)
    hasher.close()


async def test_hashing_leaves_the_event_loop_free(hasher: BcryptHasher) -> None:
    hashing = asyncio.create_task(BcryptHasher.hash(hasher, Password("secret")))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1
