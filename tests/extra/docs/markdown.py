"""Takes the fenced blocks out of a page, and says which of them are commands."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$"
    r"(?:\n\n^```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_NOT_RUN = "not run: "


class Block(NamedTuple):
    """A fenced block, with the comment on the line before it and the `text` after it, which is what it prints."""

    kind: str
    text: str
    note: str = ""
    printed: str | None = None

    @property
    def reason(self) -> str:
        """Why it is not run; empty if it is."""
        return self.note.removeprefix(_NOT_RUN) if self.note.startswith(_NOT_RUN) else ""

    @property
    def is_command(self) -> bool:
        """Whether a reader would paste it into a shell."""
        return self.kind in {"sh", "sh server"}


def blocks(page: Path) -> list[Block]:
    """Returns the blocks of a page in their order."""
    found = _BLOCK.finditer(page.read_text())
    return [Block(each["kind"], each["text"], each["note"] or "", each["printed"]) for each in found]


def block(page: Path, kind: str) -> str:
    """Returns the text of the only block of a kind."""
    (found,) = [each.text for each in blocks(page) if each.kind == kind]
    return found


def pages() -> list[Path]:
    """Returns every page that is run: all of them but the decisions, and those of pages that other tests run."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
