"""A copy of a SQLite database, as it is at one moment, while others go on to write into it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Error, connect

PAGES_AT_ONCE = 256
"""About a megabyte: between such steps, whoever wants to stop it can."""


class BackupError(Exception):
    """There is no backup; the message says why in one line."""


def back_up(database: Path, target: Path) -> None:
    """Makes a file with all that is in a database; returns when it would outlive a power cut.

    The file is for its owner alone, and never takes the place of one that is there. What did not come to its end leaves
    nothing behind, or after a crash an empty file, which nobody takes for a backup.

    Raises: BackupError.
    """
    if not database.is_file():
        raise BackupError(f"there is no database {database}")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise BackupError(f"{target} is there already: choose another name") from None
    except OSError as error:
        raise BackupError(f"cannot make {target}: {error.strerror}") from error
    try:
        with _draft_beside(target) as draft:
            _copy(database, draft)
            draft.replace(target)
            _sync_folder(target.parent)
    except (Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"cannot back up {database} to {target}: {error}") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


@contextmanager
def _draft_beside(target: Path) -> Iterator[Path]:
    """Lends an empty file in the same folder, and removes what is left of it."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".backup-")  # mode 0600
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(name + ending).unlink(missing_ok=True)


def _copy(database: Path, draft: Path) -> None:
    # Not one that is made if it is not there.
    uri = f"{database.absolute().as_uri()}?mode=rw"
    with closing(connect(uri, uri=True, isolation_level=None)) as source, closing(connect(draft)) as copy:
        # The draft is thrown away if this fails, and synced as a whole when it is done.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        # All steps are of the moment of this first look; without it, each change meanwhile would begin them anew.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        source.backup(copy, pages=PAGES_AT_ONCE, progress=_look_for_signals)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())


def _look_for_signals(status: int, remaining: int, total: int) -> None:
    """Does nothing: where Python runs between two steps, a signal can come through."""


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:
        return  # a file system that has no such thing; the file itself is synced
    finally:
        os.close(descriptor)
