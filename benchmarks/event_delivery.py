"""How quickly a backlog of events drains to a receiver that is well again, over SQLite and a socket on loopback.

    python -m benchmarks.event_delivery --events 5000

Events happen while the receiver is down; then it is up, and the clock runs from its first answer to its last.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import click

from leadnator_auth.adapters.memory import memory_ports
from leadnator_auth.adapters.sql import Connections, SqlUnitOfWork, backend_of, migrate
from leadnator_auth.adapters.system import SystemClock
from leadnator_auth.domain import Event, EventType, Ports, UserId
from leadnator_auth.domain.entities.subscription import subscribers_by_id
from leadnator_auth.domain.values.ids import EventId
from leadnator_auth.entrypoints.background.working import BackgroundWork

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@attrs.define
class Receiver:
    """A server on loopback that is down at first, and what it got."""

    port: int = 0
    is_up: bool = False
    received: int = 0
    first_at: float = 0.0

    async def post(self, event: Event) -> None:
        """Hands an event over, with a connection of its own for each."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"POST / HTTP/1.1\r\n\r\n" + event.id.encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        if b"204" not in answer:
            raise ConnectionError("down")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request."""
        await reader.readuntil(b"\r\n\r\n")
        await reader.readline()
        self.received += self.is_up
        self.first_at = self.first_at or (time.perf_counter() if self.is_up else 0.0)
        writer.write(ANSWER if self.is_up else b"HTTP/1.1 503 Down\r\n\r\n")
        writer.close()


@click.command(context_settings={"show_default": True})
@click.option("--events", default=5000, help="How many happen while the receiver is down.")
@click.option("--accounts", default=1000, help="To how many accounts, in turn.")
def main(events: int, accounts: int) -> None:
    """Prints deliveries a second."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder) / "events.db", events, accounts))


async def _measure(file: Path, events: int, accounts: int) -> None:
    migrate(file)
    receiver = Receiver()

    async def post(event: Event) -> None:
        await receiver.post(event)

    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, backlog=1000)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server, _working(file, post) as ports:
        for first in range(0, events, 100):
            async with ports.unit_of_work() as transaction:
                await transaction.events.add([_event(n, accounts) for n in range(first, first + 100)])
                await transaction.commit()
        receiver.is_up = True
        click.echo("the receiver is up")
        up_at = time.perf_counter()
        while receiver.received < events:  # noqa: ASYNC110 (to be told of each would take its time)
            await asyncio.sleep(0.05)
        now = time.perf_counter()
        rate = events / (now - receiver.first_at)
        click.echo(
            f"{events} deliveries, {rate:,.0f} a second; the first {receiver.first_at - up_at:.1f} s after it was up"
        )


@contextlib.asynccontextmanager
async def _working(file: Path, post: Callable[[Event], Awaitable[None]]) -> AsyncIterator[Ports]:
    connections = Connections(backend_of(file))
    work = BackgroundWork()
    fields = attrs.asdict(memory_ports(), recurse=False)
    fields |= {
        "unit_of_work": SqlUnitOfWork(connections, work.notice),
        "clock": SystemClock(),
        "subscribers": subscribers_by_id([post]),
    }
    ports = Ports(**fields)
    try:
        async with work.running(ports):
            yield ports
    finally:
        await connections.close()


def _event(number: int, accounts: int) -> Event:
    user = UserId(f"u_{number % accounts}")
    return Event(
        EventId(f"e_{number}"), EventType.SESSION_STARTED, datetime.now(UTC), user, user, {"session_id": "s_1"}
    )


if __name__ == "__main__":
    main()
