"""Fixtures that start servers and stop whatever is left of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.e2e.server import QUICK, Server


class Serve(Protocol):
    """Starts a server in an empty folder."""

    def __call__(self, *options: str, **settings: str) -> Server:
        """Returns it when it is ready; a setting is named without its LEADNATOR_."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers that hash quickly and do not throttle, unless told otherwise."""
    servers: list[Server] = []

    def start(*options: str, **settings: str) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        chosen = {f"LEADNATOR_{name}": value for name, value in settings.items()}
        servers.append(Server(folder, options, QUICK | chosen))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def server(serve: Serve) -> Server:
    """A server that hashes quickly and does not throttle."""
    return serve()


@pytest.fixture
def default_server(tmp_path: Path) -> Iterator[Server]:
    """A server in an empty folder for which nothing was set."""
    server = Server(tmp_path, (), {})
    try:
        server.start()
        yield server
    finally:
        server.kill()
