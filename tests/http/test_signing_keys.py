"""The keys that other services verify tokens with: published, exchanged and ended, over each store."""

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import attrs
import httpx2
import jwt
import pytest

from leadnator_auth.adapters.jwt_tokens import PairMaker, pairs
from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.domain import (
    KeyState,
    MasterKeyMissingError,
    MasterKeys,
    Ports,
    SigningAlgorithm,
    SigningKey,
    UnavailableError,
    identify,
    keep_signing_keys,
    list_signing_keys,
    log_in,
    retire_signing_key,
    rotate_signing_keys,
    sign_up,
)
from leadnator_auth.entrypoints.http import create_app
from tests.http.conftest import CheckProblem, ClientOver
from tests.http.signing import process, started

EDDSA, ES256, HS256 = SigningAlgorithm.EDDSA, SigningAlgorithm.ES256, SigningAlgorithm.HS256
ALICE = ("Alice", "alice@example.com", "first-password")
PATH = "/.well-known/jwks.json"
SYMMETRIC_OR_PRIVATE = {"k", "d", "p", "q", "dp", "dq", "qi", "oct"}


class KeySetClient(jwt.PyJWKClient):
    """PyJWT's own client, which verifies as thousands of services do; here it asks in process."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__("http://auth.test" + PATH, cache_keys=False)
        self._answer = answer

    def fetch_data(self) -> Any:  # as PyJWT has it
        return self._answer.json()


def verified(token: str, answer: httpx2.Response, algorithm: SigningAlgorithm) -> dict[str, Any]:
    """Returns what a token says to a service that knows nothing but the published keys."""
    key = KeySetClient(answer).get_signing_key_from_jwt(token)
    unchecked: Any = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, key.key, [algorithm.value], unchecked, audience="leadnator", issuer="leadnator-auth")


async def me(client: httpx2.AsyncClient, token: str) -> int:
    return (await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def in_state(state: KeyState, ports: Ports) -> SigningKey:
    (found,) = (key for key in await list_signing_keys(ports=ports) if key.state is state)
    return found


def clock_of(ports: Ports) -> FakeClock:
    assert isinstance(ports.clock, FakeClock)
    return ports.clock


async def test_with_hs256_no_key_is_published(quick: httpx2.AsyncClient) -> None:
    for method in ("GET", "HEAD"):
        answer = await quick.request(method, PATH)
        assert answer.status_code == 200
        assert answer.headers.get_list("Cache-Control") == ["public, max-age=600"]
        assert answer.headers["Content-Type"] == "application/json"
    assert (await quick.get(PATH)).json() == {"keys": []}
    assert (await quick.post(PATH)).headers["Allow"] == "GET, HEAD"


async def test_the_keys_are_published_below_the_path_of_a_host(memory: MemoryPorts) -> None:
    transport = httpx2.ASGITransport(create_app(memory, prefix="/accounts"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        assert (await client.get("/accounts" + PATH)).json() == {"keys": []}
        documented = (await client.get("/accounts/openapi.json")).json()["paths"]
    assert PATH in documented


@pytest.mark.parametrize("algorithm", [EDDSA, ES256])
async def test_a_service_verifies_tokens_with_what_is_published(
    ports: Ports, client_over: ClientOver, algorithm: SigningAlgorithm
) -> None:
    world = await started(ports, algorithm)
    client = client_over(world)
    signed_up = await client.post("/api/auth/signup", json=dict(zip(("name", "email", "password"), ALICE, strict=True)))
    token = signed_up.json()["token"]
    answer = await client.get(PATH)
    assert answer.headers.get_list("Cache-Control") == ["public, max-age=600"]
    claims = verified(token, answer, algorithm)
    assert (claims["sub"], claims["exp"] - claims["iat"]) == (signed_up.json()["user"]["id"], 604800)
    assert jwt.get_unverified_header(token) == {
        "alg": algorithm.value,
        "kid": (await in_state(KeyState.SIGNING, world)).kid,
        "typ": "JWT",
    }
    published = answer.json()["keys"]
    assert len(published) == 2, "the next key, too"
    for key in published:
        assert not {*key, *key.values()} & SYMMETRIC_OR_PRIVATE
        assert key["kid"] == jwt_thumbprint(key)
    assert await me(client, token) == 200


def jwt_thumbprint(jwk: dict[str, str]) -> str:
    """Returns the thumbprint of RFC 7638, of what a key needs by RFC 7518 and RFC 8037."""
    needed = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
    return encoded(hashlib.sha256(json.dumps(needed, separators=(",", ":")).encode()).digest())


async def test_a_change_of_algorithm_ends_no_token(ports: Ports, client_over: ClientOver) -> None:
    tokens = [(await sign_up(*ALICE, ports=process(ports, HS256))).token]
    for algorithm in (EDDSA, HS256, ES256, EDDSA, HS256):
        world = await started(ports, algorithm)
        tokens.append((await log_in(*ALICE[1:], ports=world)).token)
        client = client_over(world)
        assert [await me(client, token) for token in tokens] == [200] * len(tokens)
    assert {jwt.get_unverified_header(token)["alg"] for token in tokens} == {"HS256", "EdDSA"}
    clock_of(ports).advance(minutes=10)
    world = await started(ports, ES256)
    clock_of(ports).advance(minutes=10)
    await keep_signing_keys(ports=world)
    tokens.append((await log_in(*ALICE[1:], ports=world)).token)
    assert jwt.get_unverified_header(tokens[-1])["alg"] == "ES256"
    for algorithm in SigningAlgorithm:
        client = client_over(process(ports, algorithm))
        assert [await me(client, token) for token in tokens] == [200] * len(tokens)


async def test_a_retired_key_ends_its_tokens_in_every_process(ports: Ports, client_over: ClientOver) -> None:
    worlds = [await started(ports, EDDSA) for _ in range(3)] + [process(ports, HS256)]
    token = (await sign_up(*ALICE, ports=worlds[0])).token
    clients = [client_over(world) for world in worlds]
    assert [await me(client, token) for client in clients] == [200] * 4
    key = await in_state(KeyState.SIGNING, ports)
    await retire_signing_key(key.kid, ports=worlds[1])
    assert await me(clients[1], token) == 401, "in its own process at once"
    clock_of(ports).advance(seconds=1)
    assert [await me(client, token) for client in clients] == [401] * 4
    assert key.kid not in (await clients[0].get(PATH)).text
    again = (await log_in(*ALICE[1:], ports=worlds[2])).token
    assert [await me(client, again) for client in clients] == [200] * 4


async def test_of_many_that_start_at_once_one_makes_the_keys(ports: Ports) -> None:
    worlds = [process(ports, EDDSA) for _ in range(10)]
    found = await asyncio.gather(*(keep_signing_keys(ports=world) for world in worlds))
    assert all(keys == found[0] for keys in found)
    assert sorted(key.state for key in found[0]) == [KeyState.NEXT, KeyState.SIGNING]


async def test_of_many_that_rotate_at_once_one_does(ports: Ports) -> None:
    worlds = [await started(ports, EDDSA) for _ in range(5)]
    clock_of(ports).advance(minutes=10)
    done = await asyncio.gather(*(rotate_signing_keys(ports=world) for world in worlds), return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in done) == 1
    states = sorted(key.state for key in await list_signing_keys(ports=ports))
    assert states == [KeyState.NEXT, KeyState.RETIRED, KeyState.SIGNING]


async def test_what_is_kept_signs_nothing_without_the_master_key(ports: Ports) -> None:
    for algorithm in (EDDSA, ES256):
        await started(ports, algorithm)
    for key in await list_signing_keys(ports=ports):
        private = pairs.bytes_of(pairs.private_key_of(key, ports.master_keys))
        kept = str(attrs.asdict(key))
        for secret in (private.hex(), str(int.from_bytes(private)), *map(encoded, (private, private[::-1]))):
            assert secret not in kept
        assert PairMaker().can_sign(key, ports.master_keys)
        assert not PairMaker().can_sign(key, MasterKeys(["another master key of 32 bytes or more"]))
        for other in (
            attrs.evolve(key, sealed=changed(key.sealed)),
            attrs.evolve(key, kid="x", public=other_public(key)),
        ):
            assert not PairMaker().can_sign(other, ports.master_keys)
            with pytest.raises(ValueError, match="sealed"):
                pairs.private_key_of(other, ports.master_keys)


def encoded(content: bytes) -> str:
    return jwt.utils.base64url_encode(content).decode()


def changed(sealed: str) -> str:
    return sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]


def other_public(key: SigningKey) -> Any:
    return pairs.public_of(pairs.new_private_key(key.public.algorithm))


async def test_the_first_master_key_seals_and_all_open(ports: Ports) -> None:
    old, new = "the old master key of 32 bytes or so", "the new master key of 32 bytes or so"
    before = await started(ports, EDDSA, MasterKeys([old]))
    token = (await sign_up(*ALICE, ports=before)).token
    during = await started(ports, EDDSA, MasterKeys([new, old]))
    assert (await log_in(*ALICE[1:], ports=during)).token
    clock_of(ports).advance(minutes=10)
    for _ in range(2):
        await rotate_signing_keys(ports=during)
        clock_of(ports).advance(minutes=10)
    after = process(ports, EDDSA, MasterKeys([new]))
    assert (await log_in(*ALICE[1:], ports=after)).token
    assert await identify(token, ports=after), "nothing has to be opened to verify"
    with pytest.raises(MasterKeyMissingError):
        await log_in(*ALICE[1:], ports=process(ports, EDDSA, MasterKeys([old])))


async def test_before_there_are_keys_a_log_in_is_told_to_come_back(
    memory: MemoryPorts, client_over: ClientOver, check_problem: CheckProblem
) -> None:
    client = client_over(process(memory, EDDSA))
    answer = await client.post("/api/auth/signup", json={"name": "A", "email": "a@example.com", "password": "secret!"})
    check_problem(answer, 503, "unavailable")
    assert memory.unit_of_work.tables.users == {}


class Unreadable:
    """A store of keys that is never to be asked."""

    async def all(self) -> list[SigningKey]:
        raise UnavailableError("the signing keys were read")


async def test_with_hs256_nothing_is_read_but_what_always_was(ports: Ports, client_over: ClientOver) -> None:
    """No statement more for a sign-up, for `me` with a good token, and for one with a bad signature."""
    world = process(ports, HS256)
    snapshots: list[int] = []
    world = attrs.evolve(world, unit_of_work=WithoutSnapshots(world.unit_of_work, snapshots))
    client = client_over(world)
    token = (await sign_up(*ALICE, ports=world)).token
    snapshots.clear()  # its own
    assert [await me(client, text) for text in (token, token, token[:-4] + "AAAA")] == [200, 200, 401]
    assert snapshots == []


class WithoutSnapshots:
    """A unit of work that notes each snapshot, and lends no signing keys in a transaction."""

    def __init__(self, unit_of_work: Any, seen: list[int]) -> None:  # of each store in turn
        self._unit_of_work = unit_of_work
        self._seen = seen

    def __call__(self) -> Any:
        return WithoutKeys(self._unit_of_work())

    def snapshot(self) -> Any:
        self._seen.append(1)
        return self._unit_of_work.snapshot()


class WithoutKeys:
    """A transaction whose signing keys are not to be read."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    async def __aenter__(self) -> Any:
        transaction = await self._opened.__aenter__()
        transaction.signing_keys = Unreadable()
        return transaction

    async def __aexit__(self, *error: object) -> None:
        await self._opened.__aexit__(*error)


async def rotated_under_load(ports: Ports, rounds: int, reads: int) -> int:
    """Returns how many tokens were refused; each round, the key is exchanged while all sign and verify."""
    worlds = [await started(ports, EDDSA) for _ in range(4)]
    await sign_up(*ALICE, ports=worlds[0])
    published = {key.kid: key.published_at for key in await list_signing_keys(ports=ports)}
    first = await in_state(KeyState.SIGNING, ports)
    clock, tokens, refused = clock_of(ports), list[str](), 0

    async def serve(world: Ports) -> None:
        nonlocal refused
        token = (await log_in(*ALICE[1:], ports=world)).token
        kid = jwt.get_unverified_header(token)["kid"]
        assert kid == first.kid or clock.now() - published[kid] >= timedelta(minutes=10)
        tokens.append(token)
        for number in range(reads):
            try:
                await identify(tokens[-1 - number % min(len(tokens), 50)], ports=world)
            except Exception:  # noqa: BLE001 (each is one too many)
                refused += 1

    for step in range(rounds):
        clock.advance(seconds=601 if step % 2 else 0.3)
        exchange = rotate_signing_keys(ports=worlds[step % 4]) if step % 2 else asyncio.sleep(0)
        await asyncio.gather(*map(serve, worlds), exchange)
        published |= {key.kid: key.published_at for key in await list_signing_keys(ports=ports)}
    assert len(published) > rounds // 2
    return refused


async def test_no_token_is_refused_while_keys_are_exchanged(ports: Ports) -> None:
    assert await rotated_under_load(ports, rounds=8, reads=10) == 0


@pytest.mark.slow
async def test_of_a_hundred_thousand_tokens_none_is_refused_while_keys_are_exchanged(ports: Ports) -> None:
    assert await rotated_under_load(ports, rounds=100, reads=250) == 0
