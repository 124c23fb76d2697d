"""Checks of the signing secret and the master keys: where they are, whether they are strong, who may read them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from leadnator_auth.entrypoints.doctor.examining import MADE_LATER, Finding, Level, fail, ok, warn
from leadnator_auth.entrypoints.doctor.local import check_mode
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.misplaced import MIN_SECRET_BYTES

_FEWEST_CHARACTERS = 8
"""Random text of 32 characters has more different ones, even in hexadecimal, but for once in 20 million."""
_PLACEHOLDER = re.compile(
    "0123456789|12345678|256bit|abcdefgh|changeit|changeme|default|example|insecure|leadnator|notsafe|password|placeholder|"
    "pleasechange|qwerty|replace|secret"
)
"""Words found in many documentations, and hardly ever by chance in random base64."""
_RANDOM = '"$(openssl rand -base64 32)"'

Read = Callable[[Path], str]


@attrs.frozen(kw_only=True)
class _Kind:
    """What is said of a kind of secret."""

    check: str
    variable: str
    noun: str
    first: str
    stronger: str
    """What to do about a weak one."""
    spoilt: str
    """What to do about a file that holds none."""


_SIGNING = _Kind(
    check="signing secret",
    variable=f"{PREFIX}JWT_SECRET",
    noun="secret",
    first="the first signs",
    stronger=f"make a random one: {PREFIX}JWT_SECRET={_RANDOM}",
    spoilt="delete {file} to have a new one made; all have to log in again then",
)
_MASTER = _Kind(
    check="master key",
    variable=f"{PREFIX}MASTER_KEY",
    noun="key",
    first="the first makes what is new",
    stronger=f"put a random one before it, {PREFIX}MASTER_KEY=NEW,OLD, then rotate the secret of each webhook",
    spoilt="take {file} from a backup; without one delete it: the checks of what needs the lost key say what to do",
)


def check_signing_secret(configured: Sequence[str], file: Path | None, read: Read) -> Iterator[Finding]:
    """Yields where the secret is, whether it is strong, and who may read its file.

    `file` is where it is kept when none is configured, if there is such a place; `read` raises OSError or ValueError.
    """
    if not configured and file is None:
        found = f"{_SIGNING.variable} is not set, and PostgreSQL has no file beside it to keep one in"
        yield fail(_SIGNING.check, found, _SIGNING.stronger)
    else:
        yield from _check(_SIGNING, configured, file, read)


def check_master_key(configured: Sequence[str], file: Path | None, read: Read) -> Iterator[Finding]:
    """Yields the same of the master keys, without which some things are off."""
    if not configured and file is None:
        found = f"{_MASTER.variable} is not set, so second factors, token pairs, webhooks, EdDSA and ES256 are off"
        cure = f"to have them, make a random one, the same for all servers: {_MASTER.variable}={_RANDOM}"
        yield warn(_MASTER.check, found, f"{cure}; keep it: without it every app and every secret of a webhook is lost")
    else:
        yield from _check(_MASTER, configured, file, read)


def _check(kind: _Kind, configured: Sequence[str], file: Path | None, read: Read) -> Iterator[Finding]:
    if configured or file is None:
        count = f"{len(configured)} {kind.noun}s; {kind.first}" if len(configured) > 1 else f"1 {kind.noun}"
        yield from _strength(kind, configured, f"in {kind.variable}: {count}")
    elif not file.exists():
        yield warn(kind.check, f"{file} is not there yet", MADE_LATER)
    else:
        yield from check_mode(kind.check, file)
        try:
            secret = read(file)
        except OSError as error:
            yield fail(kind.check, f"{file} cannot be read: {error.strerror}", "let the user who serves own it")
        except ValueError as error:
            yield fail(kind.check, str(error), kind.spoilt.format(file=file))
        else:
            yield from _strength(kind, [secret], f"in {file}")


def _strength(kind: _Kind, secrets: Sequence[str], where: str) -> Iterator[Finding]:
    several = len(secrets) > 1
    complaints = [(place, *complaint) for place, secret in enumerate(secrets, 1) if (complaint := _complaint(secret))]
    for place, level, what in complaints:
        which = f"{kind.noun} {place} of {len(secrets)} " if several else ""
        yield Finding(level, kind.check, f"{where}; {which}{what}", kind.stronger)
    if not complaints:
        shortest = min(len(secret.encode()) for secret in secrets)
        yield ok(kind.check, f"{where}; {shortest} bytes{' or more' if several else ''}")


def _complaint(secret: str) -> tuple[Level, str] | None:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        return Level.FAIL, f"is shorter than {MIN_SECRET_BYTES} bytes"
    if len(set(secret)) < _FEWEST_CHARACTERS:
        return Level.WARN, "has too few different characters"
    # If one piece is repeated, a shift by the length of the piece changes nothing.
    if any(secret[piece:] == secret[:-piece] for piece in range(1, len(secret) // 2 + 1)):
        return Level.WARN, "repeats itself"
    if _PLACEHOLDER.search(re.sub(r"[^a-z0-9]", "", secret.lower())):
        return Level.WARN, "looks like a placeholder or a phrase"
    return None
