"""The revisions in `migrations/`, run by Alembic or written down as a script."""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from leadnator_auth.adapters.sql.schema import SchemaError

NEWEST = "head"

# Alembic takes as long to import as all the rest, and most starts do not need it: import this module where it is used.


def upgrade(connection: Connection, database: str) -> None:
    """Brings the database on a connection to the newest revision, in the transaction that is open there.

    Raises: SchemaError when a newer program made it.
    """
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, NEWEST)
    except CommandError as error:
        raise newer(database, error) from error


def upgrade_script(dialect: str, version: str | None, database: str) -> str:
    """Returns the SQL that brings a database from a revision, or from nothing, to the newest one.

    Raises: SchemaError when the revision is unknown, so that a newer program must have made the database.
    """
    script = StringIO()
    config = _config(script)
    config.attributes["dialect"] = dialect
    try:
        command.upgrade(config, f"{version or 'base'}:{NEWEST}", sql=True)
    except CommandError as error:
        raise newer(database, error) from error
    return script.getvalue()


def is_known(version: str) -> bool:
    """Returns whether this program knows a revision, so that it can go on from there."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def newer(database: str, error: CommandError) -> SchemaError:
    """Returns the refusal of a database that is ahead of this program."""
    return SchemaError(f"the database {database} was made by a newer version of this program ({error})")


def _config(output: StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
