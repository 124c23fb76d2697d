"""An orderly end of the application, however its server ends."""

import asyncio

from starlette.types import Message, Receive


def ending_in_order(receive: Receive) -> Receive:
    """Returns the lifespan's messages, with a cancellation of a running lifespan turned into the order to shut down.

    A server that is told to end twice, as by a second Ctrl-C, cancels it, which Starlette would take for an error.
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
