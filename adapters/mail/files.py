"""The Mailer for those without a mail server: each mail becomes a file."""

import asyncio
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
            await asyncio.to_thread(_write, draft, path, self.writer.write(mail))
        except OSError as error:
            raise MailDelayedError(str(error), may_have_arrived=False) from error
        _log.info("mail written to %s", path)


def _write(draft: Path, path: Path, message: EmailMessage) -> None:
    """Writes under another name first, so that nobody sees half a mail."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
