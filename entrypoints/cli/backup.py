"""`leadnator-auth backup`: a copy of the database while it is in use."""

import os
import signal
from pathlib import Path

import click

from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.settings import Settings


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy a SQLite database to FILE, which must not be there yet; the server may go on meanwhile.

    The signing secret and the master key are in files of their own beside the database: keep them with the copy.
    """
    for name in ("SIGTERM", "SIGHUP"):  # stopped in whatever way, it leaves nothing behind
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)

    from leadnator_auth.entrypoints.compose.backup import back_up_database

    secrets = back_up_database(Settings.read(os.environ), file)
    with_it = (
        f"; keep {' and '.join(map(str, secrets))} with it, which no copy of the database holds" if secrets else ""
    )
    click.echo(f"backed up to {file}{with_it}")
