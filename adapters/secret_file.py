"""A secret made once and kept in a file that only its owner may read."""

import contextlib
import errno
import os
import secrets
import tempfile
from pathlib import Path

__all__ = ["kept_secret", "read_secret"]

SECRET_BYTES = 48


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
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system can: without the secret no token is good."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        os.close(descriptor)
