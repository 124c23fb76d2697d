"""Traces of the real server: they reach a collector, and one that is away harms nobody."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from leadnator_auth.entrypoints.server.serve import build_app
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.telemetry import tracing
from tests.e2e.server import HOST, QUICK, Server, free_port, run

pytestmark = pytest.mark.slow


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    @property
    def span_names(self) -> list[str]:
        return [
            span.name
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(ExportTraceServiceRequest.FromString(content))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def served(folder: Path, endpoint: str, *options: str) -> Server:
    return Server(folder, options, QUICK | {"LEADNATOR_OTLP_ENDPOINT": endpoint})


def test_spans_reach_the_collector_and_the_last_ones_at_the_end(tmp_path: Path, collector: Collector) -> None:
    server = served(tmp_path, collector.url)
    try:
        server.start()
        token = server.sign_up().json["token"]
        server.get(f"/api/auth/me?token={token}")
        assert server.stop() == 0
    finally:
        server.kill()
    assert set(collector.paths) == {"/v1/traces"}
    assert {"POST /api/auth/signup", "GET /api/auth/me", "hash password"} <= set(collector.span_names)
    assert collector.services == {"leadnator-auth"}
    assert token not in str(collector.requests)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_a_collector_that_is_away_holds_nobody_up(tmp_path: Path, options: tuple[str, ...]) -> None:
    server = served(tmp_path, f"http://{HOST}:{free_port()}", *options)
    try:
        server.start()
        assert server.sign_up().status == 200
        assert server.stop() == 0
    finally:
        server.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, workers: str) -> None:
    """As in an environment that does not have it."""
    script = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from leadnator_auth.entrypoints.cli import main\n"
        f"main(['serve', '--port', '{free_port()}', '--workers', '{workers}'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"LEADNATOR_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Error: {tracing.MISSING_EXTRA}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
        "OTEL_TRACES_SAMPLER",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    ],
)
def test_what_opentelemetry_does_not_take_is_one_line(tmp_path: Path, name: str) -> None:
    """Found out where it can be told, and not by each process that serves; what may be a collector's token is not."""
    settings = {"LEADNATOR_OTLP_ENDPOINT": "http://127.0.0.1:4318", name: "none such"}
    done = run("serve", "--workers", "2", "--port", str(free_port()), home=tmp_path, settings=settings)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert done.stderr.splitlines()[-1].startswith("Error: OpenTelemetry does not take what its variables (OTEL_...)")
    assert "HEADERS" not in name or "none such" not in done.stdout + done.stderr


def test_a_variable_that_needs_another_package_does_not_look_like_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own `requests` is optional."""
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "none-such")
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(StartError, match=r"^OpenTelemetry does not take what its variables"):
        tracing.tracing_to("http://127.0.0.1:4318")


def test_an_application_that_is_built_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = ("leadnator_auth.entrypoints.telemetry.tracing.", "opentelemetry.")
    for module in [name for name in sys.modules if name.startswith(loaded)]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(StartError, match=r"pip install 'leadnator-auth\[tracing\]'"):
        build_app(Settings(otlp_endpoint="http://127.0.0.1:4318"))
