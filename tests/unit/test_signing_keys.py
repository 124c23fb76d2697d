"""Signing keys: the states they go through by the clock, and what each process knows of them."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import FakeKeyMaker, MemoryPorts, MemoryTransaction, MemoryUnitOfWork, memory_ports
from leadnator_auth.adapters.memory.signing_keys import MemorySigningKeys
from leadnator_auth.domain import (
    Claims,
    ConcurrencyError,
    InvalidTokenError,
    KeyRing,
    KeyState,
    MasterKeyMissingError,
    MasterKeys,
    NotFoundError,
    Policy,
    PublicKey,
    SigningAlgorithm,
    SigningKey,
    SigningKeysError,
    UnavailableError,
    identify,
    keep_signing_keys,
    list_signing_keys,
    log_in,
    published_keys,
    retire_signing_key,
    rotate_signing_keys,
    sign_up,
)
from leadnator_auth.domain.entities.key_ring import MAX_LOOKS
from leadnator_auth.domain.errors import UnknownSigningKeyError
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.domain.use_cases.identify import read_token
from leadnator_auth.domain.use_cases.signing_keys import published_version
from leadnator_auth.domain.use_cases.steps.access_tokens import issue_token, read_keys
from leadnator_auth.testing.contract.outside import CLAIMS

EDDSA, ES256, HS256 = SigningAlgorithm.EDDSA, SigningAlgorithm.ES256, SigningAlgorithm.HS256
NEXT, SIGNING, RETIRED = KeyState.NEXT, KeyState.SIGNING, KeyState.RETIRED
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def memory() -> MemoryPorts:
    """A new world in memory that signs with EdDSA."""
    return memory_ports(policy=Policy(signing_algorithm=EDDSA))


def beside(memory: MemoryPorts, algorithm: SigningAlgorithm = EDDSA) -> MemoryPorts:
    """Returns the ports of another process over the same store, which knows nothing yet."""
    policy = attrs.evolve(memory.policy, signing_algorithm=algorithm)
    return attrs.evolve(memory, policy=policy, key_ring=KeyRing(algorithm))


def states(keys: Sequence[SigningKey]) -> list[KeyState]:
    return [key.state for key in keys]


async def in_state(state: KeyState, memory: MemoryPorts) -> SigningKey:
    (found,) = (key for key in await list_signing_keys(ports=memory) if key.state is state)
    return found


async def begun(memory: MemoryPorts) -> tuple[SigningKey, SigningKey]:
    """Returns the key that signs and the next one, once they were made."""
    await keep_signing_keys(ports=memory)
    return await in_state(SIGNING, memory), await in_state(NEXT, memory)


async def kids(memory: MemoryPorts) -> list[str]:
    """Returns the ids of the keys that are published."""
    return [key.kid for key in await published_keys(ports=memory)]


def test_a_kid_is_the_thumbprint_of_rfc_7638() -> None:
    of_rfc_8037 = PublicKey(EDDSA, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert of_rfc_8037.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert of_rfc_8037.jwk == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": of_rfc_8037.x,
        "kid": of_rfc_8037.kid,
        "use": "sig",
        "alg": "EdDSA",
    }


async def test_the_first_key_signs_at_once_and_another_is_next(memory: MemoryPorts) -> None:
    keys = await keep_signing_keys(ports=memory)
    assert sorted(states(keys)) == [NEXT, SIGNING]
    assert await kids(memory) == [key.kid for key in keys]
    assert await keep_signing_keys(ports=memory) == keys, "once they are there, nothing more is made"
    assert memory.key_ring.signing == await in_state(SIGNING, memory)


async def test_with_hs256_there_are_no_keys(memory: MemoryPorts) -> None:
    secret = beside(memory, HS256)
    assert await keep_signing_keys(ports=secret) == []
    assert await kids(secret) == []
    with pytest.raises(SigningKeysError, match="HS256"):
        await rotate_signing_keys(ports=secret)


async def test_the_next_key_signs_once_it_was_published_for_ten_minutes(memory: MemoryPorts) -> None:
    await keep_signing_keys(ports=memory)
    first, following = await in_state(SIGNING, memory), await in_state(NEXT, memory)
    memory.clock.advance(seconds=599.999)
    with pytest.raises(SigningKeysError, match="2026-01-01T00:10:00Z"):
        await rotate_signing_keys(ports=memory)
    assert await in_state(SIGNING, memory) == first
    memory.clock.advance(seconds=0.001)
    change = await rotate_signing_keys(ports=memory)
    assert change.key == await in_state(SIGNING, memory) == following.signing(memory.clock.now())
    assert memory.key_ring.signing == change.key, "known here at once"
    assert (await in_state(NEXT, memory)).published_at == memory.clock.now()
    assert Counter(await kids(memory)) == Counter(key.kid for key in change.keys), "all three are published"
    assert sorted(states(change.keys)) == [NEXT, RETIRED, SIGNING]
    with pytest.raises(SigningKeysError, match="00:20:00Z"):
        await rotate_signing_keys(ports=memory)


async def test_a_key_can_sign_from_a_whole_second_on(memory: MemoryPorts) -> None:
    memory.clock.advance(microseconds=1)
    await keep_signing_keys(ports=memory)
    assert (await in_state(NEXT, memory)).may_sign_from == memory.clock.now() + timedelta(
        minutes=10, microseconds=999_999
    )


async def test_no_key_signs_that_was_not_published_for_ten_minutes(memory: MemoryPorts) -> None:
    """Whatever is set and done, and whenever: but for the first one, and after a key was retired."""
    worlds = [beside(memory, algorithm) for algorithm in (EDDSA, ES256, HS256, EDDSA)]
    await keep_signing_keys(ports=worlds[0])
    first = await in_state(SIGNING, memory)
    for step in range(200):
        memory.clock.advance(seconds=(step * 37) % 151)
        world = worlds[step // 30 % 4]
        with suppress(SigningKeysError):
            await (rotate_signing_keys if step % 3 else keep_signing_keys)(ports=world)
        keys = await list_signing_keys(ports=world)
        assert states(keys).count(SIGNING) == states(keys).count(NEXT) == 1
        for key in keys:
            assert key.kid == first.kid or not key.signs_since or key.signs_since - key.published_at >= TEN_MINUTES
            assert key.verifies(memory.clock.now()) == (key.state is not RETIRED or key.signs_since is not None)
    assert {key.public.algorithm for key in await list_signing_keys(ports=memory)} == {EDDSA, ES256}


async def test_a_key_that_signs_no_more_verifies_until_its_last_token_has_expired(memory: MemoryPorts) -> None:
    first, _ = await begun(memory)
    memory.clock.advance(minutes=10)
    token = (await sign_up("Alice", "alice@example.com", "secret!", ports=memory)).session
    await rotate_signing_keys(ports=memory)
    memory.clock.instant = token.expires_at + timedelta(seconds=60)
    assert first.kid in await kids(memory), "as long as the leeway for clocks lasts"
    memory.clock.advance(minutes=1)
    assert first.kid not in await kids(memory)
    assert first.kid in {key.kid for key in await keep_signing_keys(ports=memory)}, "it is still in the list"
    memory.clock.advance(days=30, seconds=1)
    assert first.kid not in {key.kid for key in await keep_signing_keys(ports=memory)}


async def test_tokens_that_were_made_to_live_longer_count_too(memory: MemoryPorts) -> None:
    first, _ = await begun(memory)
    memory.clock.advance(minutes=10)
    long = attrs.evolve(memory, policy=attrs.evolve(memory.policy, session_lifetime=timedelta(days=90)))
    session = (await sign_up("Alice", "alice@example.com", "secret!", ports=long)).session
    await rotate_signing_keys(ports=memory)
    memory.clock.instant = session.expires_at
    assert first.kid in await kids(memory)


async def test_a_retired_key_is_over_at_once_and_the_next_one_signs(memory: MemoryPorts) -> None:
    first, following = await begun(memory)
    memory.clock.advance(minutes=1)
    change = await retire_signing_key(first.kid, ports=memory)
    now = memory.clock.now()
    assert change.key == first.retired(now, now)
    assert await in_state(SIGNING, memory) == following.signing(now)
    assert await kids(memory) == [following.kid, (await in_state(NEXT, memory)).kid]
    again = await retire_signing_key(first.kid, ports=memory)
    assert again.keys == change.keys


async def test_whichever_key_is_retired_is_told(memory: MemoryPorts) -> None:
    await begun(memory)
    for minutes in (11, 600):
        memory.clock.advance(minutes=minutes)
        await rotate_signing_keys(ports=memory)
    for key in await list_signing_keys(ports=memory):
        assert (await retire_signing_key(key.kid, ports=memory)).key.kid == key.kid


async def test_the_next_key_and_one_that_signed_can_be_retired(memory: MemoryPorts) -> None:
    first, following = await begun(memory)
    await retire_signing_key(following.kid, ports=memory)
    assert await in_state(SIGNING, memory) == first
    memory.clock.advance(minutes=10)
    await rotate_signing_keys(ports=memory)
    assert first.kid in await kids(memory)
    change = await retire_signing_key(first.kid, ports=memory)
    assert (change.key.retired_at, change.key.verifies_until) == (memory.clock.now(), memory.clock.now())
    assert first.kid not in await kids(memory)
    with pytest.raises(NotFoundError):
        await retire_signing_key("nobody's", ports=memory)


@pytest.mark.parametrize("minutes", [10, 11, 600])
@pytest.mark.parametrize(("before", "after"), [(EDDSA, ES256), (ES256, EDDSA)])
async def test_after_a_change_of_algorithm_the_old_key_signs_until_the_new_one_is_known(
    memory: MemoryPorts, before: SigningAlgorithm, after: SigningAlgorithm, minutes: int
) -> None:
    memory = beside(memory, before)
    old, _ = await begun(memory)
    changed = beside(memory, after)
    await keep_signing_keys(ports=changed)
    following = await in_state(NEXT, memory)
    assert (following.public.algorithm, await in_state(SIGNING, memory)) == (after, old)
    memory.clock.advance(minutes=minutes)
    keys = await keep_signing_keys(ports=changed)
    assert await in_state(SIGNING, memory) == following.signing(memory.clock.now())
    assert (await in_state(NEXT, memory)).public.algorithm is after
    assert old.kid in await kids(memory)
    assert keys == await list_signing_keys(ports=memory)


async def test_after_a_change_to_hs256_and_back_the_key_is_still_the_one(memory: MemoryPorts) -> None:
    first, following = await begun(memory)
    secret = beside(memory, HS256)
    assert await keep_signing_keys(ports=secret) == await list_signing_keys(ports=memory)
    assert set(await kids(secret)) == {first.kid, following.kid}, "for the tokens that are still good"
    assert secret.key_ring.signing is None
    await retire_signing_key(first.kid, ports=secret)
    assert await kids(secret) == [following.kid]
    assert await in_state(NEXT, memory) == following
    await keep_signing_keys(ports=memory)
    assert (await in_state(SIGNING, memory)).kid == following.kid


async def test_a_key_that_cannot_be_opened_is_never_taken_to_sign(memory: MemoryPorts) -> None:
    first, following = await begun(memory)
    assert isinstance(memory.key_maker, FakeKeyMaker)
    memory.key_maker.lost.add(following.kid)
    await retire_signing_key(first.kid, ports=memory)
    assert {(await in_state(state, memory)).kid for state in (SIGNING, NEXT)}.isdisjoint({first.kid, following.kid})
    assert following.kid not in await kids(memory)


async def test_without_a_library_or_a_master_key_none_is_made(memory: MemoryPorts) -> None:
    with pytest.raises(SigningKeysError, match="not installed"):
        await keep_signing_keys(ports=attrs.evolve(memory, key_maker=None))
    with pytest.raises(MasterKeyMissingError):
        await keep_signing_keys(ports=attrs.evolve(memory, master_keys=MasterKeys()))
    assert await list_signing_keys(ports=memory) == []


class Vanishing(MemorySigningKeys):
    """Keys of which one is gone as soon as it was seen, as others may take it where writers do not take turns."""

    async def all(self) -> list[SigningKey]:
        keys = await super().all()
        for key in keys:
            if key.state is NEXT:
                await super().change(key.retired(key.published_at, key.published_at), NEXT)
        return keys

    async def add(self, key: SigningKey) -> None:
        """Somebody else was quicker, and it is gone, too."""


class Taken(MemorySigningKeys):
    """Keys that somebody else changes first."""

    async def change(self, key: SigningKey, was: KeyState) -> bool:
        return False


class OverOthers(MemoryUnitOfWork):
    keys: type[MemorySigningKeys] = MemorySigningKeys

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            transaction.signing_keys = self.keys(transaction.signing_keys.tables)
            yield transaction


@pytest.mark.parametrize("kind", [Vanishing, Taken])
async def test_what_others_take_meanwhile_is_tried_again(memory: MemoryPorts, kind: type[MemorySigningKeys]) -> None:
    keys = await begun(memory)
    memory.clock.advance(minutes=10)
    store = OverOthers(memory.unit_of_work.tables)
    store.keys = kind
    with pytest.raises(ConcurrencyError):
        await rotate_signing_keys(ports=attrs.evolve(memory, unit_of_work=store))
    assert await begun(memory) == keys


class CountedTokens:
    """AccessTokens that know the keys of a ring, and what each of their tokens was signed with: `kid claims`."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    def issue(self, claims: Claims) -> str:
        if self.ring.signing is None:
            raise UnavailableError
        return self.ring.signing.kid

    def read(self, token: str) -> Claims:
        if token not in self.ring.verifying:
            raise UnknownSigningKeyError
        return CLAIMS


def signing(memory: MemoryPorts) -> MemoryPorts:
    """Returns the ports of another process that signs with its ring."""
    world = beside(memory)
    return attrs.evolve(world, tokens=CountedTokens(world.key_ring))


async def test_a_process_that_was_busy_elsewhere_signs_with_the_key_of_now(memory: MemoryPorts) -> None:
    keys = await begun(memory)
    other = signing(memory)
    first = await issue_token(CLAIMS, other)
    memory.clock.advance(minutes=10)
    await rotate_signing_keys(ports=memory)
    second = await issue_token(CLAIMS, other)
    assert [first, second] == [key.kid for key in keys]
    assert await read_token(first, other) == await read_token(second, other) == CLAIMS


async def test_within_a_second_every_process_knows_that_a_key_was_retired(memory: MemoryPorts) -> None:
    first, _ = await begun(memory)
    others = [signing(memory) for _ in range(3)]
    for other in others:
        assert await read_token(first.kid, other) == CLAIMS
    await retire_signing_key(first.kid, ports=memory)
    memory.clock.advance(seconds=1)
    for other in others:
        with pytest.raises(InvalidTokenError):
            await read_token(first.kid, other)


async def test_nobody_is_identified_by_a_key_that_was_retired_elsewhere(memory: MemoryPorts) -> None:
    first, _ = await begun(memory)
    other = signing(memory)
    with pytest.raises(InvalidTokenError, match="session ended"):
        await identify(first.kid, ports=other)
    await retire_signing_key(first.kid, ports=memory)
    memory.clock.advance(seconds=1)
    with pytest.raises(InvalidTokenError, match="key that is not known"):
        await identify(first.kid, ports=other)


async def test_a_key_that_is_new_to_a_process_is_looked_for(memory: MemoryPorts) -> None:
    late = beside(memory, HS256)
    late = attrs.evolve(late, tokens=CountedTokens(late.key_ring))
    first, _ = await begun(memory)
    assert await read_token(first.kid, late) == CLAIMS


async def test_kids_that_nobody_knows_cause_a_bounded_number_of_queries(memory: MemoryPorts) -> None:
    for algorithm in (EDDSA, HS256):
        world = beside(memory, algorithm)
        world = attrs.evolve(world, tokens=CountedTokens(world.key_ring))
        store = CountedSnapshots(memory.unit_of_work.tables)
        reading = attrs.evolve(world, unit_of_work=store)
        for _ in range(100):
            with pytest.raises(InvalidTokenError) as refused:
                await read_token("random", reading)
            assert not isinstance(refused.value, UnknownSigningKeyError)
        assert store.snapshots <= MAX_LOOKS + 1
        memory.clock.advance(seconds=1)
        with pytest.raises(InvalidTokenError):
            await read_token("random", reading)
        assert store.snapshots <= MAX_LOOKS + 2


class CountedSnapshots(MemoryUnitOfWork):
    """A unit of work that counts its snapshots."""

    snapshots = 0

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        self.snapshots += 1
        return super().snapshot()


async def test_a_clock_that_was_turned_back_makes_nothing_older_than_it_is(memory: MemoryPorts) -> None:
    first, _ = await begun(memory)
    other = signing(memory)
    await read_keys(other)
    memory.clock.advance(days=-1)
    await retire_signing_key(first.kid, ports=memory)
    with pytest.raises(InvalidTokenError):
        await read_token(first.kid, other)


async def test_while_one_reads_others_go_on_with_what_is_known_for_a_moment(memory: MemoryPorts) -> None:
    ring = KeyRing(EDDSA)
    start = memory.clock.now()
    assert ring.is_due(start)
    ring.keep(await keep_signing_keys(ports=memory), start)
    half, second = start + timedelta(seconds=0.5), start + timedelta(seconds=0.9)
    assert ring.is_due(half)
    with ring.being_read(), ring.being_read():
        assert not ring.is_due(half)
        assert ring.is_due(second), "but never for a second"
    assert ring.is_due(half)


async def test_who_asked_is_told_of_each_change_once(memory: MemoryPorts) -> None:
    told: list[list[KeyState]] = []
    memory.key_ring.on_change = lambda keys: told.append(states(keys))
    await keep_signing_keys(ports=memory)
    await read_keys(memory)
    await retire_signing_key((await in_state(SIGNING, memory)).kid, ports=memory)
    assert [len(each) for each in told] == [2, 3]


async def test_a_log_in_signs_with_the_key_that_signs_now(memory: MemoryPorts) -> None:
    await keep_signing_keys(ports=memory)
    await sign_up("Alice", "alice@example.com", "secret!", ports=memory)
    other = signing(memory)
    await log_in("alice@example.com", "secret!", ports=other)
    assert other.key_ring.signing == await in_state(SIGNING, memory)


async def test_what_is_published_has_a_short_name_that_changes_with_it(memory: MemoryPorts) -> None:
    old = beside(memory, HS256)
    assert await published_version(ports=old) == ""
    await begun(memory)
    version = await published_version(ports=memory)
    assert version
    assert await published_version(ports=beside(memory)) == version
    memory.clock.advance(hours=1)
    await rotate_signing_keys(ports=memory)
    assert await published_version(ports=memory) not in ("", version)


async def test_a_process_without_public_keys_looks_for_a_kid_before_it_refuses_it(memory: MemoryPorts) -> None:
    world = beside(memory, HS256)
    world = attrs.evolve(world, tokens=CountedTokens(world.key_ring))
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=beside(memory, HS256))
    with pytest.raises(InvalidTokenError) as refused:
        await identify(alice.token, ports=world)
    assert not isinstance(refused.value, UnknownSigningKeyError)
