"""Every command of every README is run, in order, in a copy of its folder; what it prints is what the README shows."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.server import HOST, free_port, until

EXAMPLES = Path(__file__).parents[3] / "examples"
ELSEWHERE = {"node_verifier"}
"""What is not in Python is tested with the clients."""
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/README.md") if path.parent.name not in ELSEWHERE)
BLOCK = re.compile(r"^```(sh server|sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PORT = re.compile(r"\b80[0-9]{2}\b")
SECONDS = 120.0


def test_every_example_has_a_readme_with_commands_and_a_test() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {path.name for path in FOLDERS} | ELSEWHERE
    assert len(FOLDERS) >= 7
    for folder in FOLDERS:
        assert list(folder.glob("test_*.py"))
        assert "python -m pytest -q test_" in (folder / "README.md").read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_commands_do_what_the_readme_shows(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / folder.name
    shutil.copytree(folder, home, ignore=shutil.ignore_patterns("__pycache__", "*.db*", "mail"))
    page = (home / "README.md").read_text()
    ports = {shown: str(free_port()) for shown in PORT.findall(page)}
    blocks = [(kind, PORT.sub(lambda shown: ports[shown[0]], text)) for kind, text in BLOCK.findall(page)]
    printed = ""
    with ExitStack() as servers:
        for kind, text in blocks:
            if kind == "sh server":
                servers.enter_context(serving(text, home, next(int(port) for port in ports.values() if port in text)))
            elif kind == "sh":
                printed = run(text, home)
                assert "python -m pytest" not in text or " passed" in printed or "AssertionError" in printed, printed
            else:
                assert printed == text


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_its_types_hold(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "mypy"
    run(f"mypy --strict --config-file= --cache-dir {cache} --no-error-summary .", folder)


def run(commands: str, home: Path) -> str:
    """Returns what the commands print, all of which must succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=home,
        env=environment(home),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(command: str, home: Path, port: int) -> Iterator[None]:
    """Runs a server while the block runs, and sees it end by itself when it is asked to."""
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=home, env=environment(home), stdout=log, stderr=log
        )
    try:
        until(lambda: is_listening(port), f"{command.strip()}; its log: {home}/server.log")
        yield
        process.terminate()
        process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in (home / "server.log").read_text()


def environment(home: Path) -> dict[str, str]:
    """Commands find this interpreter's, and tests the example's own modules, as in the folder of a user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LEADNATOR_", "COV"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "LEADNATOR_BCRYPT_COST": "4", "PYTEST_ADDOPTS": f"--rootdir {home}", "NO_COLOR": "1"}


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
