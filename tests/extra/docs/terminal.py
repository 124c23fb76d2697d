"""Runs the commands of a page as a reader would: in one shell, in an empty folder, with servers in other terminals."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.server import free_port
from tests.extra.docs.markdown import Block
from tests.extra.docs.shapes import has_shape

PORT = "8000"
SECONDS = 150.0
_INSTALLING = re.compile(r"python3 -m venv \.venv && \.venv/bin/pip install -q \. && \.venv/bin/")
_PRELUDE = """set -euo pipefail
started=
end_server() { if [ -n "$started" ]; then kill -TERM -- "-$started"; wait "$started" || true; started=; fi; }
trap end_server EXIT
wait_for_server() {
  for _ in $(seq 300); do
    curl -sf -o /dev/null http://127.0.0.1:PORT/readyz && return
    kill -0 "$started" || return 1
    sleep 0.1
  done
  return 1
}
wait_for_mail() { for _ in $(seq 100); do grep -qs "$1" mail/*.eml && return; sleep 0.1; done; return 1; }
"""
_ANSWER = "\x1e"
"""Stands before what each command prints."""


def run_page(blocks: Iterable[Block], home: Path, settings: Mapping[str, str] | None = None) -> None:
    """Runs what is to be run, all of which must succeed and print what the page shows."""
    run = [block for block in blocks if block.is_command and not block.reason]
    port = str(free_port())
    script = _PRELUDE + "".join(_step(block) for block in run)
    printed = run_script(script.replace("PORT", port).replace(PORT, port), home, settings or {})
    answers = printed.split(_ANSWER)[1:]
    for block, answer in zip(run, answers, strict=True):
        shown = block.printed
        assert shown is None or has_shape(answer.replace(port, PORT), shown), f"{block.text}{answer}shown: {shown}"


def _step(block: Block) -> str:
    mark = "printf '\\036'\n"
    # The checkout is installed where these tests run; what `pip install .` makes of it is a test of the wheel.
    text = _INSTALLING.sub("", block.text)
    if block.kind == "sh server" or text.rstrip().endswith("leadnator-auth serve"):
        text = text.replace("leadnator-auth serve", "leadnator-auth serve --port PORT")
        server = f"setsid bash -c {shlex.quote('exec ' + text)} >>server.log 2>&1 &"
        text = f"end_server\n{server}\nstarted=$!\nwait_for_server\n"
    secret = re.search(r"[a-z]+_", text)
    return mark + (f"wait_for_mail {secret[0]}\n" if secret and "mail/*.eml" in text else "") + text


def run_script(script: str, home: Path, settings: Mapping[str, str]) -> str:
    """Returns what a script prints; whatever it started is ended with it."""
    with (
        subprocess.Popen(
            ["bash", "-c", script],
            cwd=home,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        ) as shell,
        ended(shell),
    ):
        printed, told = shell.communicate(timeout=SECONDS)
        log = home / "server.log"
        log_text = log.read_text() if log.is_file() else ""
        assert shell.returncode == 0, f"{printed}\n{told}\n{log_text}"
        assert "Traceback" not in log_text
        return printed


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Sees to it that a process ends with the block."""
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The command that is under test comes first; nothing is set that the page does not set, but cheap hashes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": "/nonexistent", "LEADNATOR_BCRYPT_COST": "4", **settings}
