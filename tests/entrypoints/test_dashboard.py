"""Dashboard, alerts and documentation speak of figures that there are."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from leadnator_auth.entrypoints.compose.ports import prepare
from leadnator_auth.entrypoints.server.serve import build_app
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.telemetry.metrics.families import FAMILIES

DOCS = Path(__file__).parents[2] / "docs" / "reference"
DASHBOARD = json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))
TEXT = (DOCS / "metrics.md").read_text("utf-8")
ALERTS = re.findall(r"^ +expr: (.*)$", TEXT, re.MULTILINE)
NAME = re.compile(r"leadnator_auth_\w+")
SELECTED = re.compile(r"(\w+)=~?\"|(\w+)!=")
GROUPED = re.compile(r"by \(([^)]*)\)")
OF_PROMETHEUS = {"job", "instance", "le"}


def queries() -> Iterator[str]:
    """Returns what the dashboard asks."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


@pytest.fixture
async def scrape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """What the application that is served tells after one request."""
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({"LEADNATOR_BCRYPT_COST": "4"})
    prepare(settings)
    app = build_app(settings)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client,
    ):
        await client.get("/healthz")
        yield (await client.get("/metrics")).text


async def test_what_dashboard_and_alerts_ask_for_is_told(scrape: str) -> None:
    told = {sample.name for family in text_string_to_metric_families(scrape) for sample in family.samples}
    asked = {name for query in (*queries(), *ALERTS) for name in NAME.findall(query)}
    assert asked
    assert asked - told == set()


async def test_every_figure_is_told_and_on_the_dashboard(scrape: str) -> None:
    on_dashboard = " ".join(queries())
    for name in FAMILIES:
        assert f"# HELP {name} " in scrape
        assert name in on_dashboard


def test_queries_select_and_group_by_labels_that_there_are() -> None:
    for query in (*queries(), *ALERTS):
        labels = {label for family in FAMILIES.values() if family.name in query for label in family.labels}
        selected = {label for pair in SELECTED.findall(query) for label in pair if label}
        grouped = {label.strip() for group in GROUPED.findall(query) for label in group.split(",")}
        assert selected | grouped <= labels | OF_PROMETHEUS, query
        assert query.count("(") == query.count(")")
        assert query.count("{") == query.count("}")


def test_panels_have_a_place_of_their_own_and_words() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or panel["description"]


def test_the_documentation_has_every_figure_with_its_kind_and_labels() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", TEXT, re.MULTILINE)
    documented = [
        (f"leadnator_auth_{name}", kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows
    ]
    assert sorted(documented) == sorted((family.name, family.kind.value, family.labels) for family in FAMILIES.values())
