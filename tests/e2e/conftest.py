"""Fixtures that start servers and stop whatever is left of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import NewDatabase
from tests.databases import JWT_SECRET
from tests.e2e.server import QUICK, Server


class Serve(Protocol):
    """Starts a server in an empty folder."""

    def __call__(self, *options: str, **settings: str) -> Server:
        """Returns it when it is ready; a setting is named without its LEADNATOR_."""


@pytest.fixture
def database_settings(database_kind: str, new_database: NewDatabase) -> Callable[[], dict[str, str]]:
    """Returns the settings of a server with a new, empty database of each kind in turn."""

    def settings() -> dict[str, str]:
        if database_kind == "sqlite":
            return {}
        return {"LEADNATOR_DATABASE_URL": new_database(migrated=False), "LEADNATOR_JWT_SECRET": JWT_SECRET}

    return settings


@pytest.fixture
def serve(tmp_path: Path, database_settings: Callable[[], dict[str, str]]) -> Iterator[Serve]:
    """Starts servers that hash quickly and do not throttle, unless told otherwise, each on a database of its own."""
    servers: list[Server] = []

    def start(*options: str, **settings: str) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        chosen = {f"LEADNATOR_{name}": value for name, value in settings.items()}
        servers.append(Server(folder, options, QUICK | database_settings() | chosen))
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
