"""A newcomer with only the README gets through it by copy and paste."""

from pathlib import Path

from tests.extra.docs.markdown import ROOT, blocks
from tests.extra.docs.terminal import run_page


def test_every_command_of_the_readme_does_what_it_shows(tmp_path: Path) -> None:
    run = [block for block in blocks(ROOT / "README.md") if block.note != "test command"]
    run_page(run, tmp_path)
