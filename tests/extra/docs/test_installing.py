"""The unit and the Containerfile of the how-tos, as far as they can be held without a running systemd and an engine.

The instructions of the Containerfile are run in a temporary folder instead of a root file system of their own: the user
is not made, and the server runs as whoever runs the tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.server import COMMAND, HOST, free_port, until
from tests.extra.docs.markdown import ROOT, block

HOW_TO = ROOT / "docs" / "how-to"
INSTALLED = "/opt/leadnator-auth"
SECONDS = 300.0
KNOWN = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}


def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "apt-get install systemd"
    text = block(HOW_TO / "systemd.md", "ini")
    unit = tmp_path / "leadnator-auth.service"
    unit.write_text(text.replace(f"{INSTALLED}/bin/leadnator-auth", str(COMMAND)))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    about_it = [line for line in (found.stdout + found.stderr).splitlines() if "leadnator" in line]
    assert (found.returncode, about_it) == (0, [])


def instructions() -> list[tuple[str, str]]:
    """Returns each instruction of the Containerfile with what follows it."""
    lines = block(HOW_TO / "container.md", "containerfile").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_containerfile_builds_a_server_that_is_healthy(tmp_path: Path) -> None:
    steps = instructions()
    assert {name for name, _ in steps} == KNOWN
    order = [name for name, _ in steps]
    assert order.index("USER") < order.index("CMD")
    assert dict(steps)["USER"] not in {"0", "root"}

    opt, data, port = tmp_path / "opt", tmp_path / "data", free_port()
    data.mkdir()
    (installing,) = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    here = (
        installing.replace(INSTALLED, str(opt))
        .replace("/source", str(ROOT))
        .replace("python -m", f"{sys.executable} -m")
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LEADNATOR_", "COV"))}
    subprocess.run(["bash", "-euc", here], env=environment, check=True, timeout=SECONDS, capture_output=True)

    words = dict(steps)["CMD"].replace(INSTALLED, str(opt)).replace("0.0.0.0", HOST)  # noqa: S104 (taken out)
    command = json.loads(words)
    looking = dict(steps)["HEALTHCHECK"].removeprefix("CMD ").replace(INSTALLED, str(opt)).replace("8000", str(port))

    def is_healthy() -> bool:
        return subprocess.run(json.loads(looking), capture_output=True, check=False, timeout=60).returncode == 0

    assert not is_healthy()
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, "--port", str(port)], cwd=data, env={}, stdout=log, stderr=log)
    try:
        until(is_healthy, f"health; {(tmp_path / 'server.log').read_text()}")
    finally:
        server.terminate()
        assert server.wait(60) == 0
    assert re.fullmatch(r"\d+", dict(steps)["EXPOSE"])
