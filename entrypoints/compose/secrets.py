"""The signing secret and the master keys: set, or in files of their own beside a SQLite database."""

from pathlib import Path

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.sql import is_sqlite
from leadnator_auth.adapters.system.secret_file import kept_secret
from leadnator_auth.domain import KeyRing, MasterKeys
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError

MISSING_SECRET = (
    "LEADNATOR_JWT_SECRET: got nothing, takes one or more secrets of at least 32 bytes each, separated by commas; with "
    "PostgreSQL there is no file beside the database to keep one in"
)


def signing_secret_file(database: Path) -> Path:
    """Returns where the signing secret is kept that belongs to a SQLite database."""
    return database.with_name(database.name + ".secret")


def master_key_file(database: Path) -> Path:
    """Returns where the master key is kept that belongs to a SQLite database."""
    return database.with_name(database.name + ".master.secret")


def require_signing_secret(settings: Settings) -> None:
    """Raises: StartError, where there is neither a signing secret nor a place to keep one in."""
    if not (settings.jwt_secrets or is_sqlite(settings.database)):
        raise StartError(MISSING_SECRET)


def jwt_tokens(settings: Settings, ring: KeyRing | None = None, keys: MasterKeys = MasterKeys()) -> JwtTokens:
    """Returns what signs with the secrets of the settings, or else with the one in the file, made first if need be.

    Where the ring has a key that signs, it signs with that one, which these master keys open.

    Raises: StartError.
    """
    ring = ring or KeyRing()
    if settings.jwt_secrets:
        return JwtTokens(settings.jwt_secrets, ring=ring, master_keys=keys)
    if not is_sqlite(settings.database):
        raise StartError(MISSING_SECRET)
    file = signing_secret_file(settings.database)
    try:
        return JwtTokens([kept_secret(file)], ring=ring, master_keys=keys)
    except (OSError, ValueError) as error:
        raise StartError(f"cannot use the signing secret in {file}: {error}") from error


def master_keys(settings: Settings) -> MasterKeys:
    """Returns those of the settings, or else the one in the file, made first if need be; with PostgreSQL, else none.

    Raises: StartError.
    """
    if settings.master_keys or not is_sqlite(settings.database):
        return MasterKeys(settings.master_keys)
    file = master_key_file(settings.database)
    try:
        return MasterKeys([kept_secret(file)])
    except (OSError, ValueError) as error:
        raise StartError(f"cannot use the master key in {file}: {error}") from error


def code_keys(keys: MasterKeys, tokens: JwtTokens) -> MasterKeys:
    """Returns the master keys, or where there are none the signing secrets.

    A code lives for minutes, so nothing is lost when one of these is exchanged; and log-in by code needs no key of
    its own.
    """
    return keys or MasterKeys(tokens.secrets)
