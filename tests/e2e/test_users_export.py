"""`users export`: everybody, for another system or for this one, in a file that only its owner reads."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.e2e.server import run

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
NAMES = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", '"quoted", said', "O'Hara;=x", "\u00c5\u65e5\U0001f600", "a,-b", "Ada"]
TIMES = ["0001-01-01T00:00:00Z", "2020-02-29T12:00:00.000001Z", "9999-12-31T23:59:59Z"]
FOREIGN = [
    "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=",
    "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
]


def record(number: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "email": f"{'+' * (number % 2)}{number}@example.com",
        "password_hash": [HASH, *FOREIGN, "no-password"][number % 4],
        "role": ["user", "admin"][number % 2],
        "plan": ["Starter", "=Growth"][number % 2],
        "status": ["active", "suspended"][number % 2],
        "created_at": TIMES[number % 3],
        "email_verified": number % 3 == 0,
        "user_metadata": [{}, {"theme": 'dark, or "light"', "tags": ["ü", 1.5, None]}][number % 2],
        "app_metadata": [{"customer": 4711}, {}][number % 2],
    }


@pytest.fixture
def settings(database_settings: Callable[[], dict[str, str]]) -> dict[str, str]:
    """The settings of a command on a new database of each kind in turn."""
    return database_settings()


def exported(home: Path, settings: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    done = run("users", "export", *options, home=home, settings=settings)
    assert done.returncode == 0, done.stderr
    return done


def records_in(ndjson: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in json.loads(line).items() if name != "id"} for line in ndjson.splitlines()]


@pytest.mark.slow
def test_everybody_comes_back_from_either_format(tmp_path: Path, settings: dict[str, str]) -> None:
    people = [record(number, name) for number, name in enumerate(NAMES)]
    (tmp_path / "people.ndjson").write_text("\n".join(map(json.dumps, people)))
    assert run("users", "import", "people.ndjson", home=tmp_path, settings=settings).returncode == 0
    first = exported(tmp_path, settings)
    assert first.stderr == f"{len(NAMES)} exported, with their password hashes\n"
    assert sorted(records_in(first.stdout), key=str) == sorted(people, key=str)
    assert exported(tmp_path, settings, "--output", "-").stdout == first.stdout
    assert not (tmp_path / "-").exists()
    times = [each["created_at"] for each in records_in(first.stdout)]
    assert times == sorted(times, reverse=True)

    for name in ("again.csv", "again.ndjson"):
        exported(tmp_path, settings, "--output", name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        home = tmp_path / f"of-{name}"
        home.mkdir()
        done = run("users", "import", str(tmp_path / name), home=home)
        assert (done.stdout, done.stderr) == (f"{len(NAMES)} added, 0 there already, 0 refused\n", "not read: 'id'\n")
        again = records_in(exported(home, {}).stdout)
        assert sorted(again, key=str) == sorted(people, key=str)
    cells = [cell for line in (tmp_path / "again.csv").read_text().splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_no_file_is_written_over_and_none_is_left_unfinished(tmp_path: Path) -> None:
    for name, make in (("file", Path.touch), ("folder", Path.mkdir), ("link", lambda path: path.symlink_to("nowhere"))):
        make(tmp_path / name)
        done = run("users", "export", "--output", name, home=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Error: {name} is there already, and is not written over\n"
    broken = {"LEADNATOR_DATABASE_URL": f"sqlite:///{tmp_path}/folder"}
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run("users", "export", "--output", "new.csv", home=tmp_path, settings=broken).returncode == 1
    assert run("users", "export", "--output", "no/new.csv", home=tmp_path).returncode == 1
    assert [name for name in before if not name.startswith("leadnator.db")] == ["file", "folder", "link"]
    assert not [path for path in tmp_path.iterdir() if "new.csv" in path.name]


def test_whoever_waits_sees_how_far_it_is(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [sys.executable, "-m", "leadnator_auth", "users", "export", "--output", "people.ndjson"]
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(command, cwd=tmp_path, stderr=theirs, check=False)
        os.close(theirs)
        shown = terminal.read(65_536)
    assert done.returncode == 0
    assert b"0 accounts [" in shown
    assert shown.endswith(b"0 exported, with their password hashes\r\n")
