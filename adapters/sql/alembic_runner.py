"""The revisions in `migrations/`, run by Alembic or written down as a script."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from leadnator_auth.adapters.sql.schema import SchemaError

NEWEST = "head"
_TURN = Lock()
"""Alembic keeps what it is busy with in globals: threads of one process take turns, whatever database each migrates."""

# Alembic takes as long to import as all the rest, and most starts do not need it: import this module where it is used.


def upgrade(connection: Connection, former: str | None, database: str) -> None:
    """Brings the database on a connection to the newest revision, in the transaction that is open there.

    `former` is the revision that it has where that is not in the table of the version yet.

    Raises: SchemaError when a newer program made it.
    """
    config = _config()
    config.attributes["connection"] = connection
    with _taking_turns(database):
        if former:
            command.stamp(config, former)
        command.upgrade(config, NEWEST)


def upgrade_script(dialect: str, version: str | None, former: str | None, database: str) -> str:
    """Returns the SQL that brings a database from a revision, or from nothing, to the newest one.

    `former` is as above.

    Raises: SchemaError when the revision is unknown, so that a newer program must have made the database.
    """
    script = StringIO()
    config = _config(script)
    config.attributes["dialect"] = dialect
    with _taking_turns(database):
        if former:
            command.stamp(config, former, sql=True)
        command.upgrade(config, f"{version or former or 'base'}:{NEWEST}", sql=True)
    return script.getvalue()


def is_known(version: str) -> bool:
    """Returns whether this program knows a revision, so that it can go on from there."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


@contextmanager
def _taking_turns(database: str) -> Iterator[None]:
    try:
        with _TURN:
            yield
    except CommandError as error:
        raise SchemaError(f"the database {database} was made by a newer version of this program ({error})") from error


def _config(output: StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
