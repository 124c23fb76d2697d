"""The composition root of `backup`."""

import shlex
from pathlib import Path

import attrs

from leadnator_auth.adapters.sql.sqlite_backup import BackupError, back_up
from leadnator_auth.entrypoints.compose.secrets import master_key_file, signing_secret_file
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.database_url import PostgresqlUrl
from leadnator_auth.entrypoints.settings.errors import StartError


def back_up_database(settings: Settings, file: Path) -> list[Path]:
    """Copies the database; returns the files with secrets that belong to it, if there are any.

    Raises: StartError.
    """
    url = settings.database_url
    if isinstance(url, PostgresqlUrl):
        raise StartError(f"the database is PostgreSQL, which has a program for it: {_pg_dump(url, file)}")
    try:
        back_up(url, file)
    except BackupError as error:
        raise StartError(str(error)) from error
    kept = [] if settings.jwt_secrets else [signing_secret_file(url)]
    kept += [] if settings.master_keys else [master_key_file(url)]
    return [file for file in kept if file.exists()]


def _pg_dump(url: PostgresqlUrl, file: Path) -> str:
    """Returns the command, which asks for the password."""
    parameters = {name: value for name, value in url.parameters.items() if value not in url.secrets}
    shown = attrs.evolve(url, password=None, parameters=parameters)
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", f"--dbname={shown}"])
