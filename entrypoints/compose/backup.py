"""The composition root of `backup`."""

import shlex
from pathlib import Path

import attrs

from leadnator_auth.adapters.sql.sqlite_backup import BackupError, back_up
from leadnator_auth.entrypoints.compose.ports import signing_secret_file
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.database_url import PostgresqlUrl
from leadnator_auth.entrypoints.settings.errors import StartError


def back_up_database(settings: Settings, file: Path) -> Path | None:
    """Copies the database; returns the file with the signing secret that belongs to it, if there is one.

    Raises: StartError.
    """
    url = settings.database_url
    if isinstance(url, PostgresqlUrl):
        raise StartError(f"the database is PostgreSQL, which has a program for it: {_pg_dump(url, file)}")
    try:
        back_up(url, file)
    except BackupError as error:
        raise StartError(str(error)) from error
    secret = signing_secret_file(url)
    return secret if not settings.jwt_secrets and secret.exists() else None


def _pg_dump(url: PostgresqlUrl, file: Path) -> str:
    """Returns the command, which asks for the password."""
    parameters = {name: value for name, value in url.parameters.items() if value not in url.secrets}
    shown = attrs.evolve(url, password=None, parameters=parameters)
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", f"--dbname={shown}"])
