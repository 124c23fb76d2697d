"""A toy capability, a note on one's own account, added as CONTRIBUTING says: new files, and lines in older ones."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from leadnator_auth.adapters.sql.schema import SCHEMA_VERSION

FILES = Path(__file__).with_name("files")
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "artifacts", "build", "dist", "*.db*")


class Line(NamedTuple):
    """A line, and the one in the same file that it follows."""

    file: str
    follows: str
    line: str


LINES = (
    Line(
        "domain/entities/event.py",
        '    SESSION_ENDED = "session.ended"',
        '    NOTE_WRITTEN = "note.written"',
    ),
    Line(
        "domain/ports/unit_of_work.py",
        "from leadnator_auth.domain.entities.session import Identity",
        "from leadnator_auth.domain.ports.notes import Notes",
    ),
    Line("domain/ports/unit_of_work.py", '    "MailQueue",', '    "Notes",'),
    Line(
        "domain/ports/unit_of_work.py",
        "    def events(self) -> Events: ...",
        "    @property\n    def notes(self) -> Notes: ...",
    ),
    Line(
        "domain/__init__.py",
        "from leadnator_auth.domain.entities.event import Event, EventType",
        "from leadnator_auth.domain.entities.note import Note",
    ),
    Line(
        "domain/__init__.py",
        "from leadnator_auth.domain.use_cases.media_tokens import MediaToken, identify_for_media, issue_media_token",
        "from leadnator_auth.domain.use_cases.notes import read_note, write_note",
    ),
    Line("domain/__init__.py", '    "MediaToken",', '    "Note",'),
    Line("domain/__init__.py", '    "purge",', '    "read_note",'),
    Line("domain/__init__.py", '    "was_password_reset",', '    "write_note",'),
    Line(
        "adapters/memory/tables.py",
        "from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail, forgotten",
        "from leadnator_auth.domain.entities.note import Note",
    ),
    Line(
        "adapters/memory/tables.py",
        "    events: dict[EventId, Event] = attrs.Factory(dict)",
        "    notes: dict[UserId, Note] = attrs.Factory(dict)",
    ),
    Line(
        "adapters/memory/tables.py",
        "        tables.credentials.pop(user_id, None)",
        "        tables.notes.pop(user_id, None)",
    ),
    Line(
        "adapters/memory/store.py",
        "from leadnator_auth.adapters.memory.mail_queue import MemoryMailQueue",
        "from leadnator_auth.adapters.memory.notes import MemoryNotes",
    ),
    Line(
        "adapters/memory/store.py",
        "        self.events = MemoryEvents(tables)",
        "        self.notes = MemoryNotes(tables)",
    ),
    Line(
        "adapters/sql/unit_of_work.py",
        "from leadnator_auth.adapters.sql.mail_queue import SqlMailQueue",
        "from leadnator_auth.adapters.sql.notes import SqlNotes",
    ),
    Line(
        "adapters/sql/unit_of_work.py",
        "        self.events = SqlEvents(connection)",
        "        self.notes = SqlNotes(connection)",
    ),
    Line(
        "testing/contract/__init__.py",
        "from leadnator_auth.testing.contract.mailer import MailerContract",
        "from leadnator_auth.testing.contract.notes import NotesContract",
    ),
    Line("testing/contract/__init__.py", '    "MailerContract",', '    "NotesContract",'),
    Line(
        "entrypoints/http/api/operations.py",
        "from leadnator_auth.entrypoints.http.openapi.operation import Operation",
        "from leadnator_auth.entrypoints.http.api import notes",
    ),
    Line(
        "entrypoints/http/api/operations.py",
        "GROUPS: Mapping[str, str] = {",
        '    notes.GROUP: "A note on one\'s own account.",',
    ),
    Line("entrypoints/http/api/operations.py", "    *sessions.OPERATIONS,", "    *notes.OPERATIONS,"),
)


def copied(root: Path, tree: Path) -> None:
    """Copies a checkout into a new folder."""
    shutil.copytree(root, tree, symlinks=True, ignore=NOT_COPIED)


def new_files() -> Iterator[tuple[str, str]]:
    """Yields the files of the capability, with their text; its revision comes after the newest there is."""
    following = f"{int(SCHEMA_VERSION) + 1:04}"
    for file in sorted(FILES.rglob("*.*")):
        if file.suffix in (".py", ".md"):
            text = file.read_text().replace("NEXT", following).replace("NEWEST", SCHEMA_VERSION)
            yield str(file.relative_to(FILES)).replace("NEXT", following), text


def added(tree: Path) -> tuple[set[str], set[str]]:
    """Adds the capability to a copy of the tree; returns the files that are new, and those that were touched."""
    new = set()
    for name, text in new_files():
        assert not (tree / name).exists(), f"{name} is there already"
        (tree / name).write_text(text)
        new.add(name)
    for file, follows, line in LINES:
        lines = (tree / file).read_text().split("\n")
        assert lines.count(follows) == 1, f"{file} has this line once: {follows}"
        lines.insert(lines.index(follows) + 1, line)
        (tree / file).write_text("\n".join(lines))
    return new, {line.file for line in LINES}
