"""What lies in the folder that mails become files in: who asked for a link may wait for it."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.local import check_mode
from leadnator_auth.entrypoints.settings import PREFIX

MAIL_FILES = "mail files"
_MAIL, _DRAFT = ".eml", ".draft"


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
