"""HTTP/1.1 connections as `serve` takes them: strict framing, deadlines and limits, in front of uvicorn's parsers.

What is ambiguous is refused before a parser sees it, so that it does not matter which parser is installed.
"""

import asyncio


def protocol_class() -> type[asyncio.Protocol]:
    """Returns the guarded protocol for uvicorn's `http` option: with httptools where it is installed, else with h11."""
    try:
        from leadnator_auth.entrypoints.server.wire.httptools_protocol import GuardedHttpToolsProtocol
    except ImportError:
        from leadnator_auth.entrypoints.server.wire.h11_protocol import GuardedH11Protocol

        return GuardedH11Protocol
    return GuardedHttpToolsProtocol
