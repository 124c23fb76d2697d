"""The signing secret that is made at the first start and kept beside the database."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE, S_ISDIR
from threading import Barrier

import pytest

from leadnator_auth.adapters.system import secret_file
from leadnator_auth.adapters.system.secret_file import kept_secret
from tests.e2e.server import DEADLINE_SECONDS

MANY = 16
KEEP = (
    "import sys; from pathlib import Path; from leadnator_auth.adapters.system.secret_file import kept_secret\n"
    "print('ready', flush=True); sys.stdin.readline(); print(kept_secret(Path(sys.argv[1])))"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "leadnator.db.secret"


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """Lets everybody read what a program does not protect by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_secret_is_made_once_and_kept(file: Path) -> None:
    secret = kept_secret(file)

    assert len(secret.encode()) >= 32
    assert kept_secret(file) == secret
    assert list(file.parent.iterdir()) == [file]


def test_two_files_have_two_secrets(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "a") != kept_secret(tmp_path / "b")


@pytest.mark.usefixtures("generous_umask")
def test_only_its_owner_may_read_the_secret(file: Path) -> None:
    kept_secret(file)
    assert S_IMODE(file.stat().st_mode) == 0o600


def test_threads_that_start_together_get_the_same_secret(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    start = Barrier(MANY)

    def keep(_: int) -> str:
        start.wait()
        return kept_secret(file)

    with ThreadPoolExecutor(MANY) as threads:
        secrets = set(threads.map(keep, range(MANY)))

    assert secrets == {kept_secret(file)}
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_get_the_same_secret(file: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", KEEP, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    secrets = {process.communicate(timeout=DEADLINE_SECONDS)[0].strip() for process in processes}

    assert secrets == {kept_secret(file)}
    assert [process.returncode for process in processes] == [0] * 4


@pytest.fixture(params=[errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EMLINK])
def without_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no hard links, as SMB and FAT have none."""

    def link(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("without_links", "generous_umask")
def test_without_hard_links_a_secret_is_made_all_the_same(file: Path) -> None:
    secret = kept_secret(file)
    assert len(secret.encode()) >= 32
    assert kept_secret(file) == secret
    assert list(file.parent.iterdir()) == [file]
    assert S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("without_links")
def test_without_hard_links_threads_that_start_together_get_the_same_secret(file: Path) -> None:
    for number in range(MANY):
        test_threads_that_start_together_get_the_same_secret(file.parent / str(number) / "secret")


@pytest.mark.usefixtures("without_links")
def test_without_hard_links_nobody_sees_a_secret_that_is_half_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to write it: nobody has its name before it is on the disk."""
    sync = os.fsync
    seen: list[bool] = []

    def slow(descriptor: int) -> None:
        seen.append(file.exists())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    kept_secret(file)
    assert seen == [False, False, True]  # what would be linked, what is renamed, and the folder


@pytest.mark.usefixtures("without_links")
def test_without_hard_links_a_disk_that_is_full_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept_secret(file)
    assert list(file.parent.iterdir()) == []


@pytest.mark.usefixtures("without_links")
def test_without_hard_links_what_a_crash_left_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "PATIENCE_SECONDS", 0.0)
    left = file.with_name(f".{file.name}.new")
    left.touch()
    with pytest.raises(FileExistsError, match=r"delete it.*\.new"):
        kept_secret(file)
    left.unlink()
    assert kept_secret(file)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES])
def test_a_file_system_that_cannot_sync_a_folder_will_do(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    sync = os.fsync

    def only_files(descriptor: int) -> None:
        if S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    assert kept_secret(file) == kept_secret(file)


@pytest.mark.parametrize("content", ["", "\n", "  \n"])
def test_an_empty_file_is_refused_and_left_alone(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(ValueError, match=file.name):
        kept_secret(file)
    assert file.read_text() == content


def test_a_secret_of_the_operators_own_is_used_as_it_is(file: Path) -> None:
    file.write_text("my-own-secret-of-well-over-thirty-two-bytes\n")
    before = file.parent.stat().st_mtime_ns
    assert kept_secret(file) == "my-own-secret-of-well-over-thirty-two-bytes"
    assert file.parent.stat().st_mtime_ns == before, "nothing is written where nothing has to be made"


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        kept_secret(tmp_path / "nowhere" / "secret")


def test_a_new_secret_and_its_name_are_on_disk_before_it_is_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[int, bool]] = []
    sync = os.fsync

    def recording(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, file.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    kept_secret(file)
    assert synced == [(file.stat().st_ino, False), (file.parent.stat().st_ino, True)]
