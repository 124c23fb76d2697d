"""Takes the fenced blocks out of a page, and says which of them are commands."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_NOT_RUN = "not run: "


class Block(NamedTuple):
    """A fenced block, with the comment on the line before it."""

    kind: str
    text: str
    note: str = ""

    @property
    def reason(self) -> str:
        """Why it is not run; empty if it is."""
        return self.note.removeprefix(_NOT_RUN) if self.note.startswith(_NOT_RUN) else ""

    @property
    def is_command(self) -> bool:
        """Whether a reader would paste it into a shell."""
        return self.kind in {"sh", "sh server", "console"}


class Command(NamedTuple):
    """What is typed, and what the page says it prints, if it says so."""

    text: str
    printed: str | None


def blocks(page: Path) -> list[Block]:
    """Returns the blocks of a page in their order."""
    return [Block(found["kind"], found["text"], found["note"] or "") for found in _BLOCK.finditer(page.read_text())]


def block(page: Path, kind: str) -> str:
    """Returns the text of the only block of a kind."""
    (found,) = [each.text for each in blocks(page) if each.kind == kind]
    return found


def commands(block: Block) -> list[Command]:
    """Returns the commands of a block: each `$ ` of a console with what follows it, or a script as a whole."""
    if block.kind != "console":
        return [Command(block.text, None)]
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"a console begins with a command: {block.text}"
    typed = [re.fullmatch(r"([^\n]*\n(?:> [^\n]*\n)*)(.*)", part, re.DOTALL) for part in parts[1:]]
    return [Command(re.sub(r"^> ", "", found[1], flags=re.MULTILINE), found[2]) for found in typed if found]


def pages() -> list[Path]:
    """Returns every page that is run: all of them but the decisions, and those of pages that other tests run."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
