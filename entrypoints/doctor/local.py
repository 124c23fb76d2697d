"""Checks that need this machine alone: settings, the files of the database and of mails, and the time a hash takes."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from stat import S_IMODE
from urllib.parse import urlsplit

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY
from leadnator_auth.entrypoints.doctor.database import Lacking
from leadnator_auth.entrypoints.doctor.examining import MADE_LATER, Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.remote import is_this_machine
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.values import SAFE_BCRYPT_COST
from leadnator_auth.entrypoints.settings.view import unknown_settings

SETTINGS, FILE, HASHING = "settings", "database file", "password hashing"
WANTED_HASH_SECONDS, TOO_LONG_HASH_SECONDS = 0.250, 1.0
_FULL, _NEARLY_FULL = 50, 500
MAIL_FILES = "mail files"
_MAIL, _DRAFT = ".eml", ".draft"


def check_settings(environment: Mapping[str, str], problem: str | None = None) -> Iterator[Finding]:
    """Yields the problem met while reading the settings, if any, and the variables that mean nothing."""
    if problem is None:
        yield ok(SETTINGS, "all can be read")
    else:
        yield fail(SETTINGS, problem, "correct it; nothing else can be checked before")
    for each in unknown_settings(environment):
        cure = f"rename it to {each.closest}" if each.closest else "correct its name or remove it"
        cure = f"remove it: leadnator-auth serve takes {each.option}" if each.option else cure
        # Names in another case are not ours to refuse.
        bad = fail if each.name.startswith(PREFIX) else warn
        yield bad(SETTINGS, f"{each.name} is no setting of this program", cure)


def check_database_file(path: Path, lacking: Lacking | None = None) -> Iterator[Finding]:
    """Yields whether the file and its folder can be used, and by nobody else; `lacking` is what SQLite itself lacks."""
    if lacking is not None:
        yield fail(FILE, lacking.found, lacking.cure)
    folder = path.absolute().parent
    if not folder.is_dir():
        yield fail(FILE, f"the folder {folder} is not there", f"make it, or correct {PREFIX}DATABASE_URL")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        cure = f"let the user who serves write there: chown the folder, or correct {PREFIX}DATABASE_URL"
        yield fail(FILE, f"the folder {folder} cannot be written, which SQLite needs beside the file", cure)
    yield _space(folder)
    if not path.exists():
        yield warn(FILE, f"{path} is not there yet", MADE_LATER)
        return
    files = [file for ending in ("", "-wal", "-shm") if (file := path.with_name(path.name + ending)).exists()]
    ahead = max((file.stat().st_mtime for file in files), default=0.0) - time.time()
    if timedelta(seconds=ahead) > CLOCK_LEEWAY:
        found = f"{path} was written {ahead:.0f} s in the future: this clock is slow, or was ahead then"
        yield fail("clock", found, "set the clock, and keep it right by NTP")
    else:
        yield ok("clock", "no file of the database was written in the future")
    problems = [finding for file in files for finding in check_mode(FILE, file)]
    if not os.access(path, os.R_OK | os.W_OK):
        problems.append(fail(FILE, f"{path} cannot be written", "let the user who serves own it"))
    yield from problems or [ok(FILE, f"{path} is there, for its owner alone")]


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free // 2**20
    found = f"{free:,} MiB are free in {folder}"
    if free < _FULL:
        return fail("disk", found, "make room: nothing can be kept soon")
    return warn("disk", found, "make room") if free < _NEARLY_FULL else ok("disk", found)


def check_mode(name: str, path: Path, right: str = "600") -> Iterator[Finding]:
    """Yields what is wrong with the mode and the owner of what is there; nothing when all is well."""
    if os.name != "posix":
        return
    status, user = path.stat(), os.geteuid()
    mode = S_IMODE(status.st_mode)
    if mode & 0o007:
        yield fail(name, f"{path} is open to everybody on this machine (mode {mode:04o})", f"chmod {right} {path}")
    elif mode & 0o070:
        yield warn(name, f"{path} is open to its group (mode {mode:04o})", f"chmod {right} {path}")
    if status.st_uid != user:
        cure = "run the doctor as the user who serves; if this is that user: chown the file"
        yield warn(name, f"{path} belongs to user {status.st_uid}, and this runs as user {user}", cure)


def check_mail_files(folder: Path, *, is_used: bool) -> Iterator[Finding]:
    """Yields what is wrong with the mails in the folder, if it is there; `is_used` while there is no mail server."""
    if not folder.is_dir():
        return
    problems = [*check_mode(MAIL_FILES, folder, "700"), *_open_files(folder)]
    if is_used and not os.access(folder, os.W_OK | os.X_OK):
        problems.append(fail(MAIL_FILES, f"{folder} cannot be written", "let the user who serves own it"))
    yield from problems
    count = sum(file.suffix == _MAIL for file in folder.iterdir())
    if count and not is_used:
        found = f"{count:,} mails in {folder} were never sent: since then there is a mail server, which gets new ones"
        yield warn(MAIL_FILES, found, f"delete them: rm {folder}/*{_MAIL}")
    elif not problems:
        yield ok(MAIL_FILES, f"{count:,} mails lie in {folder}, for their owner alone")


def check_templates(folder: Path | None, problem: str) -> Iterator[Finding]:
    """Yields whether mails can be made of the templates in an operator's folder, if there is one."""
    if folder is None:
        return
    if problem:
        yield fail("mail templates", problem, f"mend it, or unset {PREFIX}MAIL_TEMPLATES: nothing starts before")
    else:
        yield ok("mail templates", f"mails can be made of what is in {folder}")


def _open_files(folder: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    files = [file for file in folder.iterdir() if file.suffix in (_MAIL, _DRAFT)]
    count = sum(bool(S_IMODE(file.lstat().st_mode) & 0o077) for file in files)
    if count:
        found = f"{count:,} files in {folder} can be read by others than their owner, and may hold links"
        yield fail(MAIL_FILES, found, f"find {folder} -type f -exec chmod 600 {{}} +")


def check_hashing(
    cost: int, measured: Callable[[int], float], nearest: Callable[[float, int, float, int], int]
) -> Iterator[Finding]:
    """Yields the time of a hash of this cost, and the cost that would take as long as one should here.

    `measured` returns seconds; `nearest` takes them, their cost, the wanted seconds and the least cost.
    """
    seconds, wanted = measured(cost), WANTED_HASH_SECONDS
    best = nearest(seconds, cost, wanted, SAFE_BCRYPT_COST)
    found = f"cost {cost} takes {seconds * 1000:.0f} ms here; {best} comes nearest to {wanted * 1000:.0f} ms"
    cure = f"set {PREFIX}BCRYPT_COST={best}"
    if cost < SAFE_BCRYPT_COST:
        yield warn(HASHING, f"{found}; less than {SAFE_BCRYPT_COST} is too easy to guess against", cure)
    elif seconds > TOO_LONG_HASH_SECONDS:
        cure = cure if best < cost else "use a faster machine: no safe cost is cheaper"
        yield warn(HASHING, f"{found}; log-ins take that long, and few of them keep this machine busy", cure)
    else:
        yield ok(HASHING, found)


def check_blocklist(count: int | None, problem: str) -> Iterator[Finding]:
    """Yields whether passwords that many people have can be chosen; `count` is how many cannot, if they were read."""
    name, setting = "common passwords", f"{PREFIX}PASSWORD_BLOCKLIST"
    if problem:
        yield fail(name, problem, "correct it: nothing starts before")
    elif not count:
        yield warn(name, "none is refused: people choose what everybody tries first", f"set {setting}=common")
    else:
        yield ok(name, f"{count:,} are refused")


def check_sign_in_notice(setting: str, *, has_words: bool) -> Iterator[Finding]:
    """Yields whether notices of log-ins can say what was used, where they are sent."""
    if setting == "on" and not has_words:
        found = "a notice cannot say what somebody logged in with: ua-parser is not installed"
        yield warn("sign-in notice", found, "install the extra `agents`")
    else:
        yield ok("sign-in notice", setting)


def check_rate_limit(rate_limit: str) -> Iterator[Finding]:
    """Yields whether tries are limited."""
    off = warn("rate limit", "off: passwords may be guessed without end", f"set {PREFIX}RATE_LIMIT=on")
    yield off if rate_limit == "off" else ok("rate limit", "on")


def check_proxies(trusted: Sequence[str], public_url: str | None) -> Iterator[Finding]:
    """Yields whether clients can be told apart: this server speaks no TLS, so https implies a proxy in front."""
    if not trusted and (public_url or "").startswith("https:"):
        found = "none is trusted, though https means that there is one: all clients share one address and its limits"
        yield warn("proxies", found, f"set {PREFIX}TRUSTED_PROXIES to the proxy's address")
    else:
        yield ok("proxies", f"trusted: {', '.join(trusted) or 'none'}")


def check_cors(origins: Sequence[str]) -> Iterator[Finding]:
    """Yields the front ends that anybody on the network path could alter."""
    parts = {origin: urlsplit(origin) for origin in origins}
    plain = [each for each in origins if parts[each].scheme == "http" and not is_this_machine(parts[each].hostname)]
    if plain:
        yield warn("cors", f"not encrypted: {', '.join(plain)}", f"use https:// in {PREFIX}CORS_ORIGINS")
    else:
        yield ok("cors", f"allowed: {', '.join(origins) or 'none'}")
