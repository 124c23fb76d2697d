"""Files with secrets: only their owner reads them, none is written over, and none is there before it is whole."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import click

from leadnator_auth.entrypoints.cli.standard_streams import printable


@contextmanager
def new_private_file(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file of mode 0600, which has its name once the block ended without an error.

    Raises: click.ClickException when there is something of that name, or it cannot be written.
    """
    unfinished = path.parent / f".unfinished-{secrets.token_hex(8)}"
    if os.path.lexists(path):
        raise _is_there(path)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)  # unlike a renaming, it fails where there is something of that name by now
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        raise click.ClickException(printable(f"cannot write {path}: {error.strerror}")) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _is_there(path: Path) -> click.ClickException:
    return click.ClickException(printable(f"{path} is there already, and is not written over"))
