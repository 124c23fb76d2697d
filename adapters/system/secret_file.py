"""A secret made once and kept in a file that only its owner may read."""

import contextlib
import errno
import os
import secrets
import tempfile
import time
from pathlib import Path

__all__ = ["kept_secret", "read_secret"]

SECRET_BYTES = 48
PATIENCE_SECONDS = 5.0
"""How long to wait for another process to write a few bytes."""
_LOOK_AGAIN_SECONDS = 0.01
_NO_SUCH_THING = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM}
"""What a file system says that cannot make the names in a folder outlive a power cut."""


def kept_secret(path: Path) -> str:
    """Returns the secret in the file, made first if there is none; processes that start together get the same one.

    Raises: OSError when the file can be neither read nor made, ValueError when it is empty or not text.
    """
    if not path.exists():
        _make(path)
    return read_secret(path)


def read_secret(path: Path) -> str:
    """Returns the secret in the file, which must exist.

    Raises: OSError when it cannot be read, ValueError when it is empty or not text.
    """
    try:
        secret = path.read_text("ascii").strip()
    except UnicodeDecodeError:  # which would quote a byte of it
        raise ValueError(f"{path} holds something that is not ASCII") from None
    if not secret:
        raise ValueError(f"{path} is empty: delete it to have a new secret made")
    return secret


def _make(path: Path) -> None:
    """Writes a new secret beside the file, then links it to its name: whoever comes second finds a complete one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        _write(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    except OSError:  # SMB, FAT and others have no links
        _make_without_links(path)
    finally:
        Path(draft).unlink()
    _sync_folder(path.parent)


def _make_without_links(path: Path) -> None:
    """Writes a new secret to a file that one process can make, and renames it: the others wait for that.

    Raises: OSError.
    """
    draft = path.with_name(f".{path.name}.new")
    end = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if time.monotonic() > end:
                reason = "it is left of a start that was cut short: delete it"
                raise FileExistsError(errno.EEXIST, reason, str(draft)) from None
            time.sleep(_LOOK_AGAIN_SECONDS)
            continue
        try:
            _write(descriptor)
        except BaseException:
            draft.unlink()
            raise
        if path.exists():  # by another who was done before this one could begin
            draft.unlink()
        else:
            draft.rename(path)


def _write(descriptor: int) -> None:
    """Writes a new secret to an open file, and closes it once it is on the disk."""
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system can: without the secret no token is good."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_THING:
            raise
