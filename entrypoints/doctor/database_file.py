"""The file of a SQLite database, and the folder it is in."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.entrypoints.doctor.finding import Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.modes import check_mode
from leadnator_auth.entrypoints.settings import PREFIX

NAME = "database file"
_SIDE_FILES = ("", "-wal", "-shm")
_FULL, _NEARLY_FULL = 50 * 2**20, 500 * 2**20
CLOCK = "clock"


def check_database_file(path: Path) -> Iterator[Finding]:
    """Yields whether the file and its folder can be used, and by nobody else."""
    folder = path.absolute().parent
    if not folder.is_dir():
        yield fail(NAME, f"the folder {folder} is not there", f"make it, or correct {PREFIX}DATABASE_URL")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        cure = f"let the user who serves write there: chown the folder, or correct {PREFIX}DATABASE_URL"
        yield fail(NAME, f"the folder {folder} cannot be written, which SQLite needs beside the file", cure)
    yield from _space(folder)
    if not path.exists():
        yield warn(NAME, f"{path} is not there yet", "`leadnator-auth migrate` or `serve` makes it")
        return
    yield from _times(path)
    problems = [finding for file in _there(path) for finding in check_mode(NAME, file)]
    if not os.access(path, os.R_OK | os.W_OK):
        problems.append(fail(NAME, f"{path} cannot be written", "let the user who serves own it"))
    yield from problems or [ok(NAME, f"{path} is there, for its owner alone")]


def _times(path: Path) -> Iterator[Finding]:
    ahead = max((file.stat().st_mtime for file in _there(path)), default=0.0) - time.time()
    if timedelta(seconds=ahead) > CLOCK_LEEWAY:
        found = f"{path} was written {ahead:.0f} s in the future: this clock is slow, or was ahead then"
        yield fail(CLOCK, found, "set the clock, and keep it right by NTP")
    else:
        yield ok(CLOCK, "no file of the database was written in the future")


def _there(path: Path) -> list[Path]:
    files = [path.with_name(path.name + ending) for ending in _SIDE_FILES]
    return [file for file in files if file.exists()]


def _space(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    megabytes = f"{free // 2**20:,} MiB are free in {folder}"
    if free < _FULL:
        yield fail("disk", megabytes, "make room: nothing can be kept soon")
    elif free < _NEARLY_FULL:
        yield warn("disk", megabytes, "make room")
    else:
        yield ok("disk", megabytes)
