"""A process with a verifier: it says when it lets a token in, and, in seconds of the machine, when it does no more."""

import asyncio
import sys
import time

from leadnator_auth.verifier import AsyncVerifier, InvalidTokenError, Verifier

EVERY_SECONDS = 0.001


def say(word: str) -> None:
    """Prints a line at once."""
    print(word, flush=True)


def verify(url: str, key: str) -> None:
    """Verifies on a thread what comes in."""
    with Verifier(url, api_key=key) as verifier:
        verifier.wait_until_ready(30)
        say("ready")
        for line in sys.stdin:
            verifier.verify(line.strip())
            say("in")
            try:
                while True:
                    verifier.verify(line.strip())
                    time.sleep(EVERY_SECONDS)
            except InvalidTokenError:
                say(str(time.monotonic()))


async def verify_on_a_loop(url: str, key: str) -> None:
    """Verifies on an event loop what comes in."""
    async with AsyncVerifier(url, api_key=key) as verifier:
        await verifier.wait_until_ready(30)
        say("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            await verifier.verify(line.strip())
            say("in")
            try:
                while True:
                    await verifier.verify(line.strip())
                    await asyncio.sleep(EVERY_SECONDS)
            except InvalidTokenError:
                say(str(time.monotonic()))


if __name__ == "__main__":
    kind, url, key = sys.argv[1:]
    if kind == "sync":
        verify(url, key)
    else:
        asyncio.run(verify_on_a_loop(url, key))
