"""The feed of revocations tells that signing keys changed, on every store, whichever process changed them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.domain import (
    KeyState,
    Ports,
    SigningAlgorithm,
    SigningKey,
    keep_signing_keys,
    list_signing_keys,
    retire_signing_key,
    rotate_signing_keys,
)
from leadnator_auth.entrypoints.background.revocation_watch import RevocationWatch
from leadnator_auth.entrypoints.http import create_app
from tests.http.admins import Caller, signed_up
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.signing import process, started
from tests.http.test_revocations import FEED, a_reader
from tests.http.test_signing_keys import PATH

EDDSA, ES256, HS256 = SigningAlgorithm.EDDSA, SigningAlgorithm.ES256, SigningAlgorithm.HS256
VERSION = "X-Keys-Version"


async def asked(reader: Caller, version: str | None = None, **query: Any) -> httpx2.Response:
    """Returns the answer of the feed to somebody who has heard of a version of the keys."""
    headers = {"Authorization": f"Bearer {reader.token}"} | ({} if version is None else {VERSION: version})
    answer = await reader.http.get(FEED, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"revocations", "cursor"}
    return answer


async def kid_of(state: KeyState, ports: Ports) -> str:
    return next(key.kid for key in await list_signing_keys(ports=ports) if key.state is state)


async def retire_what_signs(ports: Ports) -> None:
    await retire_signing_key(await kid_of(KeyState.SIGNING, ports), ports=ports)


async def retire_what_comes_next(ports: Ports) -> None:
    await retire_signing_key(await kid_of(KeyState.NEXT, ports), ports=ports)


async def rotate(ports: Ports) -> None:
    await rotate_signing_keys(ports=ports)


async def change_the_algorithm(ports: Ports) -> None:
    await keep_signing_keys(ports=process(ports, ES256))


CHANGES = [retire_what_signs, retire_what_comes_next, rotate, change_the_algorithm]
Change = Callable[[Ports], Awaitable[None]]


def let_the_next_key_sign(ports: Ports) -> None:
    assert isinstance(ports.clock, FakeClock)
    ports.clock.advance(minutes=10)


async def test_each_answer_says_which_keys_are_published_in_every_process_the_same(
    ports: Ports, client_over: ClientOver
) -> None:
    worlds = [await started(ports, EDDSA) for _ in range(2)]
    readers = [await a_reader(client_over(world), world, f"reader-{at}") for at, world in enumerate(worlds)]
    seen: dict[str, set[str]] = {}
    for change in (None, *CHANGES):
        let_the_next_key_sign(ports)
        if change is not None:
            await change(worlds[0])
        said = {(await asked(reader, cursor=at)).headers[VERSION] for reader in readers for at in ("start", "0")}
        (version,) = said
        published = (await readers[0].http.get(f"{PATH}?version={version}")).json()["keys"]
        assert 0 < len(version) <= 64
        assert version.isalnum()
        seen[version] = {key["kid"] for key in published}
    assert len(seen) == 1 + len(CHANGES), "another version for each change"


async def test_a_key_whose_last_token_has_expired_makes_another_version(ports: Ports, client_over: ClientOver) -> None:
    world = await started(ports, EDDSA)
    reader = await a_reader(client_over(world), world)
    let_the_next_key_sign(ports)
    await rotate(world)
    before = (await asked(reader)).headers[VERSION]
    assert isinstance(ports.clock, FakeClock)
    ports.clock.advance(days=9)
    again = await a_reader(reader.http, world, "another")
    assert (await asked(again)).headers[VERSION] != before


@pytest.mark.parametrize("change", CHANGES)
async def test_who_waits_is_told_that_another_process_changed_the_keys(ports: Ports, change: Change) -> None:
    world, other = await started(ports, EDDSA), await started(ports, EDDSA)
    app = create_app(world)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as http:
        reader = await a_reader(http, world)
        let_the_next_key_sign(ports)
        first = await asked(reader)
        cursor, version = first.json()["cursor"], first.headers[VERSION]
        waiting = [
            asyncio.create_task(asked(reader, heard_of, cursor=cursor, wait=25)) for heard_of in (None, version, None)
        ]
        while app.state.revocations.waiting < len(waiting):
            await asyncio.sleep(0)
        await change(other)
        done, _ = await asyncio.wait(waiting, timeout=15)
        assert len(done) == len(waiting), "they were to be told at once"
        for answer in map(asyncio.Task.result, done):
            assert answer.json()["revocations"] == []
            assert answer.headers[VERSION] != version
        assert app.state.revocations.waiting == 0


async def test_what_changed_between_two_questions_is_told_at_once(
    memory: MemoryPorts, client_over: ClientOver, check_problem: CheckProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadnator_auth.entrypoints.background.revocation_watch.MAX_WAITING", 0)
    world = await started(memory, EDDSA)
    reader = await a_reader(client_over(world), world)
    first = await asked(reader)
    query, version = {"cursor": first.json()["cursor"], "wait": 25}, first.headers[VERSION]
    for heard_of in (None, version):
        headers = {"Authorization": f"Bearer {reader.token}"} | ({VERSION: heard_of} if heard_of else {})
        answer = await reader.http.get(FEED, params=query, headers=headers)
        check_problem(answer, 503, "overloaded")  # it would have to wait
    await retire_what_signs(await started(memory, EDDSA))
    answer = await asked(reader, version, **query)
    assert answer.json() == {"revocations": [], "cursor": query["cursor"]}
    assert answer.headers[VERSION] not in ("", version)


class Reads:
    """A unit of work that counts how often the signing keys are read in a snapshot."""

    def __init__(self, unit_of_work: Any) -> None:  # of each store in turn
        self._unit_of_work = unit_of_work
        self.count = 0

    def __call__(self) -> Any:
        return self._unit_of_work()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Any]:
        async with self._unit_of_work.snapshot() as repositories:
            repositories.signing_keys = CountedKeys(repositories.signing_keys, self)
            yield repositories


class CountedKeys:
    """The signing keys of a snapshot, each read of which is counted."""

    def __init__(self, keys: Any, reads: Reads) -> None:
        self._keys, self._reads = keys, reads

    async def all(self) -> list[SigningKey]:
        self._reads.count += 1
        return list(await self._keys.all())


async def test_with_hs256_no_version_is_said_and_no_key_is_read(ports: Ports) -> None:
    """Whoever has heard of a version waits like all others: with a service that signs with a secret again."""
    reads = Reads(ports.unit_of_work)
    world = attrs.evolve(process(ports, HS256), unit_of_work=reads)
    app = create_app(world)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as http:
        reader, alice = await a_reader(http, world), await signed_up(http, "alice")
        first = await asked(reader)
        waiting = asyncio.create_task(asked(reader, "0123456789abcdef", cursor=first.json()["cursor"], wait=25))
        while not app.state.revocations.waiting and not waiting.done():
            await asyncio.sleep(0)
        await alice.send("POST", "/api/auth/logout")
        answer = await waiting
        assert len(answer.json()["revocations"]) == 1
        assert [VERSION in each.headers for each in (first, answer)] == [False, False]
        assert reads.count == 0


async def test_the_keys_are_read_once_a_look_for_all_who_wait(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadnator_auth.entrypoints.background.revocation_watch.POLL_SECONDS", 3600.0)
    world = await started(ports, EDDSA)
    reads = Reads(world.unit_of_work)
    watch = RevocationWatch()
    joined = [watch.join(attrs.evolve(world, unit_of_work=reads)) for _ in range(5)]
    await asyncio.gather(*(news.wait() for news in joined))
    for news in joined:
        await watch.leave(news)
    assert reads.count == 1
