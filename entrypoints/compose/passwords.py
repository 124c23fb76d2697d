"""The passwords that nobody may choose, as the settings say."""

from collections.abc import Set
from functools import lru_cache
from pathlib import Path

from leadnator_auth.entrypoints.settings import PREFIX, Settings
from leadnator_auth.entrypoints.settings.account_values import BLOCKLIST_TAKES, COMMON, OFF
from leadnator_auth.entrypoints.settings.errors import StartError


def password_blocklist(settings: Settings) -> Set[str]:
    """Returns the passwords, each in the form in which they are compared; none while the list is off.

    Raises: StartError.
    """
    chosen = settings.password_blocklist
    if chosen == OFF:
        return frozenset()
    # Not needed while it is off.
    from leadnator_auth.adapters.password_blocklist import BlocklistError, common_passwords

    if chosen == COMMON:
        return common_passwords()
    try:
        return _passwords_in(Path(chosen), _state_of(Path(chosen)))
    except BlocklistError as error:
        name = f"{PREFIX}PASSWORD_BLOCKLIST"
        raise StartError(f"{name}: got {str(chosen)!r}, takes {BLOCKLIST_TAKES}; {error}") from error


@lru_cache(1)
def _passwords_in(file: Path, state: tuple[int, int] | None) -> Set[str]:
    """Returns what is in a file; read once for the start and for what is opened then."""
    from leadnator_auth.adapters.password_blocklist import passwords_in

    return passwords_in(file)


def _state_of(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:  # reading it tells why
        return None
    return status.st_mtime_ns, status.st_size
