"""A burst of log-ins with a webhook whose target is down, in turn with one whose webhook is disabled.

    python benchmarks/log_in_burst.py --log-ins 1000 --rounds 5

A thousand log-ins come within a second, each a millisecond after the one before, over SQLite or PostgreSQL and with
all that a log-in does but for the hash, whose cost would be the only figure. At last the target is up, and the clock
runs from its first answer until the backlog is gone.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import click
import structlog
from load import percentile

from leadnator_auth.adapters.memory import CheapHasher
from leadnator_auth.domain import Actor, Ports, WebhookId, add_webhook, change_webhook, log_in, sign_up
from leadnator_auth.entrypoints.embedding import Settings, running_ports

APART_SECONDS = 0.001
PASSWORD = "minimum-6-chars"
MASTER_KEY = "a master key for measuring only and long enough"


@attrs.define
class Target:
    """A receiver on loopback that answers 204 once it is up; before that nobody listens there."""

    port: int = 0
    received: int = 0
    first_at: float = 0.0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Listens while the block runs."""
        async with await asyncio.start_server(self._answer, "127.0.0.1", self.port, backlog=1000):
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self.received += 1
        self.first_at = self.first_at or time.perf_counter()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@click.command(context_settings={"show_default": True})
@click.option("--log-ins", default=1000, help="Of a burst.")
@click.option("--rounds", default=5, help="Bursts of each kind, in turn.")
@click.option("--database", default="", help="By default a new SQLite file.")
def main(log_ins: int, rounds: int, database: str) -> None:
    """Prints how long log-ins took, and deliveries a second."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=database or f"sqlite:///{folder}/bench.db",
            jwt_secrets=("a secret for measuring only and long enough",),
            master_keys=(MASTER_KEY,),
            rate_limit="off",
            email_verification="off",
            webhook_private_targets="on",
        )
        asyncio.run(_measure(settings, log_ins, rounds))


async def _measure(settings: Settings, log_ins: int, rounds: int) -> None:
    target = Target(await _free_port())
    async with running_ports(settings) as opened:
        ports = attrs.evolve(opened, hasher=CheapHasher())
        emails = [f"a{number}-{time.time_ns()}@example.com" for number in range(log_ins)]
        for email in emails:
            await sign_up("A", email, PASSWORD, ports=ports)
        added = await add_webhook(Actor.operator(), f"http://127.0.0.1:{target.port}/", ports=ports)
        webhook_id = added.webhook.webhook.id
        medians: dict[str, list[float]] = {"disabled": [], "down": []}
        for _ in range(rounds):
            for name in medians:
                await _enable(webhook_id, name == "down", ports)
                took = await _burst(emails, ports)
                medians[name].append(statistics.median(took))
                _say(name, took)
        share = statistics.median(medians["down"]) / statistics.median(medians["disabled"])
        click.echo(f"a log-in with the target down ÷ with the webhook disabled: {share:.3f} (medians)")
        await _drain(target, 2 * rounds * log_ins, webhook_id, ports)


async def _burst(emails: Sequence[str], ports: Ports) -> list[float]:
    """Returns how long each log-in took, in seconds, from when it came."""

    async def timed(email: str) -> float:
        came = time.perf_counter()
        await log_in(email, PASSWORD, ports=ports)
        return time.perf_counter() - came

    tasks = []
    began = time.perf_counter()
    for number, email in enumerate(emails):
        await asyncio.sleep(max(0.0, began + number * APART_SECONDS - time.perf_counter()))
        tasks.append(asyncio.create_task(timed(email)))
    return list(await asyncio.gather(*tasks))


def _say(name: str, took: list[float]) -> None:
    shown = ", ".join(f"{label} {percentile(took, share):.2f} s" for label, share in (("median", 0.5), ("p99", 0.99)))
    click.echo(f"{name}: {shown}, worst {max(took):.2f} s")


async def _enable(webhook_id: WebhookId, enabled: bool, ports: Ports) -> None:
    await change_webhook(Actor.operator(), webhook_id, {"enabled": enabled}, ports=ports)


async def _drain(target: Target, events: int, webhook_id: WebhookId, ports: Ports) -> None:
    async with target.up():
        for enabled in (False, True):  # so that it is tried at once
            await _enable(webhook_id, enabled, ports)
        while target.received < events:  # noqa: ASYNC110 (to be told of each would take its time)
            await asyncio.sleep(0.05)
        rate = target.received / (time.perf_counter() - target.first_at)
    click.echo(f"{target.received} deliveries, {rate:,.0f} a second")


async def _free_port() -> int:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        return port


if __name__ == "__main__":
    main()
