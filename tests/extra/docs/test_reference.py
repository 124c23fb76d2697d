"""The pages of the reference say what the code says."""

import ast
import re
from collections.abc import Iterator

from leadnator_auth.domain import EventType
from leadnator_auth.entrypoints.background import events
from leadnator_auth.entrypoints.background.delivery_worker import FATES
from leadnator_auth.entrypoints.background.mails import MAILS
from leadnator_auth.entrypoints.http import security_events
from tests.extra.docs import reference
from tests.extra.docs.markdown import ROOT

EVENTS_PAGE = ROOT / "docs" / "reference" / "events.md"
LEVELS = {"info", "warning", "error", "exception"}
AGAIN = "write it again: env -u PYTHONSAFEPATH python -m tests.extra.docs.reference"


def test_the_page_of_errors_is_what_the_table_makes() -> None:
    assert reference.ERRORS_PAGE.read_text() == reference.errors_page(), AGAIN


def test_the_page_of_commands_is_what_help_prints() -> None:
    # Versions of click break lines in different places.
    assert reference.COMMANDS_PAGE.read_text().split() == reference.commands_page().split(), AGAIN


OUTBOXES = (MAILS.name, events.NAME)


def logged_events() -> Iterator[tuple[str, str]]:
    """Yields each event that is logged by its name, with its level."""
    for path in (ROOT / "entrypoints").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="_log" | "log") | ast.Attribute(attr="_log"), attr=level),
                    args=[ast.Constant(value=str(event)), *_],
                ) if level in LEVELS:
                    yield event, "error" if level == "exception" else level
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="_log"), attr=level),
                    args=[ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(end))]), *_],
                ) if end != "_":
                    yield from ((name + end, level) for name in OUTBOXES)
                case ast.Call(func=ast.Name(id="log_event"), args=[_, ast.Constant(value=str(event)), *_]):
                    yield event, "info"


def test_every_event_is_on_the_page_with_its_level() -> None:
    logged = dict(logged_events())
    logged |= dict.fromkeys(security_events._REFUSALS.values(), "warning")  # noqa: SLF001 (the table is inside)
    logged |= {f"{name}_{fate}": "warning" for name in OUTBOXES for fate in FATES.values()}
    listed = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", EVENTS_PAGE.read_text(), re.MULTILINE))
    assert listed == logged


def test_every_type_of_event_is_on_the_page_or_on_that_of_its_capability() -> None:
    text = "".join(page.read_text() for page in [EVENTS_PAGE, *(ROOT / "docs" / "how-to").glob("*.md")])
    rows = "".join(line for line in text.splitlines() if line.startswith("|"))
    assert [each.value for each in EventType if f"`{each.value}`" not in rows] == []
