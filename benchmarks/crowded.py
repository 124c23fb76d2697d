"""The cost of ending an account that has a million sessions, and what others notice of it.

    python benchmarks/crowded.py --rows 1000000

On SQLite and on PostgreSQL, in a folder that is removed again. Each line says how long the answer took, the 99th
percentile and the longest of the look-ups that others made in the second that began with it, and how long a log-in of
somebody else took that began with it. The first line is a second in which nothing ends.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from access_tokens import PASSWORD
from filled import postgresql

from leadnator_auth.domain import (
    Actor,
    EventType,
    Identity,
    LogOutScope,
    Ports,
    SignedIn,
    change_user,
    delete_user,
    identify,
    list_sessions,
    log_in,
    log_out,
    sign_up,
)
from leadnator_auth.domain.entities.user import without_secrets
from leadnator_auth.domain.use_cases.steps.end_sessions import end_sessions
from leadnator_auth.entrypoints.embedding import Settings, open_ports, prepare

SECRET = "a secret for benchmarks that is long enough"
OPERATOR = Actor.operator()
WINDOW_SECONDS = 1
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
_PILES = (
    (
        "INSERT INTO sessions (id, user_id, created_at, expires_at, ip, user_agent, epoch) {numbers}"
        "SELECT 's_' || n, '{user}', {now} + n, {later}, '192.0.2.1', 'a user agent of some length', 0 FROM numbers"
    ),
    (
        "INSERT INTO one_time_tokens "
        "(digest, purpose, user_id, issued_at, expires_at, tries_left, payload, epoch) {numbers}"
        "SELECT 'd_' || n, 'reset', '{user}', {now} + n, {later}, 1, 'm_' || n, 0 FROM numbers"
    ),
    (
        "INSERT INTO known_clients (user_id, network, seen_at, epoch) {numbers}"
        "SELECT '{user}', 'n_' || n, {now} + n, 0 FROM numbers"
    ),
    "INSERT INTO rate_limits (bucket, empty_at) {numbers} SELECT 'b_' || n, {later} FROM numbers",
    (
        "INSERT INTO events (id, type, at, user_id, actor, data) {numbers}"
        "SELECT 'e_' || n, 'user.updated', {now} + n, '{user}', 'operator', '{{}}' FROM numbers"
    ),
)

Act = Callable[[Ports, SignedIn], Awaitable[object]]


async def _reset(ports: Ports, alice: SignedIn) -> None:
    """Does what a reset does once the password is hashed."""
    async with ports.unit_of_work() as transaction:
        user = await transaction.users.by_id(alice.user.id)
        assert user is not None
        await end_sessions(without_secrets(user), transaction, ports, reason=EventType.PASSWORD_RESET.value)
        await transaction.commit()


ACTS: dict[str, Act] = {
    "(nothing)": lambda ports, alice: asyncio.sleep(0),
    "list the sessions": lambda ports, alice: list_sessions(_identity(alice), ports=ports),
    "log in": lambda ports, alice: log_in(alice.user.email.typed, PASSWORD, ports=ports),
    "log out the others": lambda ports, alice: log_out(_identity(alice), LogOutScope.OTHERS, ports=ports),
    "log out everywhere": lambda ports, alice: log_out(_identity(alice), LogOutScope.GLOBAL, ports=ports),
    "reset": _reset,
    "suspend": lambda ports, alice: change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=ports),
    "delete": lambda ports, alice: delete_user(OPERATOR, alice.user.id, ports=ports),
}


def main() -> None:
    """Measures both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each kind, of one account")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_measure("SQLite", f"sqlite:///{folder}/crowded.db", rows))
        with postgresql(folder, 1) as url:
            asyncio.run(_measure("PostgreSQL", url, rows))


async def _measure(database: str, url: str, rows: int) -> None:
    settings = Settings(database_url=url, jwt_secrets=(SECRET,), rate_limit="off", bcrypt_cost=10)
    prepare(settings)
    async with open_ports(settings) as ports:
        alice, bob = [await sign_up(name, f"{name}@example.com", PASSWORD, ports=ports) for name in ("alice", "bob")]
        await asyncio.to_thread(_pile_up, url, alice, rows)
        print(f"{database}, {rows:,} rows of each kind")
        print(f"{'':20}  answer  others' p99   longest  another's log-in")
        for name, act in ACTS.items():
            beside: list[float] = []
            watching = asyncio.create_task(_watch(ports, bob, beside))
            other = asyncio.create_task(_timed(_log_in(ports)))
            rest = asyncio.create_task(asyncio.sleep(WINDOW_SECONDS))
            seconds = await _timed(act(ports, alice))
            log_in_seconds = await other
            await rest
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            print(f"{name:20}  {seconds:4.2f} s {_milliseconds(beside)}  {log_in_seconds * 1000:8.0f} ms")


def _identity(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def _log_in(ports: Ports) -> None:
    await log_in("bob@example.com", PASSWORD, ports=ports)


async def _look_up(ports: Ports, bob: SignedIn) -> float:
    return await _timed(identify(bob.token, ports=ports))


async def _watch(ports: Ports, bob: SignedIn, seconds: list[float]) -> None:
    while True:
        seconds.append(await _look_up(ports, bob))
        await asyncio.sleep(0)


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _milliseconds(seconds: list[float]) -> str:
    p99 = statistics.quantiles(seconds, n=100)[98] if len(seconds) > 1 else max(seconds)
    return f"{p99 * 1000:8.2f} ms {max(seconds) * 1000:7.2f} ms"


def _pile_up(url: str, alice: SignedIn, rows: int) -> None:
    now = int(alice.session.created_at.timestamp()) * 1_000_000
    values = {"user": alice.user.id, "now": now, "later": now + 10**12, "numbers": _NUMBERS.format(rows=rows)}
    for pile in _PILES:
        _run(url, pile.format(**values))


def _run(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
        return
    import asyncpg

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


if __name__ == "__main__":
    main()
