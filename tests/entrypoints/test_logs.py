"""Logs: text for people at a terminal, JSON for programs, and one line an event in both."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from leadnator_auth.entrypoints.server.logs import configure_logs

HOSTILE = "a line\nforged\x1b[31m\u2028line"


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Puts back how everything else logs."""
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    before = root.handlers, root.level, alembic.level
    yield
    root.handlers, level, alembic_level = before
    root.setLevel(level)
    alembic.setLevel(alembic_level)
    structlog.reset_defaults()


def logged(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, log_format: str | None) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs(log_format, "info")
    logging.getLogger("somebody.elses").warning("%s", HOSTILE)
    structlog.get_logger("ours").info("ours", path=HOSTILE)
    structlog.get_logger("ours").debug("too much")
    return stderr.getvalue()


@pytest.mark.parametrize(
    ("stderr", "log_format", "is_json"),
    [
        (io.StringIO, None, True),
        (Terminal, None, False),
        (io.StringIO, "text", False),
        (Terminal, "json", True),
    ],
)
def test_a_terminal_gets_text_and_a_program_json_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, stderr: type[io.StringIO], log_format: str | None, is_json: bool
) -> None:
    lines = logged(monkeypatch, stderr(), log_format).removesuffix("\n").split("\n")
    assert len(lines) == 2
    assert all(line.startswith("{") for line in lines) is is_json
    if is_json:
        assert json.loads(lines[0])["event"] == json.loads(lines[1])["path"] == HOSTILE


def test_no_message_steers_the_terminal_or_forges_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = logged(monkeypatch, io.StringIO(), "text").removesuffix("\n").split("\n")
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
