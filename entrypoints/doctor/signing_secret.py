"""The secret that signs tokens: whoever guesses or reads it is everybody."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from leadnator_auth.entrypoints.doctor.finding import Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.modes import check_mode
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.values import MIN_SECRET_BYTES

NAME = "signing secret"
VARIABLE = f"{PREFIX}JWT_SECRET"
_NEW_ONE = f'make a random one: {VARIABLE}="$(openssl rand -base64 32)"'
_FEWEST_CHARACTERS = 8
"""Random text of 32 characters has more different ones, also as hexadecimal digits: but once in 20 million times."""
_PLACEHOLDERS = (
    "0123456789",
    "12345678",
    "256bit",
    "abcdefgh",
    "changeit",
    "changeme",
    "default",
    "example",
    "insecure",
    "leadnator",
    "notsafe",
    "password",
    "placeholder",
    "pleasechange",
    "qwerty",
    "replace",
    "secret",
)
"""Found in the documentation of many, and in random base64 by chance but once in millions."""


def check_signing_secret(
    configured: Sequence[str], file: Path | None, read: Callable[[Path], str]
) -> Iterator[Finding]:
    """Yields where the secret is, whether it is strong, and who may read its file.

    `file` is where it is kept when none is configured, if there is such a place; `read` raises OSError or ValueError.
    """
    if configured:
        count = f"{len(configured)} secrets; the first signs" if len(configured) > 1 else "1 secret"
        yield from _strength(configured, f"in {VARIABLE}: {count}")
    elif file is None:
        yield fail(NAME, f"{VARIABLE} is not set, and PostgreSQL has no file beside it to keep one in", _NEW_ONE)
    elif not file.exists():
        yield warn(NAME, f"{file} is not there yet", "`leadnator-auth migrate` or `serve` makes it")
    else:
        yield from _kept(file, read)


def _kept(file: Path, read: Callable[[Path], str]) -> Iterator[Finding]:
    yield from check_mode(NAME, file)
    try:
        secret = read(file)
    except OSError as error:
        yield fail(NAME, f"{file} cannot be read: {error.strerror}", "let the user who serves own it")
    except ValueError as error:
        yield fail(NAME, str(error), f"delete {file} to have a new one made; all have to log in again then")
    else:
        yield from _strength([secret], f"in {file}")


def _strength(secrets: Sequence[str], where: str) -> Iterator[Finding]:
    complaints = [(place, *complaint) for place, secret in enumerate(secrets, 1) if (complaint := _complaint(secret))]
    for place, say, what in complaints:
        which = f"secret {place} of {len(secrets)} " if len(secrets) > 1 else ""
        yield say(NAME, f"{where}; {which}{what}", _NEW_ONE)
    if not complaints:
        shortest = min(len(secret.encode()) for secret in secrets)
        yield ok(NAME, f"{where}; {shortest} bytes{' or more' if len(secrets) > 1 else ''}")


def _complaint(secret: str) -> tuple[Callable[[str, str, str], Finding], str] | None:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        return fail, f"is shorter than {MIN_SECRET_BYTES} bytes"
    if len(set(secret)) < _FEWEST_CHARACTERS:
        return warn, "has too few different characters"
    if _repeats_itself(secret):
        return warn, "repeats itself"
    plain = re.sub(r"[^a-z0-9]", "", secret.lower())
    if any(placeholder in plain for placeholder in _PLACEHOLDERS):
        return warn, "looks like a placeholder or a phrase"
    return None


def _repeats_itself(secret: str) -> bool:
    """Returns whether it is one piece again and again: a shift by the length of the piece changes nothing."""
    return any(secret[piece:] == secret[:-piece] for piece in range(1, len(secret) // 2 + 1))
