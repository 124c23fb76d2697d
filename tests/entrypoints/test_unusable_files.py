"""Files that an argument names and that cannot be read or written: a failure in one line that names them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadnator_auth.entrypoints.cli import main

Run = Callable[..., Result]
LONG = "a" * 300


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with a database, a folder and a file, which is no text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {})
    (tmp_path / "folder").mkdir()
    (tmp_path / "users.csv").write_bytes(b"name,email,password_hash\n")
    (tmp_path / "key").write_bytes(b"\xff")
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["users", "import", "nofile"], "cannot read 'nofile': No such file or directory"),
        (["users", "import", "no/file.csv"], "cannot read 'no/file.csv': No such file or directory"),
        (["users", "import", "."], "cannot read '.': Is a directory"),
        (["users", "import", "folder"], "cannot read 'folder': Is a directory"),
        (["users", "import", "key/x"], "cannot read 'key/x': Not a directory"),
        (["users", "import", LONG], f"cannot read '{LONG}': File name too long"),
        (["users", "import", "two\nlines"], r"cannot read 'two\u000alines': No such file or directory"),
        (["users", "import", "nofile", "--json"], "cannot read 'nofile': No such file or directory"),
        (["users", "import", "/proc/self/mem"], "cannot read '/proc/self/mem': Input/output error"),
        (
            ["users", "import", "users.csv", "--firebase-signer-key", "@nokey"],
            "cannot read 'nokey': No such file or directory",
        ),
        (["users", "import", "users.csv", "--firebase-signer-key", "@folder"], "cannot read 'folder': Is a directory"),
        (["users", "import", "users.csv", "--firebase-signer-key", "@key"], "cannot read 'key': it is no ASCII text"),
        (["users", "export", "--output", "no/x"], "cannot write no/x: No such file or directory"),
        (["users", "export", "--output", "key/x"], "cannot write key/x: Not a directory"),
        (["users", "export", "--output", LONG], f"cannot write {LONG}: File name too long"),
        (["users", "export", "--output", "."], ". is there already, and is not written over"),
        (["users", "export", "--output", "/"], "/ is there already, and is not written over"),
        (["backup", "no/x"], "cannot make no/x: No such file or directory"),
        (["backup", "key/x"], "cannot make key/x: Not a directory"),
        (["backup", "folder"], "folder is there already: choose another name"),
        (["backup", LONG], f"cannot make {LONG}: File name too long"),
        (["backup", "no/two\nlines"], r"cannot make no/two\u000alines: No such file or directory"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_a_file_that_cannot_be_used_is_a_failure_in_one_line(
    run: Run, arguments: list[str], line: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    done = run(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {line}\n")
    assert sorted(tmp_path.iterdir()) == before


def test_a_name_as_long_as_names_may_be_will_do(run: Run, tmp_path: Path) -> None:
    assert run("users", "export", "--output", "a" * 255).exit_code == 0
    assert (tmp_path / ("a" * 255)).is_file()


@pytest.mark.parametrize("arguments", [["users", "import"], ["backup"], ["users", "import", "nofile", "--frob"]])
def test_a_command_that_is_called_wrongly_is_usage_all_the_same(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("Usage: ")
