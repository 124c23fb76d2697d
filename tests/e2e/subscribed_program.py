"""A program that runs the core with a subscriber: people sign up and log in, until it is killed or told to stop.

`python -m tests.e2e.subscribed_program FILE PEOPLE`: it prints the ids of each account and session once it was told
that they are kept, and appends the id of each event that its subscriber is called with to the file.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from leadnator_auth.domain import Event, Ports, log_in, sign_up
from leadnator_auth.entrypoints.embedding import Settings, running_ports

_chance = random.Random(os.getpid())
_heard, _people = Path(sys.argv[1]), int(sys.argv[2])
_FAILURES = 0.02 if _people else 0.0


async def listen(event: Event) -> None:
    """Keeps the id of an event; while there are people it fails now and then, before or after."""
    await asyncio.sleep(_chance.uniform(0, 0.01))
    if _chance.random() < _FAILURES:
        raise ConnectionError("before")
    with _heard.open("a") as file:  # noqa: ASYNC230 (it is written before anybody is told)
        file.write(f"{event.id} {event.user_id}\n")
    if _chance.random() < _FAILURES:
        raise ConnectionError("after")


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(("told", *words)) + "\n")  # among lines of the log
    sys.stdout.flush()


async def _person(number: int, ports: Ports) -> None:
    while True:
        email = f"p{number}-{os.getpid()}-{_chance.randrange(10**9)}@example.com"
        signed_in = await sign_up("Somebody", email, "secret", ports=ports)
        _say(signed_in.user.id, signed_in.session.id)
        for _ in range(2):
            again = await log_in(email, "secret", ports=ports)
            _say(again.user.id, again.session.id)


async def _main() -> None:
    async with running_ports(Settings.read(os.environ), subscribers=[listen]) as ports:
        _say("ready")
        async with asyncio.TaskGroup() as group:
            for number in range(_people):
                group.create_task(_person(number, ports))
            if not _people:
                await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
