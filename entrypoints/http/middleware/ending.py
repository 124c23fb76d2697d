"""Ends the application in good order, however its server ends."""

import asyncio

from starlette.types import Message, Receive


def ending_in_order(receive: Receive) -> Receive:
    """Returns what the lifespan is told: that it is cancelled once it has begun is the order to shut down.

    A server that is told twice to end, as by a second Ctrl-C, cancels it, which to Starlette would be an error.
    """
    has_begun = False

    async def receive_or_end() -> Message:
        nonlocal has_begun
        try:
            message = await receive()
        except asyncio.CancelledError:
            if not has_begun:
                raise
            return {"type": "lifespan.shutdown"}
        has_begun = True
        return message

    return receive_or_end
