"""Parsers of the settings on accounts: who may make one, with which password, and for how long they stay logged in."""

from pathlib import Path

from leadnator_auth.domain.values.public_key import SigningAlgorithm
from leadnator_auth.entrypoints.settings.errors import FileError
from leadnator_auth.entrypoints.settings.files import is_there
from leadnator_auth.entrypoints.settings.values import HOST_NAME, TEN_YEARS, Between

OPEN, CLOSED = "open", "closed"
OFF, COMMON = "off", "common"
LEAST_IDLE_SECONDS = 60
"""It is known to a minute when a session was used."""
BLOCKLIST_TAKES = "off, common, or a file with a password a line, in UTF-8 and of at most 16 MiB"


def sign_up(text: str) -> str | tuple[str, ...]:
    """Returns `OPEN` or `CLOSED`, or the domains that it is open to: each with its @, in lower case and ASCII."""
    if text.lower() in (OPEN, CLOSED):
        return text.lower()
    return tuple(f"@{_domain(part.strip())}" for part in text.split(","))


def _domain(text: str) -> str:
    name = text.removeprefix("@")
    name = name.lower() if name.isascii() else _in_ascii(name)
    if not text.startswith("@") or not HOST_NAME.fullmatch(name) or name.rpartition(".")[2].isdecimal():
        raise ValueError
    return name


def _in_ascii(domain: str) -> str:
    """Returns an international domain name in the form that addresses are compared in (RFC 5890 A-labels).

    Raises: ValueError.
    """
    from email_validator import validate_email  # not needed to start

    return validate_email(f"x@{domain}", check_deliverability=False, test_environment=True).ascii_domain.lower()


def signing_algorithm(text: str) -> str:
    """Returns the name of an algorithm, which may be typed in any case."""
    names = {each.value.lower(): each.value for each in SigningAlgorithm}
    if text.lower() not in names:
        raise ValueError
    return names[text.lower()]


def password_blocklist(text: str) -> str | Path:
    """Returns `OFF` or `COMMON`, or the path of a file that is there; what is in it is found out when it is read."""
    if text.lower() in (OFF, COMMON):
        return text.lower()
    path = Path(text)
    if not is_there(path.is_file):
        raise FileError("this is a folder" if path.is_dir() else "there is no such file")
    return path


def session_idle(text: str) -> int | None:
    """Returns a number of seconds, or None for `OFF`."""
    return None if text.lower() == OFF else Between(LEAST_IDLE_SECONDS, TEN_YEARS)(text)
