"""An account with any number of rows can be ended: many rows go at once, and the rest a few at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.domain import (
    Actor,
    Identity,
    LogOutScope,
    Ports,
    SessionId,
    change_user,
    delete_user,
    list_sessions,
    log_out,
)
from leadnator_auth.domain.use_cases.housekeeping import purge
from leadnator_auth.testing.contract.samples import NOW, a_session, a_token, a_user, some_credentials
from tests.conftest import connected, sql_ports
from tests.databases import backend_of, run_sql

pytestmark = pytest.mark.slow

ALICE, OPERATOR = a_user("alice"), Actor.operator()
PILE = 20_000
BOUND = 1_000
"""More rows than any step may touch."""
EXPIRES = to_number(a_session(ALICE).expires_at)
NUMBERS = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {PILE}) "
PILES = {
    "sessions": "INSERT INTO sessions (id, user_id, created_at, expires_at, ip, user_agent, epoch) {numbers}"
    f"SELECT 's_' || n, 'u_alice', {to_number(NOW)} + n, {EXPIRES}, '', '', 0 FROM numbers",
    "one_time_tokens": "INSERT INTO one_time_tokens "
    "(digest, purpose, user_id, issued_at, expires_at, tries_left, payload, epoch) {numbers}"
    f"SELECT 'd_' || n, 'reset', 'u_alice', {to_number(NOW)} + n, {EXPIRES}, 1, 'm_' || n, 0 FROM numbers",
    "known_clients": "INSERT INTO known_clients (user_id, network, seen_at, epoch) {numbers}"
    f"SELECT 'u_alice', 'n_' || n, {to_number(NOW)} + n, 0 FROM numbers",
}

End = Callable[[Ports], Awaitable[object]]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Ports]:
    """An account with a pile of everything that an account can have much of."""
    memory = memory_ports()
    memory.clock.instant = NOW
    async with connected(backend_of(database_url)) as connections:
        ports = sql_ports(memory, connections)
        async with ports.unit_of_work() as transaction:
            await transaction.users.add([ALICE])
            await transaction.credentials.add([some_credentials(ALICE)])
            await transaction.commit()
        for statement in PILES.values():
            run_sql(database_url, statement.format(numbers=NUMBERS))
        yield ports


def left(url: str) -> dict[str, int]:
    return {table: run_sql(url, f"SELECT count(*) FROM {table}")[0][0] for table in PILES}


async def suspend(ports: Ports) -> None:
    await change_user(OPERATOR, ALICE.id, {"status": "suspended"}, ports=ports)


async def delete(ports: Ports) -> None:
    await delete_user(OPERATOR, ALICE.id, ports=ports)


async def log_out_everywhere(ports: Ports) -> None:
    await log_out(Identity(ALICE, a_session(ALICE)), LogOutScope.GLOBAL, ports=ports)


@pytest.mark.parametrize("end", [suspend, delete, log_out_everywhere])
async def test_every_end_touches_a_bounded_number_of_rows_and_ends_all(
    world: Ports, database_url: str, end: End
) -> None:
    await end(world)
    assert all(0 <= PILE - count <= BOUND for count in left(database_url).values())
    assert 0 < run_sql(database_url, "SELECT count(*) FROM events")[0][0] <= BOUND + 1
    for number in (1, PILE // 2, PILE):
        identity = await world.identities.by_session(SessionId(f"s_{number}"))
        assert identity is None or not identity.session.is_live(identity.user, NOW, None)


async def test_a_list_is_short(world: Ports) -> None:
    assert len(await list_sessions(Identity(ALICE, a_session(ALICE)), ports=world)) == world.policy.max_sessions


async def test_what_a_deleted_account_left_is_cleared_away_and_nothing_else(world: Ports, database_url: str) -> None:
    bob = a_user("bob")
    async with world.unit_of_work() as transaction:
        await transaction.users.add([bob])
        await transaction.sessions.add(a_session(bob))
        await transaction.one_time_tokens.add(a_token(bob))
        await transaction.commit()
    await delete(world)
    rounds = 0
    while await purge(ports=world):
        rounds += 1
    assert left(database_url) == {"sessions": 1, "one_time_tokens": 1, "known_clients": 0}
    assert rounds > 3 * PILE / BOUND, "a little at a time"
    assert run_sql(database_url, "SELECT count(*) FROM deleted_users") == [(0,)]


async def test_a_session_whose_account_is_gone_leads_to_nobody(world: Ports) -> None:
    await delete(world)
    assert await world.identities.by_session(SessionId("s_1")) is None
