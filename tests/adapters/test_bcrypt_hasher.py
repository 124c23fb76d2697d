"""What is special about the bcrypt hasher: its formats, its upgrades and its queue."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import attrs
import bcrypt
import pytest
from passlib.hash import bcrypt_sha256

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.bcrypt_hasher.format import kind_of, make_hash, verify
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import InvalidCredentialsError, OverloadedError, Password, Ports, log_in

COST = 4
Result = TypeVar("Result")


@pytest.fixture
def hasher() -> Iterator[BcryptHasher]:
    hasher = BcryptHasher(cost=COST, workers=1, queue=2)
    yield hasher
    hasher.close()


@pytest.mark.parametrize("text", ["password", "pässwörd", "x" * 200, " ", "a" * 72 + "b"])
def test_hashes_are_those_of_the_published_format(text: str) -> None:
    assert bcrypt_sha256.verify(text, make_hash(text.encode(), COST))
    assert verify(text.encode(), bcrypt_sha256.using(rounds=COST).hash(text))


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_hashes_of_other_systems_are_verified_and_upgraded(hasher: BcryptHasher, prefix: str) -> None:
    imported = bcrypt.hashpw(b"secret", bcrypt.gensalt(COST)).decode().replace("$2b$", f"${prefix}$")
    assert await hasher.verify(Password("secret"), imported)
    assert not await hasher.verify(Password("Secret"), imported)
    assert hasher.needs_upgrade(Password("secret"), imported)


@pytest.mark.parametrize("cost", [3, 4, 16, 17, 31])
@pytest.mark.parametrize("form", ["$2b$%02d$" + "a" * 53, "$bcrypt-sha256$v=2,t=2b,r=%d$" + "a" * 22 + "$" + "a" * 31])
def test_a_hash_that_would_take_for_ever_is_not_taken_over(hasher: BcryptHasher, form: str, cost: int) -> None:
    assert hasher.can_verify(form % cost) == (4 <= cost <= 16)


async def test_a_hash_that_cut_the_password_off_is_not_upgraded(hasher: BcryptHasher) -> None:
    imported = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(COST)).decode()
    for length, needs in ((72, True), (73, False)):
        assert await hasher.verify(Password("x" * length), imported), "as the system it comes from did"
        assert hasher.needs_upgrade(Password("x" * length), imported) is needs
    of_two_bytes = bcrypt.hashpw("é".encode() * 36, bcrypt.gensalt(COST)).decode()
    assert hasher.needs_upgrade(Password("é" * 36), of_two_bytes)
    assert not hasher.needs_upgrade(Password("é" * 37), of_two_bytes)


@pytest.mark.parametrize(("cost", "needs"), [(COST - 1, None), (COST, False), (COST + 1, False), (COST + 2, False)])
def test_a_stronger_hash_stays(hasher: BcryptHasher, cost: int, needs: bool | None) -> None:
    if needs is None:
        weaker = make_hash(b"secret", COST).replace(f"r={COST}", f"r={cost}")
        assert hasher.needs_upgrade(Password("secret"), weaker)
    else:
        assert hasher.needs_upgrade(Password("secret"), make_hash(b"secret", cost)) is needs


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
    assert not await hasher.verify(Password("secret"), broken)
    assert "unusable_password_hash" in caplog.text
    assert not hasher.needs_upgrade(Password("secret"), broken) or kind_of(broken) is not None


@pytest.mark.parametrize("garbage", ["x", "\n", "$"])
@pytest.mark.parametrize("is_plain", [False, True])
async def test_a_hash_with_something_behind_it_matches_nothing(
    hasher: BcryptHasher, garbage: str, is_plain: bool
) -> None:
    plain = bcrypt.hashpw(b"secret", bcrypt.gensalt(COST)).decode()
    whole = plain if is_plain else make_hash(b"secret", COST)
    assert await hasher.verify(Password("secret"), whole)
    assert not await hasher.verify(Password("secret"), whole + garbage)


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
    kind = kind_of(hasher._dummy)  # noqa: SLF001 (equal work cannot be seen from outside without timing)
    hasher.close()
    assert kind is not None
    assert (kind.cost, kind.is_plain) == (cost, False)


@pytest.mark.parametrize("stored_cost", [4, 5, 6, 7])
async def test_a_wrong_password_costs_the_same_whatever_the_age_of_the_hash(
    monkeypatch: pytest.MonkeyPatch, stored_cost: int
) -> None:
    hasher = BcryptHasher(cost=7, workers=1)
    stored, plain = make_hash(b"secret", stored_cost), bcrypt.hashpw(b"secret", bcrypt.gensalt(stored_cost)).decode()
    rounds: list[int] = []

    def counting(compute: Callable[[bytes, bytes], Result]) -> Callable[[bytes, bytes], Result]:
        def count(password: bytes, setting: bytes) -> Result:
            rounds.append(2 ** int(setting[4:6]))
            return compute(password, setting)

        return count

    monkeypatch.setattr(bcrypt, "hashpw", counting(bcrypt.hashpw))
    monkeypatch.setattr(bcrypt, "checkpw", counting(bcrypt.checkpw))
    for password_hash in (None, "broken", stored, plain):
        rounds.clear()
        assert not await hasher.verify(Password("wrong"), password_hash)
        assert sum(rounds) == 2**7
    hasher.close()


async def test_the_queue_is_bounded_and_who_leaves_makes_room(hasher: BcryptHasher) -> None:
    hold, held = threading.Event(), threading.Event()
    for _ in range(3):
        await hasher.hash(Password("secret"))  # what is done takes no place

    def block() -> None:
        held.set()
        hold.wait()

    running = asyncio.create_task(hasher._run(block))  # noqa: SLF001 (a hash that takes as long as the test wants)
    await asyncio.to_thread(held.wait)
    waiting = [asyncio.create_task(hasher.hash(Password("secret"))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await hasher.hash(Password("secret"))
    with pytest.raises(OverloadedError):
        await hasher.verify(Password("secret"), None)

    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    newcomer = asyncio.create_task(hasher.hash(Password("secret")))
    await asyncio.sleep(0)
    hold.set()
    await running
    assert await newcomer
    assert await waiting[1]


async def test_the_end_does_not_wait_for_what_has_not_begun(hasher: BcryptHasher) -> None:
    hold, held = threading.Event(), threading.Event()

    def block() -> None:
        held.set()
        hold.wait()

    running = asyncio.create_task(hasher._run(block))  # noqa: SLF001
    await asyncio.to_thread(held.wait)
    waiting = asyncio.create_task(hasher.hash(Password("secret")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(hasher.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not closing.done(), "what is under way is waited for"
    hold.set()
    await asyncio.gather(closing, running)


async def test_as_many_hash_at_once_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    hasher, together = BcryptHasher(cost=COST), threading.Barrier(3)
    await asyncio.gather(*(hasher._run(lambda: together.wait(10)) for _ in range(3)))  # noqa: SLF001
    hasher.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there threads have priorities of their own")
async def test_who_answers_requests_goes_before_who_hashes(hasher: BcryptHasher) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    ours = niceness()
    assert await hasher._run(niceness) == min(ours + 10, 19)  # noqa: SLF001
    assert niceness() == ours


async def test_hashing_leaves_the_event_loop_free(hasher: BcryptHasher) -> None:
    hashing = asyncio.create_task(BcryptHasher.hash(hasher, Password("secret")))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 1
