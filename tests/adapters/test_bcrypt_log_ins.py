"""Log-ins over the bcrypt hasher: in turns by network, and with whatever hash the import took."""

import asyncio

import attrs
import pytest

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.bcrypt_hasher.format import make_hash
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Client,
    ImportFate,
    InvalidCredentialsError,
    Limits,
    OverloadedError,
    Policy,
    Ports,
    import_users,
    log_in,
    sign_up,
)
from tests.adapters.hashes import COST, HeldPassword, plain_hash, with_padding
from tests.e2e.server import DEADLINE_SECONDS


def over(hasher: BcryptHasher, memory: MemoryPorts) -> Ports:
    """Returns the world in memory, without limits, with this hasher."""
    world = attrs.asdict(memory, recurse=False) | {"hasher": hasher, "policy": Policy(limits=Limits.none())}
    return Ports(**world)


async def test_a_log_in_waits_for_one_of_another_network_and_not_for_all_of_them(memory: MemoryPorts) -> None:
    hasher, order = BcryptHasher(cost=COST, workers=1, queue=16), list[str]()
    ports = over(hasher, memory)
    await sign_up("Alice", "alice@example.com", "secret", ports=ports)
    held = HeldPassword("secret")
    running = asyncio.create_task(hasher.hash(held))
    await asyncio.to_thread(held.asked_for.wait)

    async def enter(ip: str) -> None:
        try:
            await log_in("alice@example.com", "secret", Client(ip=ip), ports=ports)
            order.append(ip)
        except OverloadedError:
            order.append(f"{ip} refused")

    try:
        async with asyncio.timeout(DEADLINE_SECONDS):  # or a failure would hang
            flood = [asyncio.create_task(enter(f"2001:db8::{number}")) for number in range(16)]
            while hasher.waiting < 16:
                await asyncio.sleep(0)
            other = asyncio.create_task(enter("192.0.2.9"))
            while not order:
                await asyncio.sleep(0)
    finally:
        held.released.set()
    await asyncio.gather(running, other, *flood)
    assert order[:3] == ["2001:db8::15 refused", "2001:db8::0", "192.0.2.9"]
    assert len(order) == 17
    hasher.close()


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize("was_kept_before", [False, True])
async def test_who_comes_with_padding_bits_gets_in(memory: MemoryPorts, is_plain: bool, was_kept_before: bool) -> None:
    clean = plain_hash("secret") if is_plain else str(make_hash(b"secret", COST))
    padded, hasher = with_padding(clean, 9, 2), BcryptHasher(cost=COST, workers=1)
    ports = over(hasher, memory)
    record = {"name": "Bob", "email": "bob@example.com", "password_hash": padded}
    assert [outcome.fate for outcome in await import_users([record], ports=ports)] == [ImportFate.ADDED]
    kept = memory.unit_of_work.tables.credentials
    ((user_id, credentials),) = kept.items()
    assert credentials.password_hash == clean
    if was_kept_before:
        kept[user_id] = attrs.evolve(credentials, password_hash=padded)
    assert [outcome.fate for outcome in await import_users([record], ports=ports)] == [ImportFate.PRESENT]
    assert (await log_in("bob@example.com", "secret", ports=ports)).user.id == user_id
    with pytest.raises(InvalidCredentialsError):
        await log_in("bob@example.com", "Secret", ports=ports)
    hasher.close()


@pytest.mark.parametrize(
    ("is_plain", "cost", "ours", "then"), [(True, 6, 4, 6), (True, 4, 6, 6), (False, 6, 4, 6), (False, 4, 6, 6)]
)
async def test_a_log_in_never_lowers_the_cost_of_a_hash(
    memory: MemoryPorts, is_plain: bool, cost: int, ours: int, then: int
) -> None:
    hasher = BcryptHasher(cost=ours, workers=1)
    ports = over(hasher, memory)
    imported = plain_hash("secret", cost) if is_plain else str(make_hash(b"secret", cost))
    await import_users([{"name": "Bob", "email": "bob@example.com", "password_hash": imported}], ports=ports)
    await log_in("bob@example.com", "secret", ports=ports)
    (kept,) = memory.unit_of_work.tables.credentials.values()
    assert kept.password_hash.startswith(f"$bcrypt-sha256$v=2,t=2b,r={then}$")
    assert (kept.password_hash == imported) is (not is_plain and cost == then)
    assert await log_in("bob@example.com", "secret", ports=ports)
    hasher.close()
