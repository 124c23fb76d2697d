"""A client made by openapi-typescript and openapi-fetch."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.server import Server
from tests.extra.clients.conftest import Call

HERE = Path(__file__).parent
COMPILER_OPTIONS = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node")


@pytest.fixture
def tools(folder: Path, call: Call) -> Path:
    """The folder of the generator and of the compiler, just installed."""
    assert shutil.which("npm"), "these tests need node and npm: apt-get install nodejs npm"
    for name in ("package.json", "caller.ts"):
        shutil.copy(HERE / name, folder)
    call("npm", "install", "--no-package-lock", "--no-audit", "--no-fund")
    return folder / "node_modules" / ".bin"


def test_it_calls_the_server_and_its_types_are_right(server: Server, document: Path, tools: Path, call: Call) -> None:
    call(tools / "openapi-typescript", document, "--output", "schema.d.ts")
    call(tools / "tsc", *COMPILER_OPTIONS, "caller.ts")
    call("node", "caller.js", server.url)
