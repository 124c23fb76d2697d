"""Parsers of the settings that name a file or a folder."""

from collections.abc import Callable
from pathlib import Path

from leadnator_auth.entrypoints.settings.errors import FileError


def existing_folder(text: str) -> Path:
    """Returns the path of a folder that is there."""
    path = Path(text)
    if not is_there(path.is_dir):
        raise ValueError
    return path


def existing_file(text: str) -> Path:
    """Returns the path of a file that is there."""
    path = Path(text)
    if not is_there(path.is_file):
        raise ValueError
    return path


def is_there(look: Callable[[], bool]) -> bool:
    """Returns what a look at a path finds.

    Raises: FileError where nobody can look there, because the path is too long or its folder is closed to us.
    """
    try:
        return look()
    except OSError as error:
        raise FileError(error.strerror or type(error).__name__) from None
