"""The Mailer for those without a mail server: each mail becomes a file."""

import asyncio
import errno
import logging
import os
from email.message import EmailMessage
from pathlib import Path

import attrs

from leadnator_auth.adapters.mail.writing import MailWriter
from leadnator_auth.domain.entities.mail import OutgoingMail
from leadnator_auth.domain.errors import MailDelayedError

_log = logging.getLogger(__name__)


@attrs.frozen
class MailFiles:
    """Writes each mail into a folder as an `.eml` file, which only its owner may read: it may hold a reset secret."""

    folder: Path
    writer: MailWriter

    async def send(self, mail: OutgoingMail) -> None:
        path = self.folder / f"{self.writer.clock.now():%Y%m%dT%H%M%S}-{mail.id}.eml"
        # The name of the draft is the same at every attempt: what a crash left behind is not left for ever.
        draft = self.folder / f".{mail.id}.draft"
        try:
            await asyncio.to_thread(_write, draft, path, await self.writer.written(mail))
        except OSError as error:
            raise MailDelayedError(str(error), may_have_arrived=os.access(path, os.F_OK)) from error
        _log.info("mail written to %s", path)


def _write(draft: Path, path: Path, message: EmailMessage) -> None:
    """Writes under another name first, so that nobody sees half a mail; returns when it would survive a power cut."""
    folder = path.parent
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(folder)
    if is_new:
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where possible: fsync of a file covers only its content."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        os.close(descriptor)
