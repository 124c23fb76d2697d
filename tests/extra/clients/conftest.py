"""A server, its OpenAPI document in a file, and a folder for what is generated."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.e2e.server import QUICK, Server

MINUTES = 300.0


class Call(Protocol):
    """Runs commands in the folder for what is generated."""

    def __call__(self, *command: str | Path) -> str:
        """Returns what it prints; it must succeed."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that hashes quickly."""
    server = Server(tmp_path, (), QUICK)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where generated code goes; nothing of it is kept."""
    folder = tmp_path / "generated"
    folder.mkdir()
    return folder


@pytest.fixture
def document(server: Server, folder: Path) -> Path:
    """The document, as the server gives it to everybody."""
    file = folder / "openapi.json"
    file.write_bytes(server.get("/openapi.json").content)
    return file


@pytest.fixture
def call(folder: Path) -> Call:
    """Runs commands in the folder for what is generated."""

    def call(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=MINUTES, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call
