"""HTTP/1.1 connections under `serve`: strict framing, deadlines and limits, in front of uvicorn's parsers.

Ambiguous requests are refused before a parser sees them, so that it does not matter which parser is installed.
"""

import asyncio


def protocol_class() -> type[asyncio.Protocol]:
    """Returns the guarded protocol for uvicorn's `http` option: with httptools if it is installed, else with h11."""
    try:
        from leadnator_auth.entrypoints.server.wire.httptools_protocol import GuardedHttpToolsProtocol
    except ImportError:
        from leadnator_auth.entrypoints.server.wire.h11_protocol import GuardedH11Protocol

        return GuardedH11Protocol
    return GuardedHttpToolsProtocol
