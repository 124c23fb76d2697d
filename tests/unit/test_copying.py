"""What a reader copies out of a page works as it is: no prompts, no outputs among commands, no package of no index."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "adr"),
    *(ROOT / "examples").rglob("*.md"),
]
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELLS = {"sh", "sh server", "bash", "shell", "console", "zsh", "pycon", "doctest", ""}
PROMPT = re.compile(r"^\s*(\$|%|>|>>>|\.\.\.|In \[\d+\]:|PS>|\w+@[\w-]+:[^ ]*[$#]) ", re.MULTILINE)
# Nothing of the name is on an index that anybody could install it from.
FROM_AN_INDEX = re.compile(
    r"\b(?:pip3?|pipx|uv|poetry|pdm)\b[^\n`]*\b(?:install|add|run|tool)\b[^\n`]*?(?<![\w/.-])leadnator[-_]auth\b"
)


def copied(text: str) -> Iterator[str]:
    """Yields what of a page would be copied: its blocks, but for what is shown as printed, and code within a line."""
    for kind, block in BLOCK.findall(text):
        if kind != "text":
            yield block
    yield from re.findall(r"`([^`]+)`", BLOCK.sub("", text))


def shell_blocks(text: str) -> Iterator[str]:
    for kind, block in BLOCK.findall(text):
        if kind in SHELLS or kind == "python":
            yield block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_copied_has_no_prompt(page: Path) -> None:
    text = page.read_text()
    assert [found for block in shell_blocks(text) for found in PROMPT.findall(block)] == []
    assert not {kind for kind, _ in BLOCK.findall(text)} & {"console", "pycon", "doctest"}, "they are for prompts"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_is_installed_from_an_index_that_does_not_have_it(page: Path) -> None:
    for part in copied(page.read_text()):
        assert not FROM_AN_INDEX.search(part), part


@pytest.mark.parametrize(
    "line",
    [
        "pip install leadnator-auth",
        "pip install 'leadnator-auth[postgresql]'",
        '/opt/x/bin/pip install -q "leadnator_auth" flask',
        "python -m pip install -U leadnator-auth",
        "pipx install leadnator-auth",
        "uv add leadnator-auth",
        "uv tool install leadnator-auth",
        "uv pip install flask leadnator-auth",
    ],
)
def test_so_it_is_told_apart(line: str) -> None:
    assert FROM_AN_INDEX.search(line)
    for works in (
        "pip install .",
        "pip install '/path/to/leadnator-auth[testing]'",
        "/opt/leadnator-auth/bin/pip install .",
    ):
        assert not FROM_AN_INDEX.search(works)


@pytest.mark.parametrize("block", ["$ ls\n", ">>> import this\n", "ls\n$ ls\n", "root@host:/# ls\n", "> ls\n"])
def test_so_a_prompt_is_told_apart(block: str) -> None:
    assert PROMPT.search(block)
    assert not PROMPT.search('x=$(ls)\n"$x" >file\ncat <<EOF >>file\n')
