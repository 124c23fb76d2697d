"""A client made by openapi-python-client."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.server import Server
from tests.extra.clients.conftest import Call

CALLER = Path(__file__).with_name("caller.py")


def test_it_calls_the_server_and_its_types_are_right(
    server: Server, document: Path, folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = str(Path(sys.executable).parent)  # the generator formats what it writes with the ruff it came with
    monkeypatch.setenv("PATH", scripts, prepend=":")
    shutil.copy(CALLER, folder)
    generated = call(
        sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning",
        "--path", document, "--meta", "none", "--output-path", folder / "generated_client",
    )  # fmt: skip
    assert "Warning" not in generated
    call(sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent", "caller.py")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    call(sys.executable, "caller.py", server.url)
