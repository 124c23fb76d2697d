"""Who may read a file, and whose it is."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

from leadnator_auth.entrypoints.doctor.finding import Finding, fail, warn

_OTHERS, _GROUP = 0o007, 0o070


def check_mode(name: str, path: Path) -> Iterator[Finding]:
    """Yields what is wrong with the mode and the owner of a file that is there; nothing when all is well."""
    if os.name != "posix":
        return
    status = path.stat()
    mode = S_IMODE(status.st_mode)
    cure = f"chmod 600 {path}"
    if mode & _OTHERS:
        yield fail(name, f"{path} is open to everybody on this machine (mode {mode:04o})", cure)
    elif mode & _GROUP:
        yield warn(name, f"{path} is open to its group (mode {mode:04o})", cure)
    if status.st_uid != os.geteuid():
        yield warn(
            name,
            f"{path} belongs to user {status.st_uid}, and this runs as user {os.geteuid()}",
            "run the doctor as the user who serves; if this is that user: chown the file",
        )
